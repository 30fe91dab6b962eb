"""A marked name said in a real call, recorded and indexed: after ``mimamori purge`` no byte of it is on the disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import anyio.to_thread
from sqlalchemy import text

from app.auth.identity import Role
from app.callers.models import CallMatter
from app.recordings.settings import RecordingSettings
from app.settings import Settings
from tests.app.retention.test_purging import files_with
from tests.app.running import hear, hear_until, running_server, say, send
from tests.app.sounds import call_bytes, sentences
from tests.fakes_transcriber import ScriptedTranscriber

NAME = "蛇ノ目坂"
SAID = f"{NAME}と申しますけど、お前、馬鹿か。この税金泥棒が。"
ROOT = Path(__file__).parents[3]


def purge(data_dir: Path) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli.main", "purge", "--yes", "--json"],
        cwd=ROOT,
        env=os.environ
        | {"MIMAMORI_DATA_DIR": str(data_dir), "MIMAMORI_RETENTION__PRESET": "30days"},
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


async def test_of_a_marked_call_nothing_is_left_on_the_disk(
    settings: Settings, tmp_path: Path
) -> None:
    recorded = settings.model_copy(update={"recording": RecordingSettings(sections="*")})
    async with running_server(recorded, ScriptedTranscriber(SAID, SAID)) as server:
        async with server.stream() as stream:
            await say(stream, {"type": "start", "operator": "sato", "from": "011-000-1234"})
            call_id = (await hear(stream))["call_id"]
            await send(stream, call_bytes(sentences(2)), frame_bytes=3_200)
            await say(stream, {"type": "stop", "reason": "hangup"})
            await hear_until(stream, "stopped")
        async with server.services.database.transaction() as session:
            now = server.services.clock.now()
            session.add(
                CallMatter(call_id=call_id, matter=NAME, answer=NAME, by_login="sato", at=now)
            )
        async with server.client(await server.token(Role.AUDITOR, "")) as client:
            seen = await client.get(f"/v1/calls/{call_id}")
        sounds = list((tmp_path / "recordings").iterdir())
        async with server.services.database.transaction() as session:
            await session.execute(
                text("UPDATE calls SET ended_at = :past"),
                {"past": (now - timedelta(days=400)).isoformat(" ")},
            )
    before = files_with(tmp_path, NAME)

    code, told = await anyio.to_thread.run_sync(purge, tmp_path)

    assert seen.status_code == 200
    assert "mimamori.db" in before
    assert len(sounds) == 1
    assert code == 0, told
    assert [(run["calls"], run["proved"]) for run in told["runs"]] == [(1, True)]  # type: ignore[attr-defined]
    assert files_with(tmp_path, NAME) == []
    assert list((tmp_path / "recordings").iterdir()) == []
