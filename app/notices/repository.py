"""Adapter: how the routes do, read from the tables for the administrator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import case, func, select

from app.db import Database
from app.notices.choosing import NoticeKind
from app.notices.models import NoticeRow
from app.notices.outbox import State

LATEST: Final = 50
FAILURES: Final = 50
_IS_OWED: Final = NoticeRow.kind != NoticeKind.TEST.value


@dataclass(frozen=True, slots=True)
class RouteRecord:
    waiting: int = 0
    """Those that are being sent among them."""
    failed: int = 0
    last_sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    records: Mapping[str, RouteRecord]
    """By name of the route, of those that were ever owed anything."""
    latest: Sequence[NoticeRow]
    failed: Sequence[NoticeRow]
    """The last that failed, first; tests are not among them."""


async def overview(database: Database) -> Overview:
    async with database.transaction() as session:
        counted = await session.execute(
            select(
                NoticeRow.route,
                NoticeRow.state,
                func.count(case((_IS_OWED, 1))),
                func.max(NoticeRow.sent_at),
            ).group_by(NoticeRow.route, NoticeRow.state)
        )
        by_route: dict[str, dict[str, tuple[int, datetime | None]]] = {}
        for route, state, count, sent_at in counted:
            by_route.setdefault(route, {})[state] = (count, sent_at)
        newest = select(NoticeRow).order_by(NoticeRow.at.desc(), NoticeRow.id)
        latest = (await session.scalars(newest.limit(LATEST))).all()
        failed = await session.scalars(
            newest.where(_IS_OWED, NoticeRow.state == State.FAILED.value).limit(FAILURES)
        )
        return Overview(
            {name: _record(states) for name, states in by_route.items()}, latest, failed.all()
        )


def _record(states: Mapping[str, tuple[int, datetime | None]]) -> RouteRecord:
    def count(state: State) -> int:
        return states.get(state.value, (0, None))[0]

    return RouteRecord(
        waiting=count(State.WAITING) + count(State.SENDING),
        failed=count(State.FAILED),
        last_sent_at=states.get(State.SENT.value, (0, None))[1],
    )
