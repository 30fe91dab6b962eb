"""Glue: the whole server on a free port of this machine, for tests that speak to it as its users do."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import anyio
import httpx
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from app.auth.administration import Administration
from app.auth.identity import Role
from app.bootstrap import open_services
from app.cli.serve import server_config
from app.main import create_app
from app.services import Services
from app.settings import Settings
from asr.ports import Transcriber

T = TypeVar("T")
SECTION = "市民課"
ANSWER_SECONDS = 20


@dataclass(frozen=True, slots=True)
class RunningServer:
    url: str
    services: Services
    stream_token: str

    @property
    def stream_url(self) -> str:
        return "ws" + self.url.removeprefix("http") + "/v1/stream/native"

    async def token(self, role: Role, section: str = SECTION, name: str = "test") -> str:
        made = await Administration(self.services.database, self.services.clock).create_token(
            name=name, role=role, section=section
        )
        return made.secret

    def client(self, token: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=ANSWER_SECONDS
        )

    @asynccontextmanager
    async def stream(self, token: str | None = None) -> AsyncIterator[ClientConnection]:
        async with connect(
            self.stream_url,
            additional_headers={"Authorization": f"Bearer {token or self.stream_token}"},
            compression=None,
            max_size=2**21,
        ) as opened:
            yield opened

    @asynccontextmanager
    async def screen(self, token: str, query: str = "") -> AsyncIterator[ClientConnection]:
        async with connect(
            "ws" + self.url.removeprefix("http") + f"/v1/events{query}",
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
        ) as opened:
            yield opened


@asynccontextmanager
async def running_server(
    settings: Settings, transcriber: Transcriber | None = None
) -> AsyncIterator[RunningServer]:
    """Serve until the block ends, then stop as a real server does: judge what was accepted."""
    with socket.socket() as listening:
        async with _serving(settings, transcriber, listening) as running:
            yield running


@asynccontextmanager
async def _serving(
    settings: Settings, transcriber: Transcriber | None, listening: socket.socket
) -> AsyncIterator[RunningServer]:
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    port = listening.getsockname()[1]
    opened: list[Services] = []

    @asynccontextmanager
    async def open_and_tell(given: Settings) -> AsyncIterator[Services]:
        async with open_services(given, transcriber=transcriber) as services:
            opened.append(services)
            yield services

    app = create_app(settings, open_services=open_and_tell)
    server = uvicorn.Server(server_config(app, settings, host="127.0.0.1", port=port))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(server.serve, sockets=[listening]))
        url = f"http://127.0.0.1:{port}"
        # The socket listens already: the first answer comes when the server has started.
        async with httpx.AsyncClient(timeout=120) as client:
            (await client.get(f"{url}/healthz")).raise_for_status()
        services = opened[0]
        made = await Administration(services.database, services.clock).create_token(
            name="exchange", role=Role.STREAM, section=SECTION
        )
        try:
            yield RunningServer(url, services, made.secret)
        finally:
            server.should_exit = True


@asynccontextmanager
async def in_own_task(entered: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Enter and leave *entered* in one task of its own.

    A fixture is set up and torn down in different tasks, which a task group does not allow.
    """
    ready: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold() -> None:
        try:
            async with entered as value:
                ready.set_result(value)
                await over.wait()
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    holding = asyncio.create_task(hold())
    try:
        yield await ready
    finally:
        over.set()
        await holding


async def send(stream: ClientConnection, payload: bytes, frame_bytes: int = 320) -> None:
    """Send sound in frames: 320 bytes are 20 ms of two tracks of mu-law."""
    for begin_at in range(0, len(payload), frame_bytes):
        await stream.send(payload[begin_at : begin_at + frame_bytes])


async def say(stream: ClientConnection, message: dict[str, Any]) -> None:
    await stream.send(json.dumps(message))


async def hear(stream: ClientConnection) -> dict[str, Any]:
    """Return the next message; a server that says nothing fails the test instead of hanging it."""
    with anyio.fail_after(ANSWER_SECONDS):
        answer: dict[str, Any] = json.loads(await stream.recv())
    return answer


async def hear_until(stream: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """Return every message up to and with the first of type *kind*."""
    heard = []
    while True:
        heard.append(await hear(stream))
        if heard[-1]["type"] == kind:
            return heard
