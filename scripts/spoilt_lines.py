"""Adapter: lines on this machine that spoil what they carry to a server. Development only."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import anyio
from anyio.abc import SocketAttribute, SocketStream
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from scripts.mangling import Ending, Frame, Mangler, new_plan
from scripts.siege import Tally

LINE_SECONDS: Final = 60
GONE: Final = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)
_OF_THE_HANDSHAKE: Final = frozenset({"host", "connection", "upgrade", "user-agent"})


@dataclass(frozen=True, slots=True)
class Target:
    """The server that all this is for."""

    url: str
    audiosocket_port: int
    stream_token: str
    screen_token: str
    auth_token: str
    """Of Twilio."""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80

    @property
    def websocket_url(self) -> str:
        return "ws" + self.url.removeprefix("http")


@asynccontextmanager
async def spoilt_sockets(target: Target, dice: random.Random, tally: Tally) -> AsyncIterator[str]:
    """Carry WebSockets to *target*, spoiling what goes there; yields the address to connect to."""
    carry = partial(_carry, target=target, dice=dice, tally=tally)
    async with serve(
        carry,
        "127.0.0.1",
        0,
        select_subprotocol=lambda _, offered: offered[0] if offered else None,
        subprotocols=None,
        compression=None,
        max_size=None,
        ping_interval=None,
    ) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}"


async def _carry(
    client: ServerConnection, *, target: Target, dice: random.Random, tally: Tally
) -> None:
    request = client.request
    assert request is not None
    address = urlsplit(request.path)
    shape = address.query.removeprefix("shape=") if address.query.startswith("shape=") else ""
    door = shape or address.path.rpartition("/")[2]
    told = [
        (name, value)
        for name, value in request.headers.raw_items()
        if name.lower() not in _OF_THE_HANDSHAKE and not name.lower().startswith("sec-websocket")
    ]
    mangler = Mangler(new_plan(dice))
    tally.streams[door] += 1
    offered = [
        name.strip() for name in request.headers.get("sec-websocket-protocol", "").split(",")
    ]
    with anyio.move_on_after(LINE_SECONDS), suppress(OSError):
        try:
            server = await connect(
                target.websocket_url + request.path,
                additional_headers=told,
                subprotocols=[Subprotocol(name) for name in offered if name] or None,
                compression=None,
                max_size=None,
                ping_interval=None,
                user_agent_header=None,
                proxy=None,
                close_timeout=5,
            )
        except InvalidStatus as refused:
            tally.answered(f"handshake {door}", refused.response.status_code)
            return
        except InvalidHandshake:
            tally.closed(door, None)
            return
        try:
            await _both_ways(client, server, mangler, door, tally)
        finally:
            server.transport.abort()
            code = server.protocol.close_rcvd
            ours = code is not None and not server.protocol.close_rcvd_then_sent
            tally.closed(f"{door}, after ours" if ours else door, code.code if code else None)
            tally.spoilt.update({kind.value: count for kind, count in mangler.counts.items()})
            tally.endings[mangler.plan.ending.value] += 1


async def _both_ways(
    client: ServerConnection, server: ClientConnection, mangler: Mangler, door: str, tally: Tally
) -> None:
    async def send(frame: Frame) -> None:
        tally.frames[door] += 1
        await server.send(frame.payload, text=frame.is_text)

    async def there() -> None:
        with suppress(ConnectionClosed):
            async for said in client:
                text = isinstance(said, str)
                payload = said.encode() if isinstance(said, str) else bytes(said)
                for frame in mangler.feed(Frame(payload, text)):
                    await send(frame)
                if mangler.over:
                    if mangler.plan.ending is Ending.ABORTED:
                        server.transport.abort()
                    break
            for frame in mangler.rest():
                await send(frame)
        await server.close(client.close_code if client.close_code in (1000, 1001) else 1000)
        await client.close()

    async def back() -> None:
        with suppress(ConnectionClosed):
            async for said in server:
                await client.send(said)
        received = server.protocol.close_rcvd
        with suppress(ConnectionClosed):
            code = received.code if received else 1011
            await client.close(code if code != 1005 else 1000, received.reason if received else "")

    async with anyio.create_task_group() as ways:
        ways.start_soon(there)
        ways.start_soon(back)


@asynccontextmanager
async def spoilt_audiosocket(
    target: Target, dice: random.Random, tally: Tally
) -> AsyncIterator[str]:
    """Carry AudioSocket connections, spoiling what goes to the server, where bytes have no frames; yields the port."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

    async def carry(client: SocketStream) -> None:
        tally.streams["audiosocket"] += 1
        mangler = Mangler(new_plan(dice))
        with anyio.move_on_after(LINE_SECONDS), suppress(OSError, *GONE):
            async with (
                client,
                await anyio.connect_tcp("127.0.0.1", target.audiosocket_port) as server,
            ):
                while not mangler.over:
                    said = await client.receive(2_048)
                    for frame in mangler.feed(Frame(said, is_text=False)):
                        tally.frames["audiosocket"] += 1
                        await server.send(frame.payload)
                if mangler.plan.ending is Ending.ABORTED:
                    reset(server)
        tally.spoilt.update({kind.value: count for kind, count in mangler.counts.items()})
        tally.endings[mangler.plan.ending.value] += 1

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, carry, tasks)
        yield f"127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        tasks.cancel_scope.cancel()


def reset(stream: SocketStream) -> None:
    """Let the connection end by a reset as soon as it is closed."""
    raw = stream.extra(SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
