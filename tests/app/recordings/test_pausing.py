"""Pausing and going on where several things happen at once: the press counts, and the record says the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import anyio
import pytest

from app.auth.identity import Identity, Role
from app.calls.endpoints import load_seen
from app.calls.facts import CallFacts
from app.calls.live_call import LiveCall
from app.calls.protocol import Track
from app.errors import Conflict
from app.events import Audience
from app.ledger import Entry, Ledger
from app.models import Call
from app.recordings.chunks import Kind
from app.recordings.intake import Intake
from app.recordings.live import LiveRecording
from app.recordings.pausing import pause, resume
from app.recordings.settings import RecordingSettings
from app.settings import Settings, StreamSettings
from asr.types import AudioFormat, Encoding
from tests.app.recordings.recorded import begin, facts_of_recording, fetched, noise, stop
from tests.app.recordings.test_live_recordings import SECOND, accepted, note, pressed
from tests.app.running import RunningServer, running_server, send
from tests.fakes_transcriber import ScriptedTranscriber

MULAW = AudioFormat(Encoding.MULAW, 8_000, 2)
SATO = Identity("sato", "佐藤", Role.OPERATOR, "市民課")
TANAKA = Identity("tanaka", "田中", Role.SUPERVISOR, "市民課")
FRAME = bytes(320)


class Writes:
    """A ledger that has as many writes as it is let through, or that is out of order."""

    def __init__(self, *, broken: bool = False) -> None:
        self.count = 0
        self.broken = broken
        self.gate = anyio.Event()

    async def write(self, _change: Callable[[Entry], Awaitable[None]]) -> None:
        await self.gate.wait()
        if self.broken:
            raise OSError("the database is away")
        self.count += 1


class OfACall:
    facts = CallFacts("c1", Audience("sato", "市民課"), (Track.CALLER, Track.OPERATOR), MULAW)


def recording_of_a_call() -> LiveRecording:
    return LiveRecording(cast("LiveCall", OfACall()), Intake(MULAW, 0))


def heard(recording: LiveRecording) -> list[Kind]:
    recording.intake.hear(FRAME)
    return [run.kind for run in recording.intake.take()]


async def test_who_presses_pause_while_somebody_goes_on_is_not_heard_for_a_moment() -> None:
    recording, writes, call = recording_of_a_call(), Writes(), Call(id="c1")
    ledger, kept = cast("Ledger", writes), list[Kind]()
    recording.intake.pause()
    recording.paused_by = "佐藤"

    async def go_on() -> None:
        await resume(ledger, recording, call, SATO)
        kept.extend(heard(recording))  # before anybody else has a turn

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(go_on)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(pause, ledger, recording, call, TANAKA)
        await anyio.wait_all_tasks_blocked()
        writes.gate.set()

    assert kept == [Kind.PAUSED]
    assert (writes.count, recording.paused_by) == (2, "田中")
    assert recording.intake.paused


async def test_a_pause_that_is_not_in_the_record_does_not_stand() -> None:
    recording, writes = recording_of_a_call(), Writes(broken=True)
    ledger = cast("Ledger", writes)
    told = list[str]()

    async def press(identity: Identity) -> None:
        try:
            await pause(ledger, recording, Call(id="c1"), identity)
        except OSError:
            told.append(f"{identity.login} {recording.intake.paused}")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(press, SATO)
        tasks.start_soon(press, TANAKA)
        await anyio.wait_all_tasks_blocked()
        writes.gate.set()

    assert told == ["sato True", "tanaka False"]  # the second press still waited at the first
    assert heard(recording) == [Kind.SOUND]


async def test_two_who_press_pause_leave_one_note() -> None:
    recording, writes = recording_of_a_call(), Writes()
    ledger = cast("Ledger", writes)

    async with anyio.create_task_group() as tasks:
        for identity in (SATO, TANAKA):
            tasks.start_soon(pause, ledger, recording, Call(id="c1"), identity)
        await anyio.wait_all_tasks_blocked()
        writes.gate.set()

    assert (writes.count, recording.paused_by) == (1, "佐藤")


@pytest.mark.parametrize("change", [pause, resume])
async def test_a_press_that_meets_the_end_of_the_call_is_refused_and_leaves_no_note(
    server: RunningServer, change: Callable[..., Awaitable[None]]
) -> None:
    async with server.stream() as stream:
        await begin(stream, call_id="c1")
        await send(stream, noise(SECOND))
        call = await load_seen(server.services, TANAKA, "c1")
        recording = server.services.recording_desk.find("c1")
        assert recording is not None
        recording.paused_by = "佐藤" if change is resume else None
        await stop(stream)

    with pytest.raises(Conflict) as refused:
        await change(server.services.ledger, recording, call, TANAKA)

    assert refused.value.code == "call_ended"
    assert (await fetched(server, "/v1/calls/c1")).json()["notes"] == []


async def test_a_call_that_waits_for_its_telephone_is_not_said_to_be_unrecorded(
    settings: Settings,
) -> None:
    async with running_server(settings, ScriptedTranscriber()) as first, first.stream() as stream:
        await begin(stream, call_id="c1", operator="sato")
        await send(stream, noise(SECOND))
        await accepted(first, SECOND // 2)
    async with running_server(settings, ScriptedTranscriber()) as second:
        waits = await facts_of_recording(second, "c1")
        refused = await pressed(second, "POST", Role.SUPERVISOR)

    assert (waits["standing"], waits["may_pause"]) == ("recording", True)
    assert (refused["status"], refused["code"]) == (409, "recording_waits")


async def test_a_call_that_was_paused_waits_for_its_telephone_paused(settings: Settings) -> None:
    async with running_server(settings, ScriptedTranscriber()) as first, first.stream() as stream:
        await begin(stream, call_id="c1", operator="sato")
        await pressed(first, "POST", Role.SUPERVISOR)
    async with running_server(settings, ScriptedTranscriber()) as second:
        waits = await facts_of_recording(second, "c1")

    assert (waits["standing"], waits["paused_by"]) == ("paused", "sato")


async def test_a_pause_outlives_its_server_also_where_there_was_no_room_to_record(
    settings: Settings,
) -> None:
    def with_reserve(reserve_mb: int) -> Settings:
        recording = RecordingSettings(sections="*", reserve_mb=reserve_mb)
        return settings.model_copy(update={"recording": recording})

    payload = noise(2 * SECOND)
    async with running_server(with_reserve(10**9), ScriptedTranscriber()) as first:
        token, watcher = first.stream_token, await first.token(Role.SUPERVISOR)
        async with first.stream() as stream, first.screen(watcher, "?call_id=c1") as screen:
            await begin(stream, call_id="c1", operator="sato")
            await send(stream, payload[:SECOND])
            await note(screen, "recording_failed")
            await pressed(first, "POST", Role.SUPERVISOR)
    async with running_server(with_reserve(0), ScriptedTranscriber()) as second:
        async with second.stream(token) as stream:
            started: dict[str, Any] = await begin(stream, call_id="c1", resume=True)
            await send(stream, payload[started["position_samples"] * 2 :])
            await stop(stream)
        facts = await facts_of_recording(second, "c1")

    assert facts["standing"] == "kept"
    assert "sound" not in [one["kind"] for one in facts["stretches"]]


async def test_a_folder_that_cannot_be_looked_at_is_a_recording_that_is_lost(
    settings: Settings,
) -> None:
    nowhere = RecordingSettings(sections="*", reserve_mb=0, folder=settings.data_dir / ("x" * 300))
    unusable = settings.model_copy(update={"recording": nowhere})
    async with running_server(unusable, ScriptedTranscriber()) as server:
        watcher = await server.token(Role.SUPERVISOR)
        async with server.stream() as stream, server.screen(watcher, "?call_id=c1") as screen:
            await begin(stream, call_id="c1")
            await send(stream, noise(SECOND))
            failed = await note(screen, "recording_failed")
            await stop(stream)
        facts = await facts_of_recording(server, "c1")

    assert failed["reason"] == "cannot_write"
    assert facts["stretches"] == [{"start_ms": 0, "end_ms": 1_000, "kind": "lost"}]


async def test_what_was_cut_off_a_recording_that_a_crash_left_is_shown_as_lost(
    settings: Settings,
) -> None:
    at_once = settings.model_copy(update={"stream": StreamSettings(resume_seconds=0)})
    async with running_server(settings, ScriptedTranscriber()) as first, first.stream() as stream:
        await begin(stream, call_id="c1")
        await send(stream, noise(4 * SECOND))
        await accepted(first, 2 * SECOND)
    (file,) = (settings.data_dir / "recordings").iterdir()
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.truncate(size - 2 * SECOND)
    async with running_server(at_once, ScriptedTranscriber()) as second:
        with anyio.fail_after(10):
            while not (facts := await facts_of_recording(second, "c1"))["complete"]:  # noqa: ASYNC110 - the server does it by itself
                await anyio.sleep(0.05)

    assert [one["kind"] for one in facts["stretches"]] == ["sound", "lost"]
    assert facts["duration_ms"] >= 3_900
