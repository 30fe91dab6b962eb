"""Adapter: notices owed, in the tables. Each is written once from a stored event, taken by one sender, marked by it.

Everything is written through the ledger, whose one order keeps two servers from owing the same notice twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Final
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.errors import Conflict, NotFound
from app.events import Event, EventType
from app.ledger import Entry, Ledger, event_of
from app.models import Call, EventRow
from app.notices.choosing import TOLD_BY, NoticeKind, Wanted, wanted
from app.notices.composing import NumberOf, composed, is_foreseen_only
from app.notices.models import NoticePosition, NoticeRow
from app.notices.routes import Route
from app.notices.wording import Notice
from app.trail.chain import Deed
from app.trail.writing import record

LEASE: Final = timedelta(minutes=2)
"""Longer than any try takes. One that was taken so long ago was interrupted, and is taken again."""
TESTS_KEPT: Final = timedelta(days=30)
"""A test has no call with which it would go."""
RECHECK: Final = timedelta(seconds=2)
"""How often a notice that rests on half a sentence is looked at until the sentence is over."""
EVENTS_AT_ONCE: Final = 200
_TYPES: Final = tuple(kind.value for kind in TOLD_BY)


class State(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


_OPEN: Final = (State.WAITING.value, State.SENDING.value)


@dataclass(frozen=True, slots=True)
class Claim:
    notice: Notice
    tries: int
    """This one among them."""


class Outbox:
    """What the routes are owed. One reader calls ``collect``; each route's sender calls the rest."""

    def __init__(
        self,
        ledger: Ledger,
        database: Database,
        routes: Mapping[str, Route],
        *,
        public_url: str,
        tries: int,
        number_of: NumberOf = attrgetter("caller_number"),
    ) -> None:
        self._number_of = number_of
        self._ledger = ledger
        self._database = database
        self._routes = routes
        self._public_url = public_url.rstrip("/")
        self._tries = tries
        self._read_to: dict[str, int] = {}

    async def open(self) -> None:
        """Take up where an earlier run stopped; a new route begins now, a removed one is closed."""
        names = tuple(self._routes)

        async def change(entry: Entry) -> dict[str, int]:
            session = entry.session
            await session.execute(delete(NoticePosition).where(NoticePosition.route.not_in(names)))
            await session.execute(
                update(NoticeRow)
                .where(NoticeRow.route.not_in(names), NoticeRow.state.in_(_OPEN))
                .values(state=State.FAILED.value, problem="route_removed")
            )
            # A test that began so long ago was cut off with its server; no other can be in the middle of it.
            await session.execute(
                update(NoticeRow)
                .where(
                    NoticeRow.kind == NoticeKind.TEST.value,
                    NoticeRow.state == State.SENDING.value,
                    NoticeRow.at < entry.now - LEASE,
                )
                .values(state=State.FAILED.value, problem="interrupted")
            )
            known = {row.route: row.seq for row in await session.scalars(select(NoticePosition))}
            last = await session.scalar(select(func.max(EventRow.seq))) or 0
            session.add_all(NoticePosition(route=n, seq=last) for n in names if n not in known)
            return {name: known.get(name, last) for name in names}

        self._read_to = await self._ledger.write(change)

    async def collect(self) -> frozenset[str]:
        """Write down what the routes are owed by events since the last time; return the routes that are."""
        owed: set[str] = set()
        while self._read_to:
            events = await self._unread(min(self._read_to.values()))
            if events:
                owed |= await self._take_in(events)
            if len(events) < EVENTS_AT_ONCE:
                break
        return frozenset(owed)

    async def _unread(self, after: int) -> list[Event]:
        async with self._database.transaction() as session:
            rows = await session.scalars(
                select(EventRow)
                .where(EventRow.seq > after, EventRow.type.in_(_TYPES))
                .order_by(EventRow.seq)
                .limit(EVENTS_AT_ONCE)
            )
            return [event_of(row) for row in rows]

    async def _take_in(self, events: list[Event]) -> frozenset[str]:
        found = [
            (event, route, notice)
            for event in events
            for route in self._routes.values()
            if event.seq > self._read_to[route.name]
            and (notice := wanted(event, route)) is not None
        ]
        read_to = {name: max(seq, events[-1].seq) for name, seq in self._read_to.items()}

        async def change(entry: Entry) -> None:
            for event, route, notice in found:
                await _owe(entry, event, route, notice)
            for name, seq in read_to.items():
                await entry.session.execute(
                    update(NoticePosition).where(NoticePosition.route == name).values(seq=seq)
                )

        if found:
            await self._ledger.write(change)
        # Otherwise only remembered: read once more after a crash, these events lead to nothing again.
        self._read_to = read_to
        return frozenset(route.name for _, route, _ in found)

    async def next_due(self, route: str) -> datetime | None:
        """Return when something of *route* is to be looked at; None while it is owed nothing."""
        async with self._database.transaction() as session:
            due: datetime | None = await session.scalar(
                select(NoticeRow.next_try_at)
                .where(*_owed_on(route))
                .order_by(NoticeRow.next_try_at)
                .limit(1)
            )
        return due

    async def claim(self, route: Route) -> Claim | None:
        """Take the next due notice of *route*, so that nobody else sends it; None when none is to be sent now."""

        async def change(entry: Entry) -> Claim | None:
            session = entry.session
            row = await session.scalar(
                select(NoticeRow)
                .where(*_owed_on(route.name), NoticeRow.next_try_at <= entry.now)
                .order_by(NoticeRow.next_try_at, NoticeRow.event_seq)
                .limit(1)
            )
            if row is None:
                return None
            call = await session.get(Call, row.call_id)
            if call is None:
                await session.delete(row)
                return None
            if row.kind == NoticeKind.LEVEL and call.top_level < row.level:
                if await is_foreseen_only(session, call):
                    row.next_try_at = entry.now + RECHECK
                else:
                    # The whole sentence did not bear it out: nobody is told, and a later one may be.
                    await session.delete(row)
                return None
            if row.tries >= self._tries:
                # Its last try was never marked: this process or another stopped in the middle.
                row.state, row.problem = State.FAILED.value, "interrupted"
                return None
            row.state = State.SENDING.value
            row.tries += 1
            row.next_try_at = entry.now + LEASE
            notice = await composed(session, row, call, route, self._public_url, self._number_of)
            return Claim(notice, row.tries)

        return await self._ledger.write(change)

    async def delivered(self, notice_id: str, problem: str = "") -> None:
        async def change(entry: Entry) -> None:
            row = await entry.session.get(NoticeRow, notice_id)
            if row is not None:  # its call may have been removed meanwhile
                row.state, row.sent_at, row.problem = State.SENT.value, entry.now, problem

        await self._ledger.write(change)

    async def not_delivered(self, notice_id: str, problem: str, wait_s: float | None) -> None:
        """Have it tried again after *wait_s*; None: no more, until an administrator says so."""

        async def change(entry: Entry) -> None:
            row = await entry.session.get(NoticeRow, notice_id)
            if row is None:
                return
            row.problem = problem
            row.state = State.FAILED.value if wait_s is None else State.WAITING.value
            row.next_try_at = entry.now + timedelta(seconds=wait_s or 0)

        await self._ledger.write(change)

    async def begin_test(self, route: Route) -> Notice:
        """Write down a test that is about to be sent; it is tried once only."""

        async def change(entry: Entry) -> Notice:
            await entry.session.execute(
                delete(NoticeRow).where(
                    NoticeRow.kind == NoticeKind.TEST.value, NoticeRow.at < entry.now - TESTS_KEPT
                )
            )
            row = NoticeRow(
                id=uuid4().hex,
                route=route.name,
                call_id=None,
                event_seq=None,
                kind=NoticeKind.TEST.value,
                subject=NoticeKind.TEST.value,
                level=0,
                section="",
                at=entry.now,
                state=State.SENDING.value,
                tries=1,
                next_try_at=entry.now,
            )
            entry.session.add(row)
            await record(entry.session, Deed("notice.tested", subject=route.name))
            return Notice(row.id, NoticeKind.TEST, entry.now, url=f"{self._public_url}/")

        return await self._ledger.write(change)

    async def retry(self, notice_id: str) -> NoticeRow:
        """Have a failed notice tried anew.

        Raises:
            NotFound: there is none of that number.
            Conflict: it has not failed, is a test, or its route is no longer set up.
        """

        async def change(entry: Entry) -> NoticeRow:
            # PostgreSQL would choke on a NUL.
            known = notice_id.isascii() and notice_id.isalnum()
            row = await entry.session.get(NoticeRow, notice_id) if known else None
            if row is None:
                raise NotFound("notice_unknown", "このお知らせは見つかりません。")
            if row.state != State.FAILED or row.kind == NoticeKind.TEST:
                raise Conflict(
                    "notice_not_failed", "もう一度送れるのは、失敗したお知らせだけです。"
                )
            if row.route not in self._routes:
                raise Conflict(
                    "route_removed", "このお知らせの送り先は、いまは設定されていません。"
                )
            row.state, row.tries, row.next_try_at = State.WAITING.value, 0, entry.now
            await record(entry.session, Deed("notice.retried", subject=f"{row.route} {row.id}"))
            return row

        return await self._ledger.write(change)

    async def notice(self, notice_id: str) -> NoticeRow | None:
        async with self._database.transaction() as session:
            return await session.get(NoticeRow, notice_id)


def _owed_on(route: str) -> tuple[ColumnElement[bool], ...]:
    return (
        NoticeRow.route == route,
        NoticeRow.state.in_(_OPEN),
        NoticeRow.kind != NoticeKind.TEST.value,
    )


async def _owe(entry: Entry, event: Event, route: Route, notice: Wanted) -> None:
    session = entry.session
    subject = notice.subject(
        await _helps_withdrawn(session, event) if notice.kind is NoticeKind.HELP else 0
    )
    known = await session.scalar(
        select(NoticeRow.id).where(
            NoticeRow.route == route.name,
            or_(
                NoticeRow.event_seq == event.seq,
                (NoticeRow.call_id == event.call_id) & (NoticeRow.subject == subject),
            ),
        )
    )
    if known is not None or await session.get(Call, event.call_id) is None:
        return
    session.add(
        NoticeRow(
            id=uuid4().hex,
            route=route.name,
            call_id=event.call_id,
            event_seq=event.seq,
            kind=notice.kind.value,
            subject=subject,
            level=notice.level,
            section=event.audience.section,
            at=event.at,
            state=State.WAITING.value,
            tries=0,
            next_try_at=entry.now,
        )
    )
    await session.flush()


async def _helps_withdrawn(session: AsyncSession, event: Event) -> int:
    """Return how often help was withdrawn in the call before *event*."""
    told = await session.scalars(
        select(EventRow.data).where(
            EventRow.call_id == event.call_id,
            EventRow.type == EventType.NOTE.value,
            EventRow.seq < event.seq,
        )
    )
    return sum(data.get("kind") == "help_withdrawn" for data in told)
