"""A disk that hangs: the screens are told, the call goes on, and what waited is written in the end."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import cast

from app.auth.identity import Role
from app.recordings.chunks import Run
from app.recordings.tape import Tape
from tests.app.recordings.recorded import begin, noise, sound_of, stop
from tests.app.recordings.test_live_recordings import SECOND, note, written
from tests.app.running import RunningServer, send


class HangingTape:
    """A tape whose disk answers nothing until the gate opens."""

    def __init__(self, tape: Tape, gate: threading.Event) -> None:
        self._tape = tape
        self._gate = gate

    def append(self, runs: Iterable[Run]) -> None:
        self._gate.wait(timeout=30)
        self._tape.append(runs)


async def test_a_disk_that_hangs_is_said_and_loses_nothing_of_a_minute(
    server: RunningServer,
) -> None:
    payload, gate = noise(4 * SECOND), threading.Event()
    watcher = await server.token(Role.SUPERVISOR)
    async with server.stream() as stream, server.screen(watcher, "?call_id=c1") as screen:
        await begin(stream, call_id="c1")
        await send(stream, payload[:SECOND])
        await written(server, SECOND // 2)
        recording = server.services.recording_desk.find("c1")
        assert recording is not None
        tape = recording.tape
        assert tape is not None
        recording.tape = cast("Tape", HangingTape(tape, gate))
        await send(stream, payload[SECOND : 2 * SECOND])
        failed = await note(screen, "recording_failed")
        await send(stream, payload[2 * SECOND : 3 * SECOND])
        recording.tape = tape
        gate.set()
        await note(screen, "recording_restored")
        await send(stream, payload[3 * SECOND :])
        stopped = await stop(stream)

    assert failed["reason"] == "too_slow"
    assert stopped["position_samples"] == 2 * SECOND
    assert await sound_of(server, "c1") == payload
