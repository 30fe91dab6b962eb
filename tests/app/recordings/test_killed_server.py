"""The real server, killed in the middle of a call: what had been heard a second before is there."""

from __future__ import annotations

import signal
from pathlib import Path

import anyio
import httpx
import pytest

from app.auth.identity import Role
from app.bootstrap import prepare_model
from app.db import open_database
from app.demo.catalogue import demo_sound
from app.recordings.library import RecordingLibrary, StoredRecording
from app.sealing import open_record_keys
from app.settings import Settings
from app.simulate.native import CallSound, NativeTelephone
from tests.app.recordings.recorded import WAV_HEAD_BYTES
from tests.app.serving import ServerProcess

pytestmark = pytest.mark.model

KILLED_AT_MS = 6_000


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_model(Settings(data_dir=tmp_path_factory.mktemp("model"))).path


@pytest.fixture
def installation(tmp_path: Path, model_dir: Path) -> ServerProcess:
    recording = {"MIMAMORI_RECORDING__SECTIONS": "*", "MIMAMORI_RECORDING__RESERVE_MB": "0"}
    return ServerProcess(tmp_path, model_dir, recording)


async def left(installation: ServerProcess, call_id: str) -> StoredRecording:
    """Return the recording as it lies there, while nobody serves."""
    folder = installation.settings.data_dir
    async with open_database(installation.settings.async_database_url) as database:
        library = RecordingLibrary(database, open_record_keys(folder), folder / "recordings")
        stored = await library.find(call_id)
    assert stored is not None
    return stored


async def test_a_killed_server_loses_less_than_a_second_and_the_call_goes_on_in_its_recording(
    installation: ServerProcess,
) -> None:
    payload = demo_sound("fair_complaint")[: 16_000 * 20]
    over = anyio.Event()
    async with installation.serving() as first:
        phone = NativeTelephone(
            url=installation.stream_url,
            token=await installation.token(Role.STREAM),
            sound=CallSound(payload),
            call_id="c1",
        )
        sent_ms = 0

        def kill_in_the_middle(position_ms: int) -> None:
            nonlocal sent_ms
            if first.returncode is None and not sent_ms and position_ms >= KILLED_AT_MS:
                sent_ms = position_ms
                first.send_signal(signal.SIGKILL)

        phone.on_position = kill_in_the_middle

        async def play() -> None:
            await phone.play()
            over.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(play)
            await first.wait()
            crashed = await left(installation, "c1")
            async with installation.serving():
                await over.wait()
                supervisor = await installation.token(Role.SUPERVISOR)
                async with httpx.AsyncClient(
                    headers={"Authorization": f"Bearer {supervisor}"}
                ) as client:
                    answer = await client.get(f"{installation.url}/v1/calls/c1/recording.wav")

    assert crashed.duration_ms > sent_ms - 1_000
    assert crashed.carried(0, crashed.samples) == payload[: crashed.samples * 2]
    assert not crashed.complete
    assert answer.raise_for_status().content[WAV_HEAD_BYTES:] == payload
