"""A live call's recording: paused, without room, taken up again; the call itself never notices."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import select
from websockets.asyncio.client import ClientConnection

from app.auth.identity import Role
from app.recordings.settings import RecordingSettings
from app.settings import Settings, StreamSettings
from app.trail.models import TrailRow
from tests.app.recordings.recorded import (
    begin,
    facts_of_recording,
    fetched,
    noise,
    sound_of,
    stop,
    whole_call,
)
from tests.app.running import RunningServer, hear, in_own_task, running_server, send
from tests.fakes_transcriber import ScriptedTranscriber

SECOND = 16_000
"""Bytes of a second of two tracks."""
PAUSE = "/v1/calls/c1/recording/pause"


async def pressed(server: RunningServer, method: str, role: Role = Role.OPERATOR) -> dict[str, Any]:
    """Press as the operator named like the token, who is the call's."""
    async with server.client(await server.token(role, name="sato")) as client:
        answer = await client.request(method, PAUSE)
    return {"status": answer.status_code, **answer.json()}


async def accepted(server: RunningServer, samples: int) -> None:
    """Wait until the call has accepted so much."""
    with anyio.fail_after(10):
        while True:
            call = server.services.registry.find("c1")
            if call is not None and call.position_samples >= samples:
                return
            await anyio.sleep(0.01)  # a socket in between: nothing says when


async def written(server: RunningServer, samples: int) -> None:
    """Wait until so much lies on the disk."""
    with anyio.fail_after(10):
        while True:
            recording = server.services.recording_desk.find("c1")
            tape = recording.tape if recording is not None else None
            if tape is not None and tape.position >= samples:
                return
            await anyio.sleep(0.02)  # written beside: nothing says when


async def note(screen: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        event = await hear(screen)
        if event["data"].get("kind") == kind:
            data: dict[str, Any] = event["data"]
            return data


async def test_what_is_said_while_the_recording_is_paused_is_nowhere(server: RunningServer) -> None:
    payload = noise(3 * SECOND)
    async with server.stream() as stream:
        await begin(stream, call_id="c1", operator="sato")
        await send(stream, payload[:SECOND])
        await accepted(server, SECOND // 2)
        paused = await pressed(server, "POST", Role.SUPERVISOR)
        await send(stream, payload[SECOND : 2 * SECOND])
        await accepted(server, SECOND)
        resumed = await pressed(server, "DELETE", Role.SUPERVISOR)
        await send(stream, payload[2 * SECOND :])
        await stop(stream)

    assert (paused["status"], paused["standing"], paused["paused_by"]) == (200, "paused", "sato")
    assert (resumed["status"], resumed["standing"]) == (200, "recording")
    heard = await sound_of(server, "c1")
    quiet = b"\xff" * SECOND
    assert heard == payload[:SECOND] + quiet + payload[2 * SECOND :]
    facts = await facts_of_recording(server, "c1")
    assert facts["stretches"] == [
        {"start_ms": 0, "end_ms": 1_000, "kind": "sound"},
        {"start_ms": 1_000, "end_ms": 2_000, "kind": "paused"},
        {"start_ms": 2_000, "end_ms": 3_000, "kind": "sound"},
    ]


async def test_who_pauses_is_told_to_the_screens_and_stands_in_the_record(
    server: RunningServer,
) -> None:
    watcher = await server.token(Role.SUPERVISOR)
    async with server.stream() as stream, server.screen(watcher, "?call_id=c1") as screen:
        await begin(stream, call_id="c1", operator="sato")
        await pressed(server, "POST", Role.SUPERVISOR)
        await pressed(server, "POST", Role.SUPERVISOR)
        told = await note(screen, "recording_paused")
        await pressed(server, "DELETE", Role.SUPERVISOR)
        await note(screen, "recording_resumed")
        await stop(stream)

    assert (told["by"], told["display_name"]) == ("token:sato", "sato")
    record = await fetched(server, "/v1/calls/c1")
    kinds = [one["kind"] for one in record.json()["notes"]]
    assert kinds == ["recording_paused", "recording_resumed"]
    async with server.services.database.transaction() as session:
        deeds = select(TrailRow.kind).where(TrailRow.kind.startswith("call.recording"))
        trail = (await session.scalars(deeds.order_by(TrailRow.number))).all()
    assert trail == ["call.recording_paused", "call.recording_resumed"]


async def test_a_call_that_has_ended_cannot_be_paused(server: RunningServer) -> None:
    await whole_call(server, noise(SECOND), call_id="c1")

    refused = await pressed(server, "POST", Role.SUPERVISOR)

    assert (refused["status"], refused["code"]) == (409, "call_ended")


async def test_a_call_that_lost_its_socket_goes_on_in_the_same_recording(
    server: RunningServer,
) -> None:
    payload = noise(3 * SECOND)
    async with server.stream() as stream:
        await begin(stream, call_id="c1")
        await send(stream, payload[: SECOND + 320])
        await accepted(server, SECOND // 2 + 160)
    async with server.stream() as stream:
        started = await begin(stream, call_id="c1", resume=True)
        await send(stream, payload[started["position_samples"] * 2 :])
        await stop(stream)

    assert await sound_of(server, "c1") == payload


async def test_a_call_that_outlives_its_server_goes_on_in_the_same_recording(
    settings: Settings,
) -> None:
    payload = noise(4 * SECOND + 640)
    async with running_server(settings, ScriptedTranscriber()) as first:
        token = first.stream_token
        async with first.stream() as stream:
            await begin(stream, call_id="c1")
            await send(stream, payload[: 2 * SECOND + 320])
            await accepted(first, SECOND + 160)
            await pressed(first, "POST", Role.SUPERVISOR)
            await send(stream, payload[2 * SECOND + 320 : 3 * SECOND])
            await accepted(first, SECOND + SECOND // 2)
    async with running_server(settings, ScriptedTranscriber()) as second:
        async with second.stream(token) as stream:
            started = await begin(stream, call_id="c1", resume=True)
            await send(stream, payload[started["position_samples"] * 2 : 4 * SECOND])
            await accepted(second, 2 * SECOND)
            standing = (await facts_of_recording(second, "c1"))["standing"]
            await pressed(second, "DELETE", Role.SUPERVISOR)
            await send(stream, payload[4 * SECOND :])
            await stop(stream)
        heard = await sound_of(second, "c1")
        facts = await facts_of_recording(second, "c1")

    assert started["position_samples"] * 2 < 3 * SECOND  # it was sent again, and is there once
    assert standing == "paused"
    kept, quiet = payload[: 2 * SECOND + 320], b"\xff" * (2 * SECOND - 320)
    assert heard == kept + quiet + payload[4 * SECOND :]
    assert facts["complete"]


async def test_a_recording_that_a_dead_process_left_is_finished_when_its_call_is(
    settings: Settings,
) -> None:
    payload = noise(2 * SECOND)
    at_once = settings.model_copy(update={"stream": StreamSettings(resume_seconds=0)})
    async with running_server(settings, ScriptedTranscriber()) as first, first.stream() as stream:
        await begin(stream, call_id="c1")
        await send(stream, payload)
        await accepted(first, SECOND)
    async with running_server(at_once, ScriptedTranscriber()) as second:
        with anyio.fail_after(10):
            while not (await facts_of_recording(second, "c1"))["complete"]:  # noqa: ASYNC110 - the server does it by itself
                await anyio.sleep(0.05)
        heard = await sound_of(second, "c1")

    assert heard == payload


class TestSections:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        some = RecordingSettings(sections="税務課, 保険課", reserve_mb=0)
        return settings.model_copy(update={"recording": some})

    async def test_a_section_that_is_not_named_is_not_recorded_and_says_so(
        self, server: RunningServer, settings: Settings
    ) -> None:
        async with server.stream() as stream:
            await begin(stream, call_id="c1", operator="sato")
            await send(stream, noise(SECOND))
            live = await facts_of_recording(server, "c1")
            refused = await pressed(server, "POST", Role.SUPERVISOR)
            await stop(stream)

        assert live["standing"] == "off"
        assert not live["may_pause"]
        assert (refused["status"], refused["code"]) == (409, "not_recorded")
        assert (await facts_of_recording(server, "c1"))["standing"] == "off"
        wav = await fetched(server, "/v1/calls/c1/recording.wav")
        assert (wav.status_code, wav.json()["code"]) == (404, "recording_unknown")
        assert not (settings.data_dir / "recordings").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB, where this account may make one."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this account may not mount a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


class TestWithoutRoom:
    @pytest.fixture
    async def server(
        self, settings: Settings, small_disk: Path, transcriber: ScriptedTranscriber
    ) -> AsyncIterator[RunningServer]:
        there = RecordingSettings(sections="*", reserve_mb=0, folder=small_disk / "recordings")
        small = settings.model_copy(update={"recording": there})
        async with in_own_task(running_server(small, transcriber)) as running:
            running.services.recording_desk._retry_ms = 100
            yield running

    async def test_a_full_disk_is_said_and_the_call_goes_on_and_is_recorded_again_with_room(
        self, server: RunningServer, small_disk: Path
    ) -> None:
        payload = noise(6 * SECOND)
        filler = small_disk / "others"
        watcher = await server.token(Role.SUPERVISOR)
        async with server.stream() as stream, server.screen(watcher, "?call_id=c1") as screen:
            await begin(stream, call_id="c1")
            await send(stream, payload[: 2 * SECOND])
            await written(server, SECOND)
            with filler.open("wb", buffering=0) as others, suppress(OSError):
                while others.write(bytes(512)):
                    pass
            await send(stream, payload[2 * SECOND : 4 * SECOND])
            failed = await note(screen, "recording_failed")
            standing = await facts_of_recording(server, "c1")
            filler.unlink()
            restored = await note(screen, "recording_restored")
            await send(stream, payload[4 * SECOND :])
            stopped = await stop(stream)

        assert stopped == {"type": "stopped", "position_samples": 3 * SECOND}
        assert failed["reason"] == "disk_full"
        assert (standing["standing"], standing["reason"]) == ("failed", "disk_full")
        assert restored["at_ms"] >= failed["at_ms"]
        facts = await facts_of_recording(server, "c1")
        heard = await sound_of(server, "c1")
        lost = [one for one in facts["stretches"] if one["kind"] == "lost"]
        assert facts["complete"]
        assert len(lost) == 1
        begin_at, end_at = lost[0]["start_ms"] * 16, lost[0]["end_ms"] * 16
        assert 2 * SECOND <= begin_at < end_at <= 4 * SECOND
        assert heard == payload[:begin_at] + b"\xff" * (end_at - begin_at) + payload[end_at:]

    async def test_what_is_left_for_the_database_is_not_touched(
        self, server: RunningServer, small_disk: Path
    ) -> None:
        await whole_call(server, noise(SECOND), call_id="c1")
        await facts_of_recording(server, "c1")
        reserve = server.services.recording_desk._settings.model_copy(update={"reserve_mb": 1})
        server.services.recording_desk._settings = reserve
        watcher = await server.token(Role.SUPERVISOR)

        async with server.stream() as stream, server.screen(watcher, "?call_id=c2") as screen:
            await begin(stream, call_id="c2")
            await send(stream, noise(SECOND))
            failed = await note(screen, "recording_failed")
            await stop(stream)

        assert failed["reason"] == "disk_full"
        facts = await facts_of_recording(server, "c2")
        assert facts["stretches"] == [{"start_ms": 0, "end_ms": 1_000, "kind": "lost"}]
        assert await sound_of(server, "c2") == b"\xff" * SECOND
        assert await server.services.recordings.delete("c2") == 0
        assert (await facts_of_recording(server, "c2"))["standing"] == "off"
        assert len(list((small_disk / "recordings").iterdir())) == 1
