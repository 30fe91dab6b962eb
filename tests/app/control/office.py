"""Glue: the endpoints of the telephone on a real database with real accounts; only the exchange is a recorder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import anyio
import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import select

from app.auth.access import COOKIE, CSRF_HEADER
from app.auth.administration import Administration
from app.auth.identity import Role
from app.auth.passwords import PasswordHashing
from app.auth.service import Accounts
from app.bus.memory import MemoryBus
from app.calls.facts import CallFacts
from app.calls.lifecycle import record_end, record_start
from app.calls.protocol import CallStarted, Track
from app.control import endpoints
from app.control.ports import Ability, Clicker, ControlledCall, JoinMode
from app.db import Database
from app.errors import AppError
from app.events import Audience, Event
from app.ledger import Entry, Ledger
from app.models import Call, StaffAction
from app.privacy.numbers import sealing_numbers
from app.sealing import RecordKeys
from app.settings import Settings
from asr.types import AudioFormat, Encoding
from tests.fakes_clock import FakeClock

SECTION: Final = "市民課"
RECORD_KEYS: Final = RecordKeys({"k1": bytes(32)})


@dataclass
class RecordingControl:
    """Says that it can do what it is told to be able to, remembers what it was asked, fails as it is told."""

    can: Ability = field(
        default_factory=lambda: Ability(
            join_modes=(JoinMode.TALK, JoinMode.LISTEN), can_end=True, why_no_join=""
        )
    )
    failing: AppError | Exception | None = None
    asked: list[tuple[str, ControlledCall, Clicker]] = field(default_factory=list)
    asking: anyio.Event = field(default_factory=anyio.Event)
    """Set when something is asked."""
    hold: anyio.Event | None = None
    """Answer only when it is set."""

    def ability(self, call: ControlledCall, by: Clicker) -> Ability:
        return self.can

    async def join(self, call: ControlledCall, mode: JoinMode, by: Clicker) -> None:
        await self._take(f"join {mode.value}", call, by)

    async def end(self, call: ControlledCall, by: Clicker) -> None:
        await self._take("end", call, by)

    async def _take(self, what: str, call: ControlledCall, by: Clicker) -> None:
        self.asked.append((what, call, by))
        self.asking.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.failing is not None:
            raise self.failing


@dataclass
class RecordingLine:
    """The way for sound into one call."""

    played: list[bytes] = field(default_factory=list)
    failing: AppError | None = None

    async def play(self, sound: bytes) -> None:
        if self.failing is not None:
            raise self.failing
        self.played.append(sound)


@dataclass
class Office:
    app: FastAPI
    settings: Settings
    database: Database
    ledger: Ledger
    accounts: Accounts
    administration: Administration
    control: RecordingControl
    lines: dict[str, RecordingLine]
    told: list[Event]

    async def begin(
        self, call_id: str = "c1", operator: str = "sato", section: str = SECTION, **metadata: Any
    ) -> None:
        """A call that has begun and has a way back for sound."""
        facts = _facts(call_id, operator, section)
        started = CallStarted(
            call_id, facts.tracks, facts.format, caller_number="0123456789", metadata=metadata
        )
        token = await self.administration.create_token(
            name=call_id, role=Role.STREAM, section=section
        )

        async def change(entry: Entry) -> None:
            await record_start(
                entry, facts, started, token.token.id, seal_number=sealing_numbers(RECORD_KEYS)
            )

        await self.ledger.write(change)
        self.lines[call_id] = RecordingLine()

    async def over(self, call_id: str = "c1") -> None:
        async def change(entry: Entry) -> None:
            await record_end(entry, _facts(call_id, "sato", SECTION), "stop", 1_000)

        await self.ledger.write(change)

    async def at_level(self, level: int, call_id: str = "c1") -> None:
        async def change(entry: Entry) -> None:
            call = await entry.session.get(Call, call_id)
            assert call is not None
            call.level = level

        await self.ledger.write(change)

    async def person(self, login: str, role: Role, section: str = SECTION) -> httpx.AsyncClient:
        """Somebody who has signed in at a browser."""
        made = await self.administration.create_user(
            login=login, display_name=f"{login}さん", role=role, section=section
        )
        given = await self.administration.reset_password(made.user.id, must_change=False)
        signed_in = await self.accounts.sign_in(login, given.one_time_password, address="192.0.2.1")
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://mimamori.test",
            cookies={COOKIE: signed_in.secret},
            headers={
                CSRF_HEADER: signed_in.identity.csrf_token,
                "Origin": "http://mimamori.test",
            },
        )

    async def program(self, role: Role) -> httpx.AsyncClient:
        """Something that has a token."""
        made = await self.administration.create_token(name="cti", role=role, section=SECTION)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://mimamori.test",
            headers={"Authorization": f"Bearer {made.secret}"},
        )

    async def records(self) -> list[dict[str, Any]]:
        """Return what people did, as the tables have it."""
        async with self.database.transaction() as session:
            rows = (await session.scalars(select(StaffAction).order_by(StaffAction.id))).all()
        return [{"kind": row.kind, "by": row.by_login, **row.detail} for row in rows]

    def notes(self) -> list[dict[str, Any]]:
        """Return what screens were told of clicks."""
        return [
            dict(event.data)
            for event in self.told
            if event.type.value == "note" and event.data["kind"].startswith("telephone_")
        ]


@asynccontextmanager
async def open_office(
    settings: Settings, database: Database, clock: FakeClock
) -> AsyncIterator[Office]:
    told: list[Event] = []

    class Bus(MemoryBus):
        async def publish(self, events: Any) -> None:
            told.extend(events)
            await super().publish(events)

    ledger = Ledger(database, Bus(64), clock)
    await ledger.open()
    control, lines = RecordingControl(), dict[str, RecordingLine]()
    app = FastAPI()
    app.state.services = SimpleNamespace(
        settings=settings,
        database=database,
        clock=clock,
        ledger=ledger,
        call_control=control,
        record_keys=RECORD_KEYS,
        doors=SimpleNamespace(audio_of=lines.get),
    )
    hashing = PasswordHashing(memory_kib=8)
    accounts = Accounts(database, clock, settings.auth, hashing=hashing)
    app.state.accounts = accounts
    app.include_router(endpoints.router)
    app.add_exception_handler(AppError, _render)
    yield Office(
        app,
        settings,
        database,
        ledger,
        accounts,
        Administration(database, clock, hashing=hashing),
        control,
        lines,
        told,
    )


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
