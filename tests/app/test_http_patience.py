"""Who opens a connection and does not say what for is not waited for; who says it in time is served."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import SocketStream
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from app.answers import GuardedAnswers
from app.http_patience import PatientHttp
from tests.app.control.serving import serving

ENOUGH_SECONDS = 1.5
"""A busy machine says a request within that."""
LONG_SECONDS = 20
WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
FORM = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"


class Hasty(PatientHttp):
    request_seconds = ENOUGH_SECONDS


async def echo(request: Request) -> PlainTextResponse:
    """Answer with what was sent, later than any patience lasts if the path says so."""
    body = await request.body()
    if request.url.path == "/late":
        await anyio.sleep(ENOUGH_SECONDS + 0.5)
    return PlainTextResponse(body or b"hello")


async def listen(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(await socket.receive_text())


@asynccontextmanager
async def hasty_server() -> AsyncIterator[str]:
    app = Starlette(
        routes=[
            Route("/", echo, methods=["GET", "POST"]),
            Route("/late", echo, methods=["POST"]),
            WebSocketRoute("/ws", listen),
        ]
    )
    async with serving(GuardedAnswers(app), http=Hasty) as url:
        yield url


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[SocketStream]:
    async with await anyio.connect_tcp("127.0.0.1", int(url.rpartition(":")[2])) as line:
        yield line


async def until_closed(line: SocketStream) -> bytes:
    heard = b""
    with anyio.fail_after(LONG_SECONDS):
        try:
            while True:
                heard += await line.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return heard


@pytest.mark.parametrize(
    "said",
    [b"", WHOLE[:-4], WHOLE + WHOLE[:-4], FORM, FORM + b"half"],
    ids=["nothing", "half a head", "half a second head", "no body", "half a body"],
)
async def test_who_stops_in_the_middle_is_not_waited_for(
    said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with hasty_server() as url, line_to(url) as line:
        if said:
            await line.send(said)
        heard = await until_closed(line)

    assert heard.count(b"hello") == said.count(WHOLE)
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_after_an_answer_a_half_request_is_not_waited_for_either() -> None:
    async with hasty_server() as url, line_to(url) as line:
        await line.send(WHOLE)
        answer = await line.receive()
        await line.send(WHOLE[:-4])
        rest = await until_closed(line)

    assert b"200 OK" in answer
    assert b"200 OK" not in rest.replace(answer, b"")


async def test_who_has_said_everything_is_served_however_long_the_answer_takes() -> None:
    late = FORM.replace(b" / ", b" /late ") + b"x" * 100
    async with hasty_server() as url, line_to(url) as line:
        heard = b""
        for said in (WHOLE, late, WHOLE):
            await line.send(said)
            while not heard.endswith((b"hello", b"x" * 100)):
                heard += await line.receive()
            heard += b"|"

    assert heard.count(b"200 OK") == 3


async def test_a_websocket_may_be_silent() -> None:
    async with hasty_server() as url, connect(f"ws{url.removeprefix('http')}/ws") as socket:
        await anyio.sleep(ENOUGH_SECONDS + 0.5)
        await socket.send("still here")
        heard = await socket.recv()

    assert heard == "still here"
