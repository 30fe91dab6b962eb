"""How telephones' sockets are served: what no exchange asked for is not sent, and how a line ended stays known."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

from app.telephony.door_access import PEER_STATE
from app.telephony.sockets import BROKEN_OFF, TelephoneSockets
from tests.app.running import ANSWER_SECONDS

PING_SECONDS = 0.05


@dataclass(slots=True)
class Listening:
    """What an application is told of its sockets."""

    url: str
    closed: list[tuple[str, int]] = field(default_factory=list)
    peers: list[str] = field(default_factory=list)
    over: anyio.Event = field(default_factory=anyio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "websocket"
        self.peers.append(scope["state"][PEER_STATE])
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self.closed.append((scope["path"], message["code"]))
                self.over.set()
                return


@asynccontextmanager
async def listening(pong_seconds: float = ANSWER_SECONDS) -> AsyncIterator[Listening]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        told = Listening(f"ws://127.0.0.1:{bound.getsockname()[1]}")
        config = uvicorn.Config(
            told,
            lifespan="off",
            log_config=None,
            ws=TelephoneSockets,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=pong_seconds,
            ws_per_message_deflate=False,
        )
        server = uvicorn.Server(config)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(server.serve, sockets=[bound]))
            try:
                yield told
            finally:
                server.should_exit = True


class Pinged(ClientConnection):
    """Counts the pings that come."""

    pings = 0
    thrice: anyio.Event

    def process_event(self, event: Event) -> None:
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.pings += 1
            if self.pings == 3:
                self.thrice.set()
        super().process_event(event)


@asynccontextmanager
async def line(told: Listening, path: str, **headers: str) -> AsyncIterator[Pinged]:
    opened = await connect(
        f"{told.url}{path}",
        additional_headers=headers,
        compression=None,
        ping_interval=None,
        create_connection=Pinged,
    )
    assert isinstance(opened, Pinged)
    opened.thrice = anyio.Event()
    try:
        yield opened
    finally:
        await opened.close()


async def test_asterisk_is_never_pinged_and_others_are() -> None:
    async with (
        listening() as told,
        line(told, "/v1/stream/asterisk?call_id=1") as asterisk,
        line(told, "/v1/stream/freeswitch") as other,
    ):
        with anyio.fail_after(ANSWER_SECONDS):
            await other.thrice.wait()

    assert asterisk.pings == 0


@pytest.mark.parametrize(
    ("end", "code"), [("close", 1000), ("going", 1001), ("codeless", 1005), ("broken", BROKEN_OFF)]
)
async def test_it_stays_known_how_a_line_ended(end: str, code: int) -> None:
    async with listening() as told, line(told, "/v1/stream/asterisk") as opened:
        match end:
            case "close":
                await opened.close()
            case "going":
                await opened.close(1001)
            case "codeless":
                opened.transport.write(b"\x88\x80\x00\x00\x00\x00")  # a close frame of no bytes
            case _:
                opened.transport.abort()
        with anyio.fail_after(ANSWER_SECONDS):
            await told.over.wait()

    assert told.closed == [("/v1/stream/asterisk", code)]


async def test_a_line_that_answers_no_ping_has_broken_off() -> None:
    async with listening(PING_SECONDS) as told, line(told, "/v1/stream/twilio") as opened:
        opened.transport.pause_reading()
        with anyio.fail_after(ANSWER_SECONDS):
            await told.over.wait()
        opened.transport.abort()

    assert told.closed == [("/v1/stream/twilio", BROKEN_OFF)]


async def test_the_tcp_peer_stays_known_behind_a_forwarded_address() -> None:
    async with (
        listening() as told,
        line(told, "/v1/stream/native", **{"X-Forwarded-For": "203.0.113.5"}),
    ):
        pass

    assert told.peers == ["127.0.0.1"]


async def test_a_handshake_with_too_long_a_header_is_answered_and_closed() -> None:
    async with listening() as told:
        with pytest.raises(InvalidStatus) as refused:
            async with line(told, "/v1/stream/native", **{"X-Long": "x" * 9_000}):
                pass

    assert refused.value.response.status_code == 431
    assert told.peers == []
