"""Glue: the endpoints and the page of callers on a real database, with real accounts and a clock that tests move."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import update

from app.auth.access import COOKIE, CSRF_HEADER
from app.auth.administration import Administration
from app.auth.identity import Role
from app.auth.passwords import PasswordHashing
from app.auth.service import Accounts
from app.bus.memory import MemoryBus
from app.callers import endpoints, pages
from app.callers.keys import CallerKeys, open_caller_keys
from app.callers.models import CALLS
from app.callers.settings import CallersSettings
from app.calls.facts import CallFacts
from app.calls.lifecycle import record_end, record_start
from app.calls.protocol import CallStarted, Track
from app.db import Database
from app.errors import AppError
from app.events import Audience, Event
from app.ledger import Entry, Ledger
from app.privacy.numbers import sealing_numbers
from app.sealing import RecordKeys
from app.settings import Settings
from asr.types import AudioFormat, Encoding
from tests.fakes_clock import FakeClock

SECTION: Final = "市民課"
OTHER_SECTION: Final = "税務課"
NUMBER: Final = "090-1234-5678"
RECORD_KEYS: Final = RecordKeys({"k1": bytes(32)})


@dataclass
class Office:
    app: FastAPI
    services: SimpleNamespace
    database: Database
    clock: FakeClock
    ledger: Ledger
    accounts: Accounts
    administration: Administration
    keys: CallerKeys
    told: list[Event]
    logins: dict[str, tuple[str, str]] = field(default_factory=dict)

    async def begin(
        self,
        call_id: str,
        *,
        number: str = NUMBER,
        operator: str = "sato",
        section: str = SECTION,
        hours_ago: float = 0,
        level: int = 0,
        over: bool = True,
    ) -> str:
        """A call that began *hours_ago*, found by its number from then on."""
        facts = _facts(call_id, operator, section)
        started = CallStarted(call_id, facts.tracks, facts.format, caller_number=number)
        token = await self.administration.create_token(
            name=call_id, role=Role.STREAM, section=section
        )
        stored = self.keys.hash_of_caller(number)

        async def change(entry: Entry) -> None:
            await record_start(
                entry, facts, started, token.token.id, seal_number=sealing_numbers(RECORD_KEYS)
            )
            await entry.session.execute(
                update(CALLS)
                .where(CALLS.c.id == call_id)
                .values(
                    started_at=entry.now - timedelta(hours=hours_ago),
                    top_level=level,
                    caller_hash=stored.hash if stored else None,
                    caller_key_id=stored.key_id if stored else None,
                )
            )

        await self.ledger.write(change)
        if over:
            await self.end(call_id, operator, section)
        return call_id

    async def end(self, call_id: str, operator: str = "sato", section: str = SECTION) -> None:
        async def change(entry: Entry) -> None:
            await record_end(entry, _facts(call_id, operator, section), "stop", 60_000)

        await self.ledger.write(change)

    def share_colleagues_answers(self) -> None:
        self.services.settings = SimpleNamespace(
            data_dir=self.services.settings.data_dir,
            public_url=None,
            auth=self.services.settings.auth,
            callers=CallersSettings(colleagues_answers=True),
        )

    async def person(self, login: str, role: Role, section: str = SECTION) -> httpx.AsyncClient:
        """Somebody who has signed in at a browser."""
        made = await self.administration.create_user(
            login=login, display_name=f"{login}さん", role=role, section=section
        )
        given = await self.administration.reset_password(made.user.id, must_change=False)
        signed_in = await self.accounts.sign_in(login, given.one_time_password, address="192.0.2.1")
        self.logins[login] = (signed_in.secret, signed_in.identity.csrf_token)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://mimamori.test",
            cookies={COOKIE: signed_in.secret},
            headers={
                CSRF_HEADER: signed_in.identity.csrf_token,
                "Origin": "http://mimamori.test",
            },
        )

    async def browser(self, login: str, role: Role, section: str = SECTION) -> Browser:
        """Somebody who fills in forms."""
        await self.person(login, role, section)
        secret, csrf_token = self.logins[login]
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://mimamori.test",
            cookies={COOKIE: secret},
            headers={"Accept": "text/html", "Origin": "http://mimamori.test"},
        )
        return Browser(client, csrf_token)

    async def program(self, role: Role, section: str = SECTION) -> httpx.AsyncClient:
        """Something that has a token."""
        made = await self.administration.create_token(name="cti", role=role, section=section)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://mimamori.test",
            headers={"Authorization": f"Bearer {made.secret}"},
        )


@dataclass
class Browser:
    client: httpx.AsyncClient
    csrf_token: str

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def post(self, path: str, fields: dict[str, str]) -> httpx.Response:
        return await self.client.post(path, data={"csrf_token": self.csrf_token, **fields})


def open_office(settings: Settings, database: Database, ledger: Ledger, clock: FakeClock) -> Office:
    services = SimpleNamespace(
        settings=settings, database=database, clock=clock, ledger=ledger, record_keys=RECORD_KEYS
    )
    app = FastAPI()
    app.state.services = services
    hashing = PasswordHashing(memory_kib=8)
    accounts = Accounts(database, clock, settings.auth, hashing=hashing)
    app.state.accounts = accounts
    app.include_router(endpoints.router)
    app.include_router(pages.router)
    app.add_exception_handler(AppError, _render)
    return Office(
        app=app,
        services=services,
        database=database,
        clock=clock,
        ledger=ledger,
        accounts=accounts,
        administration=Administration(database, clock, hashing=hashing),
        keys=open_caller_keys(settings.data_dir),
        told=[],
    )


class TellingBus(MemoryBus):
    """Remembers what it was given."""

    def __init__(self) -> None:
        super().__init__(64)
        self.told: list[Event] = []

    async def publish(self, events: Any) -> None:
        self.told.extend(events)
        await super().publish(events)


async def _render(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    return JSONResponse({"code": error.code, "message": error.message}, error.status)


def _facts(call_id: str, operator: str, section: str) -> CallFacts:
    tracks = (Track.CALLER, Track.OPERATOR)
    return CallFacts(
        call_id=call_id,
        audience=Audience(operator=operator, section=section),
        tracks=tracks,
        format=AudioFormat(Encoding.MULAW, 8_000, 2),
    )
