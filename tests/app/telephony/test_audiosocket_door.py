"""AudioSocket through its port: two connections for one call, ends, lost lines, and garbage."""

from __future__ import annotations

import logging
import socket
import struct
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import anyio
import pytest
from anyio.abc import SocketStream
from structlog.testing import capture_logs

from app.auth.identity import Role
from app.settings import Settings
from app.simulate.audiosocket import AudioSocketExchange, pair_uuid
from app.simulate.exchange import SimulatedCall
from app.simulate.native import CallSound
from app.telephony.audiosocket import CALL_UUID, DIGIT, END, ERROR, SLIN, framed
from app.telephony.audiosocket_tcp import listening
from app.telephony.messages import call_name
from asr.codec import decode, encode
from asr.types import Encoding
from tests.app.running import ANSWER_SECONDS, RunningServer, running_server
from tests.app.serving import free_port
from tests.app.sounds import call_bytes
from tests.app.telephony.doors import (
    SENTENCE,
    caller_first,
    gaps_of,
    operator_second,
    record_of,
    recorded,
    revoke,
    tell,
    tracks_of,
    until,
    until_heard,
    with_stream,
    with_telephony,
    words,
)

SOUND = encode(Encoding.PCM_S16LE, decode(Encoding.MULAW, SENTENCE))
SENTENCE_MS = len(SENTENCE) // 8
NAMED = uuid.UUID("6f1c2a34-0000-4000-8000-000000000001")
CALL = call_name("audiosocket", str(NAMED))


@asynccontextmanager
async def listening_server(
    settings: Settings, **audiosocket: Any
) -> AsyncIterator[tuple[RunningServer, int]]:
    """Open the door beside a server, at whichever port is free in that very moment."""
    with_door = with_telephony(settings, audiosocket={"listen": "127.0.0.1:0"} | audiosocket)
    async with (
        running_server(settings, words()) as server,
        listening(replace(server.services, settings=with_door)) as port,
    ):
        assert port is not None
        yield server, port


@asynccontextmanager
async def connection(port: int, named: uuid.UUID | None = NAMED) -> AsyncIterator[SocketStream]:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        if named is not None:
            await stream.send(framed(CALL_UUID, named.bytes))
        yield stream


async def speak(stream: SocketStream, payload: bytes = SOUND) -> None:
    for begin in range(0, len(payload), 1_600):
        await stream.send(framed(SLIN, payload[begin : begin + 1_600]))


async def closed(stream: SocketStream) -> bool:
    """Say whether the server closes the connection, having sent nothing."""
    with anyio.fail_after(ANSWER_SECONDS):
        try:
            await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return True
    return False


def break_off(stream: SocketStream) -> None:
    """Lose the connection: the other end is told by a reset alone."""
    raw = stream.extra(anyio.abc.SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def test_a_call_of_two_connections_is_one_record(settings: Settings) -> None:
    port = free_port()
    with_door = with_telephony(settings, audiosocket={"listen": f"127.0.0.1:{port}"})
    async with running_server(with_door, words()) as server:
        call = SimulatedCall(
            url=f"127.0.0.1:{port}",
            sound=CallSound(call_bytes(caller_first(), operator_second())),
            call_id="1712345678.42",
            speed=6.0,
        )
        await AudioSocketExchange(call).play()
        name = call_name("audiosocket", str(pair_uuid(call.call_id, "caller", plays=False)))
        record = await record_of(server, name)
        names = await recorded(server)

    assert names == [name]
    assert tracks_of(record) == ["caller", "operator"]
    assert record["gaps"] == []
    assert record["call"]["end_reason"] == "hangup"


async def test_its_calls_belong_to_the_section_that_was_set_and_are_told_of_by_the_whole_office(
    settings: Settings,
) -> None:
    async with listening_server(settings, section="福祉課") as (server, port):
        everywhere = await server.token(Role.STREAM, section="", name="cti")
        async with connection(port) as stream:
            await speak(stream)
            await until_heard(server, CALL, SENTENCE_MS)
            told = [
                await tell(server, "held", str(NAMED), token=token, door="audiosocket")
                for token in (server.stream_token, everywhere)
            ]
            await stream.send(framed(END))
        record = await record_of(server, CALL)

    assert told == [404, 204]
    assert record["call"]["section"] == "福祉課"


async def test_the_first_two_connections_of_all_may_come_at_the_same_moment(
    settings: Settings,
) -> None:
    async def bring(port: int, role: str) -> None:
        async with connection(port, pair_uuid("c1", role, plays=False)) as stream:
            await speak(stream)
            await stream.send(framed(END))
            await closed(stream)

    async with listening_server(settings) as (server, port):
        async with anyio.create_task_group() as legs:
            for role in ("caller", "operator"):
                legs.start_soon(bring, port, role)
        (name,) = await recorded(server)
        record = await record_of(server, name)

    assert sorted(tracks_of(record)) == ["caller", "operator"]


GARBAGE = [
    framed(SLIN, SOUND[:320]),
    framed(CALL_UUID, b"0901234"),
    framed(CALL_UUID, NAMED.bytes) * 2,
    framed(CALL_UUID, NAMED.bytes) + framed(SLIN, b"\0" * 321),
    framed(CALL_UUID, NAMED.bytes) + framed(0x13, b"\0" * 320),
    framed(CALL_UUID, uuid.UUID("6f1c2a34-0000-8000-8000-00000000000f").bytes),
    b"GET / HTTP/1.1\r\nHost: 0901234\r\n\r\n" + framed(SLIN, SOUND[:320]) * 300,
]


async def test_garbage_closes_its_own_connection_only(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    healthy_uuid = pair_uuid("c1", "caller", plays=False)
    was_closed = []
    async with listening_server(settings) as (server, port):
        with caplog.at_level(logging.WARNING), capture_logs() as written:
            async with connection(port, healthy_uuid) as healthy:
                await speak(healthy, SOUND[: len(SOUND) // 2])
                for garbage in GARBAGE:
                    async with connection(port, None) as stream:
                        with suppress(anyio.BrokenResourceError):
                            await stream.send(garbage)
                        was_closed.append(await closed(stream))
                await speak(healthy, SOUND[len(SOUND) // 2 :])
                await healthy.send(framed(END))
                await closed(healthy)
            record = await record_of(server, call_name("audiosocket", str(healthy_uuid)))

    assert was_closed == [True] * len(GARBAGE)
    assert set(tracks_of(record)) == {"caller"}  # in two parts where the garbage took long
    assert "0901234" not in str(written)
    assert caplog.text == ""
    assert [each for each in written if each["log_level"] == "error"] == []
    of_the_door = [
        each for each in written if "noted" not in each
    ]  # what judges is noted meanwhile
    for entry in of_the_door:
        assert set(entry) <= {"door", "refusal", "noticed", "event", "log_level"}


async def test_a_connection_that_breaks_off_and_one_that_comes_back_are_one_call(
    settings: Settings,
) -> None:
    async with listening_server(settings) as (server, port):
        async with connection(port) as stream:
            await speak(stream)
            await until_heard(server, CALL, SENTENCE_MS)
            break_off(stream)
        async with connection(port) as stream:
            await speak(stream)
            await stream.send(framed(END))
            await closed(stream)
        record = await record_of(server, CALL)
        names = await recorded(server)

    assert names == [CALL]
    assert tracks_of(record) == ["caller", "caller"]
    assert record["call"]["duration_ms"] >= 2 * SENTENCE_MS
    assert len(gaps_of(record, "line")) <= 1


async def test_a_call_ends_as_its_exchange_says(settings: Settings) -> None:
    ends = [
        (framed(END), "hangup"),
        (framed(ERROR, b"\x01"), "hangup"),
        (framed(ERROR, b"\x02"), "error"),
        (b"", "hangup"),
    ]
    async with listening_server(settings) as (server, port):
        for end, reason in ends:
            named = uuid.uuid4()
            async with connection(port, named) as stream:
                await speak(stream)
                if end:
                    await stream.send(end)
            record = await record_of(server, call_name("audiosocket", str(named)))

            assert record["call"]["end_reason"] == reason
            assert tracks_of(record) == ["caller"]


async def test_a_connection_that_never_brings_sound_is_closed_however_busy_it_is(
    settings: Settings,
) -> None:
    async def chatter(stream: SocketStream) -> None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            while True:
                await stream.send(framed(DIGIT, b"1"))
                await anyio.lowlevel.checkpoint()

    impatient = with_stream(settings, start_timeout_seconds=0.2)
    async with (
        listening_server(impatient) as (_server, port),
        connection(port) as stream,
        anyio.create_task_group() as beside,
    ):
        beside.start_soon(chatter, stream)
        was_closed = await closed(stream)
        beside.cancel_scope.cancel()

    assert was_closed


async def test_what_is_odd_is_logged_once_a_connection(settings: Settings) -> None:
    async with listening_server(settings) as (server, port):
        with capture_logs() as written:
            async with connection(port) as stream:
                await stream.send(framed(0x42, b"0901234") * 50)
                await speak(stream)
                await until(lambda: bool(server.services.registry.live_calls))
        noticed = [each for each in written if each.get("noticed") == "unknown_frame"]

    assert len(noticed) == 1


async def test_a_revoked_door_takes_no_connection(settings: Settings) -> None:
    async with AsyncExitStack() as opened:
        server, port = await opened.enter_async_context(listening_server(settings))
        async with connection(port) as stream:
            await speak(stream)
            await until(lambda: bool(server.services.registry.live_calls))
        await revoke(server, "door:audiosocket")
        async with connection(port, None) as stream:
            assert await closed(stream)


async def test_sound_goes_back_only_over_a_connection_that_was_set_up_for_it(
    settings: Settings,
) -> None:
    heard = bytearray()
    async with listening_server(settings) as (server, port):
        name = call_name("audiosocket", str(pair_uuid("c1", "caller", plays=False)))
        async with (
            connection(port, pair_uuid("c1", "operator", plays=False)) as deaf,
            connection(port, pair_uuid("c1", "caller", plays=True)) as stream,
        ):
            await speak(deaf, SOUND[:1_600])
            await until(lambda: server.services.registry.find(name) is not None)
            before = server.services.doors.audio_of(name)
            await speak(stream, SOUND[:1_600])
            await until(lambda: server.services.doors.audio_of(name) is not None)
            audio = server.services.doors.audio_of(name)
            assert audio is not None
            await audio.play(SOUND[:640])
            with anyio.fail_after(ANSWER_SECONDS):
                while len(heard) < 2 * 323:
                    heard += await stream.receive()
        await until(lambda: server.services.doors.audio_of(name) is None)

    assert before is None
    assert bytes(heard) == framed(SLIN, SOUND[:320]) + framed(SLIN, SOUND[320:640])
