"""Keys that change, keys that are lost, and what the commands say of it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import anyio
import pytest

from app.recordings.models import Recording
from app.recordings.upkeep import check_recordings, reseal_keys
from app.sealing import RecordKeys
from app.settings import Settings
from tests.app.recordings.recorded import facts_of_recording, fetched, noise, sound_of, whole_call
from tests.app.running import RunningServer, running_server
from tests.fakes_transcriber import ScriptedTranscriber

PAYLOAD = noise(16_000)


@pytest.fixture
def office(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings, for commands too."""
    monkeypatch.setenv("MIMAMORI_DATA_DIR", str(settings.data_dir))
    return settings


async def recorded(settings: Settings, *call_ids: str) -> None:
    async with running_server(settings, ScriptedTranscriber()) as server:
        for call_id in call_ids:
            await whole_call(server, PAYLOAD, call_id=call_id)
            await facts_of_recording(server, call_id)


async def commanded(*words: str, code: int = 0) -> Any:
    command = [sys.executable, "-m", "app.cli.main", "recordings", *words, "--json"]
    result = await anyio.run_process(command, check=False, stderr=subprocess.PIPE)
    assert result.returncode == code, result.stderr.decode()
    return json.loads(result.stdout)


async def heard(settings: Settings, call_id: str) -> bytes:
    async with running_server(settings, ScriptedTranscriber()) as server:
        return await sound_of(server, call_id)


async def key_ids(server: RunningServer, *call_ids: str) -> list[str]:
    async with server.services.database.transaction() as session:
        rows = [await session.get(Recording, call_id) for call_id in call_ids]
    return [row.key_id for row in rows if row is not None]


async def test_a_new_key_seals_all_recordings_and_the_old_one_may_go(office: Settings) -> None:
    await recorded(office, "c1", "c2")
    files = {file: file.read_bytes() for file in (office.data_dir / "recordings").iterdir()}

    added = await commanded("new-key")
    resealed = await commanded("reseal")
    again = await commanded("reseal")
    keys_file = office.data_dir / "record_keys"
    keys_file.write_text(keys_file.read_text().splitlines()[0] + "\n")

    assert (resealed["resealed"], resealed["already"], resealed["unopened"]) == (2, 0, [])
    assert (again["resealed"], again["already"]) == (0, 2)
    assert keys_file.stat().st_mode & 0o777 == 0o600
    assert {file: file.read_bytes() for file in files} == files  # the sound was not touched
    async with running_server(office, ScriptedTranscriber()) as server:
        assert await sound_of(server, "c1") == PAYLOAD
        assert await key_ids(server, "c1", "c2") == [added["key_id"]] * 2


async def test_a_recording_without_its_key_is_refused_and_the_others_are_heard(
    office: Settings,
) -> None:
    await recorded(office, "c1")
    (office.data_dir / "record_keys").unlink()

    async with running_server(office, ScriptedTranscriber()) as server:
        await whole_call(server, PAYLOAD, call_id="c2")
        refused = await fetched(server, "/v1/calls/c1/recording.wav")
        other = await sound_of(server, "c2")

    assert (refused.status_code, refused.json()["code"]) == (503, "recording_key_missing")
    assert "record_keys" in refused.json()["message"]
    assert other == PAYLOAD


async def test_sealing_anew_leaves_what_no_key_opens_and_names_it(office: Settings) -> None:
    await recorded(office, "c1", "c2")
    async with running_server(office, ScriptedTranscriber()) as server:
        keys = server.services.record_keys
        stranger = RecordKeys({"0" * 16: bytes(32)})
        async with server.services.database.transaction() as session:
            row = await session.get(Recording, "c2")
            assert row is not None
            row.key_id = stranger.key_id
        newer = RecordKeys({"f" * 16: bytes(range(32)), **keys.keys})
        steps: list[tuple[int, int]] = []

        resealed = await reseal_keys(
            server.services.database, newer, lambda *step: steps.append(step)
        )

        assert await key_ids(server, "c1", "c2") == ["f" * 16, "0" * 16]
    assert (resealed.done, resealed.unopened) == (1, ("c2",))
    assert steps == [(2, 2)]


async def test_the_check_reads_every_recording_and_names_what_does_not_open(
    office: Settings,
) -> None:
    await recorded(office, "c1", "c2", "c3")
    folder = office.data_dir / "recordings"
    stored = {file: file.read_bytes() for file in folder.iterdir()}
    changed, missing, _ = sorted(stored)
    changed.write_bytes(stored[changed][:-30] + bytes(30))
    missing.unlink()
    (folder / "left over").write_bytes(b"")

    checked = await commanded("check", code=1)

    assert (checked["whole"], checked["unfinished"], checked["strays"]) == (1, 0, 1)
    assert [one["code"] for one in checked["troubles"]] == ["recording_damaged"] * 2


async def test_the_check_of_sound_recordings_ends_well(office: Settings) -> None:
    await recorded(office, "c1")

    checked = await commanded("check")

    assert checked == {"whole": 1, "unfinished": 0, "troubles": [], "strays": 0}


async def test_a_recording_that_begins_while_they_are_checked_is_no_stray(office: Settings) -> None:
    await recorded(office, "c1")
    folder = office.data_dir / "recordings"
    async with running_server(office, ScriptedTranscriber()) as server:
        checked = await check_recordings(
            server.services.recordings, lambda _done, _all: (folder / "begun").touch()
        )

    assert (checked.whole, checked.strays) == (1, 0)
