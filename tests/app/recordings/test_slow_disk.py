"""A disk that hangs: the screens are told, the call goes on, and what waited is written in the end."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import cast

from app.auth.identity import Role
from app.recordings.chunks import Run
from app.recordings.tape import Tape
from tests.app.recordings.recorded import begin, facts_of_recording, noise, sound_of, stop
from tests.app.recordings.test_live_recordings import SECOND, accepted, note, written
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


async def test_a_disk_that_is_back_after_more_than_a_minute_loses_nothing_more(
    server: RunningServer,
) -> None:
    minute, gate = noise(66 * SECOND), threading.Event()
    watcher = await server.token(Role.SUPERVISOR)
    async with server.stream() as stream, server.screen(watcher, "?call_id=c1") as screen:
        await begin(stream, call_id="c1")
        await send(stream, minute[:SECOND])
        await written(server, SECOND // 2)
        recording = server.services.recording_desk.find("c1")
        assert recording is not None
        tape = recording.tape
        assert tape is not None
        recording.tape = cast("Tape", HangingTape(tape, gate))
        await send(stream, minute[SECOND : 2 * SECOND])
        await note(screen, "recording_failed")
        await send(stream, minute[2 * SECOND : 65 * SECOND])
        await accepted(server, 65 * SECOND // 2)
        recording.tape = tape
        gate.set()
        await written(server, 65 * SECOND // 2)
        await send(stream, minute[65 * SECOND :])
        await written(server, 66 * SECOND // 2)
        await stop(stream)

    facts = await facts_of_recording(server, "c1")
    kinds = [one["kind"] for one in facts["stretches"]]
    assert kinds == ["sound", "lost", "sound"]
    assert (await sound_of(server, "c1")).endswith(minute[65 * SECOND :])
