"""Glue: the one door through which calls are written. Save, commit, then publish, in one order.

A screen that has seen event *n* must have seen every event before it, or resuming
by ``after`` would lose one. So numbers are given, committed and published one
write at a time: by a lock inside this process, by an advisory lock between
processes on PostgreSQL (whose sequences otherwise commit out of order).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

import anyio
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.events import VOLATILE, Audience, Event, EventType
from app.models import EventRow
from app.ports import Clock, EventBus

T = TypeVar("T")

EVENT_LOCK = 7_263_001
"""Any number, the same in every process that writes events."""
RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 3.0, 3.0)
"""10 s in all: a PostgreSQL that is restarted is back by then, and no call has lost a word."""


@dataclass(slots=True)
class Entry:
    """One write in the making: change rows through ``session``, say what happened through ``tell``."""

    session: AsyncSession
    now: datetime
    _told: list[EventRow]

    def tell(
        self, kind: EventType, call_id: str, audience: Audience, data: Mapping[str, Any]
    ) -> None:
        """Have the event stored with this write and published after its commit."""
        if kind in VOLATILE:
            raise ValueError(f"{kind} is announced, never stored")
        self._told.append(
            EventRow(
                type=kind.value,
                call_id=call_id,
                at=self.now,
                data=dict(data),
                operator=audience.operator,
                section=audience.section,
            )
        )


@dataclass(frozen=True, slots=True)
class _Made(Generic[T]):
    """What a write came to, known before its commit is answered."""

    events: list[Event]
    result: T


class Ledger:
    """Writes in one order. A write either happens whole, with its events, or not at all."""

    def __init__(
        self,
        database: Database,
        bus: EventBus,
        clock: Clock,
        *,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._retry_seconds = tuple(retry_seconds)
        self._turn = anyio.Lock()
        self._last_seq = 0

    async def open(self) -> None:
        """Learn the number of the last event of an earlier run."""
        async with self._database.transaction() as session:
            self._last_seq = await session.scalar(select(func.max(EventRow.seq))) or 0

    @property
    def last_seq(self) -> int:
        return self._last_seq

    async def write(self, change: Callable[[Entry], Awaitable[T]]) -> T:
        """Run *change* in one transaction, commit, publish what it told; return what it returned.

        *change* may be run again when the database was busy or away, so it must touch
        nothing but its entry; not where only the answer to its commit was lost. Not cancelled
        half way: a commit whose events were never published would stay unseen until the screens
        reconnect.
        """
        unanswered: list[_Made[T]] = []
        waits = iter((*self._retry_seconds, None))
        with anyio.CancelScope(shield=True):
            while True:
                async with self._turn:
                    while True:
                        try:
                            return await self._write_once(change, unanswered)
                        except Exception as error:
                            wait_seconds = next(waits)
                            if wait_seconds is None or not is_passing(error):
                                raise
                        if not unanswered:
                            break  # others may have more luck meanwhile
                        # What may be committed has to be told before anything later is.
                        await anyio.sleep(wait_seconds)
                await anyio.sleep(wait_seconds)
        raise AssertionError("unreachable")

    async def _write_once(
        self, change: Callable[[Entry], Awaitable[T]], unanswered: list[_Made[T]]
    ) -> T:
        """Write, unless one of the *unanswered* was committed; what is written now is added to them."""
        async with self._database.transaction() as session:
            if self._database.is_postgresql:
                await session.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": EVENT_LOCK}
                )
            made = await _committed(session, unanswered) or await self._make(session, change)
            unanswered.append(made)
        if made.events:
            self._last_seq = made.events[-1].seq
            await self._bus.publish(made.events)
        return made.result

    async def _make(
        self, session: AsyncSession, change: Callable[[Entry], Awaitable[T]]
    ) -> _Made[T]:
        entry = Entry(session, self._clock.now(), [])
        result = await change(entry)
        for row in entry._told:  # noqa: SLF001 - the entry is this module's own
            session.add(row)
            await session.flush()  # one by one: bulk inserts do not promise rising numbers
        return _Made([event_of(row) for row in entry._told], result)  # noqa: SLF001

    async def announce(
        self, kind: EventType, call_id: str, audience: Audience, data: Mapping[str, Any]
    ) -> None:
        """Publish a volatile event: to who is there now, never stored."""
        event = Event(self._last_seq, kind, call_id, self._clock.now(), dict(data), audience)
        await self._bus.publish([event])


class KeepsRecords(Protocol):
    """What a part that writes calls takes of the services."""

    @property
    def database(self) -> Database: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def clock(self) -> Clock: ...


async def _committed(session: AsyncSession, unanswered: Sequence[_Made[T]]) -> _Made[T] | None:
    """Return which of the *unanswered* stands in the tables; one that told nothing is not known again."""
    for made in unanswered:
        for event in made.events[:1]:
            row = await session.get(EventRow, event.seq)
            # By more than its number: SQLite gives that of a write which was rolled back again.
            if row is not None and (row.call_id, row.at) == (event.call_id, event.at):
                return made
    return None


def is_passing(error: Exception) -> bool:
    """Say whether *error* means that the database is busy or away, and may be back in a moment."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeoutError | OSError):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    # asyncpg's own, raised while connecting, reach us untranslated: "the database is starting up".
    return type(error).__module__.startswith("asyncpg.")


def event_of(row: EventRow) -> Event:
    """Return the stored event as the value that screens are sent."""
    return Event(
        seq=row.seq,
        type=EventType(row.type),
        call_id=row.call_id,
        at=row.at,
        data=row.data,
        audience=Audience(operator=row.operator, section=row.section),
    )
