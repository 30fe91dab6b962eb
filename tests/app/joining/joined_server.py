"""Glue: the whole server with joining in it, and people who are signed in at browsers."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import anyio
import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select
from websockets.asyncio.client import ClientConnection, connect

from app.auth.access import COOKIE, CSRF_HEADER, every_route
from app.auth.administration import Administration
from app.auth.identity import Role
from app.auth.service import Accounts
from app.bootstrap import open_services
from app.cli.serve import server_config
from app.joining import endpoints, sound_ws
from app.joining.attendance import Attendance
from app.main import create_app
from app.models import StaffAction
from app.services import Services
from app.settings import Settings
from tests.app.running import SECTION, RunningServer
from tests.fakes_transcriber import ScriptedTranscriber

SOUND: Final = "/v1/calls/{call_id}/sound"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a browser."""

    server: JoinedServer
    login: str
    client: httpx.AsyncClient
    cookie: str

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.client.post(path, json=body)

    @asynccontextmanager
    async def sound(self, call_id: str) -> AsyncIterator[ClientConnection]:
        async with self.socket(f"/v1/calls/{call_id}/sound") as opened:
            yield opened

    @asynccontextmanager
    async def screen(self) -> AsyncIterator[ClientConnection]:
        async with self.socket("/v1/events") as opened:
            yield opened

    @asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator[ClientConnection]:
        url = self.server.running.url
        async with connect(
            "ws" + url.removeprefix("http") + path,
            additional_headers={"Cookie": f"{COOKIE}={self.cookie}"},
            origin=url,  # type: ignore[arg-type]
            compression=None,
        ) as opened:
            yield opened


@dataclass(frozen=True, slots=True)
class JoinedServer:
    running: RunningServer
    app: FastAPI

    @property
    def attendance(self) -> Attendance:
        attendance: Attendance = self.app.state.attendance
        return attendance

    @asynccontextmanager
    async def person(
        self, login: str, role: Role = Role.SUPERVISOR, section: str = SECTION
    ) -> AsyncIterator[Person]:
        services = self.running.services
        administration = Administration(services.database, services.clock)
        accounts = Accounts(services.database, services.clock, services.settings.auth)
        made = await administration.create_user(
            login=login, display_name=f"{login}さん", role=role, section=section
        )
        given = await administration.reset_password(made.user.id, must_change=False)
        signed_in = await accounts.sign_in(login, given.one_time_password, address="192.0.2.1")
        async with httpx.AsyncClient(
            base_url=self.running.url,
            cookies={COOKIE: signed_in.secret},
            headers={CSRF_HEADER: signed_in.identity.csrf_token, "Origin": self.running.url},
            timeout=20,
        ) as client:
            yield Person(self, login, client, signed_in.secret)

    async def disable(self, login: str) -> None:
        services = self.running.services
        administration = Administration(services.database, services.clock)
        await administration.disable_user((await administration.user_named(login)).id)

    async def actions(self) -> list[tuple[str, str]]:
        """Return what people did, as the tables have it: kind and by whom."""
        async with self.running.services.database.transaction() as session:
            rows = (await session.scalars(select(StaffAction).order_by(StaffAction.id))).all()
        return [(row.kind, row.by_login) for row in rows]


@asynccontextmanager
async def joined_server(
    settings: Settings, transcriber: ScriptedTranscriber, **replaced: Any
) -> AsyncIterator[JoinedServer]:
    """Serve until the block ends; *replaced* are parts of the services that a test brings itself."""
    opened: list[Services] = []

    @asynccontextmanager
    async def open_and_tell(given: Settings) -> AsyncIterator[Services]:
        async with open_services(given, transcriber=transcriber) as services:
            for name, part in replaced.items():
                object.__setattr__(services, name, part)
            opened.append(services)
            yield services

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        app = create_app(settings, open_services=open_and_tell)
        if all(route.path != SOUND for route in every_route(app.routes)):
            app.include_router(endpoints.router)
            app.include_router(sound_ws.router)
        server = uvicorn.Server(server_config(app, settings, host="127.0.0.1", port=port))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(server.serve, sockets=[listening]))
            async with httpx.AsyncClient(timeout=120) as client:
                (await client.get(f"{url}/healthz")).raise_for_status()
            services = opened[0]
            made = await Administration(services.database, services.clock).create_token(
                name="exchange", role=Role.STREAM, section=SECTION
            )
            try:
                yield JoinedServer(RunningServer(url, services, made.secret), app)
            finally:
                server.should_exit = True
