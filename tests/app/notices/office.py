"""Glue: calls in a real database, told through the real ledger; only the clock is moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import delete, select

from app.auth.administration import Administration
from app.auth.identity import Role
from app.auth.passwords import PasswordHashing
from app.bus.memory import MemoryBus
from app.calls.facts import CallFacts
from app.calls.lifecycle import record_end, record_start
from app.calls.protocol import CallStarted, Track
from app.db import Database
from app.events import Audience, EventType
from app.ledger import Entry, Ledger
from app.models import AlertRow, Call
from app.notices.composing import NumberOf
from app.notices.delivering import NoticeDesk
from app.notices.models import NoticeRow
from app.notices.opening import open_notices
from app.notices.settings import NoticeSettings, RouteSettings
from asr.types import AudioFormat, Encoding
from tests.fakes_clock import FakeClock

SECTION: Final = "市民課"
SECRET: Final = "a secret of the office, long enough"
WORDS: Final = "家に火をつけてやる"
NUMBER: Final = "0123456789"
PUBLIC_URL: Final = "https://mimamori.example"


def webhook(url: str, **more: Any) -> RouteSettings:
    return RouteSettings.model_validate({"kind": "webhook", "url": url, "secret": SECRET, **more})


@dataclass
class Office:
    database: Database
    clock: FakeClock
    ledger: Ledger
    bus: MemoryBus
    administration: Administration
    settings: dict[str, Any] = field(default_factory=lambda: {"first_retry_seconds": 1})
    number_of: NumberOf = attrgetter("caller_number")

    def opened(self, **routes: RouteSettings) -> AbstractAsyncContextManager[NoticeDesk]:
        """A desk of *routes* that does nothing by itself."""
        return open_notices(
            NoticeSettings.model_validate({**self.settings, "routes": routes}),
            public_url=PUBLIC_URL,
            ledger=self.ledger,
            database=self.database,
            bus=self.bus,
            clock=self.clock,
            number_of=self.number_of,
        )

    @asynccontextmanager
    async def desk(self, **routes: RouteSettings) -> AsyncIterator[NoticeDesk]:
        """A desk of *routes* that delivers while the block lasts."""
        async with self.opened(**routes) as desk, desk.running():
            yield desk

    async def remove(self, call_id: str) -> None:
        async def change(entry: Entry) -> None:
            await entry.session.execute(delete(Call).where(Call.id == call_id))

        await self.ledger.write(change)

    async def begin(self, call_id: str = "c1", section: str = SECTION) -> None:
        facts = _facts(call_id, section)
        started = CallStarted(call_id, facts.tracks, facts.format, caller_number=NUMBER)
        token = await self.administration.create_token(
            name=call_id, role=Role.STREAM, section=section
        )

        async def change(entry: Entry) -> None:
            await record_start(entry, facts, started, token.token.id)

        await self.ledger.write(change)

    async def rise(
        self, level: int, call_id: str = "c1", *, section: str = SECTION, foreseen: bool = False
    ) -> None:
        """The call comes to *level* by an alert; *foreseen*: that rests on half a sentence."""

        async def change(entry: Entry) -> None:
            call = await entry.session.get(Call, call_id)
            assert call is not None
            call.level, call.outcome = level, "harassment_suspected"
            if not foreseen:
                call.top_level = max(call.top_level, level)
            entry.session.add(_alert(entry, call_id, level, foreseen))
            await entry.session.flush()
            entry.tell(
                EventType.LEVEL_CHANGED,
                call_id,
                Audience("sato", section),
                {"level": level, "outcome": call.outcome, "top_level": call.top_level},
            )

        await self.ledger.write(change)

    async def settle(self, *, borne_out: bool, call_id: str = "c1") -> None:
        """The sentence is over that an alert rested on."""

        async def change(entry: Entry) -> None:
            call = await entry.session.get(Call, call_id)
            alerts = await entry.session.scalars(
                select(AlertRow).where(AlertRow.unconfirmed.is_not(None))
            )
            assert call is not None
            for alert in alerts:
                alert.unconfirmed = None
                if borne_out:
                    call.top_level = max(call.top_level, alert.level)
                else:
                    alert.withdrawn, alert.closed_at = True, entry.now

        await self.ledger.write(change)

    async def note(self, kind: str, call_id: str = "c1") -> None:
        async def change(entry: Entry) -> None:
            told = {"kind": kind, "text": WORDS, "by": "sato"}
            entry.tell(EventType.NOTE, call_id, Audience("sato", SECTION), told)

        await self.ledger.write(change)

    async def over(self, call_id: str = "c1") -> None:
        async def change(entry: Entry) -> None:
            await record_end(entry, _facts(call_id, SECTION), "stop", 1_000)

        await self.ledger.write(change)

    async def rows(self) -> list[NoticeRow]:
        async with self.database.transaction() as session:
            return list(await session.scalars(select(NoticeRow).order_by(NoticeRow.event_seq)))


def open_office(database: Database, clock: FakeClock) -> Office:
    bus = MemoryBus(64)
    return Office(
        database,
        clock,
        Ledger(database, bus, clock),
        bus,
        Administration(database, clock, hashing=PasswordHashing(memory_kib=8)),
    )


def _facts(call_id: str, section: str) -> CallFacts:
    return CallFacts(
        call_id=call_id,
        audience=Audience(operator="sato", section=section),
        tracks=(Track.CALLER, Track.OPERATOR),
        format=AudioFormat(Encoding.MULAW, 8_000, 2),
    )


def _alert(entry: Entry, call_id: str, level: int, foreseen: bool) -> AlertRow:
    return AlertRow(
        id=f"{call_id}-{level}-{entry.now.timestamp()}",
        call_id=call_id,
        key=f"k{level}-{entry.now.timestamp()}",
        level=level,
        categories=["physical_attack", "intimidation"],
        utterance_id="u1",
        quote=WORDS,
        start_ms=0,
        end_ms=1_000,
        reason="理由",
        clause="条項",
        count=1,
        needs_check=False,
        explanation=None,
        raised_at=entry.now,
        closed_at=None,
        unconfirmed={} if foreseen else None,
    )
