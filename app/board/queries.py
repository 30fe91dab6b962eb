"""Adapter: what the board asks of the tables: one query for each kind of fact, however many calls are live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.calls.protocol import Track
from app.events import EventType
from app.joining.models import JoinRow
from app.models import AlertRow, Call, EventRow, StaffAction, User, UtteranceRow

STALEMATE: Final = (EventType.STALEMATE_STARTED.value, EventType.STALEMATE_TICK.value)
SUGGESTED: Final = EventType.SCRIPT_SUGGESTED.value
HELP: Final = ("help_requested", "help_withdrawn")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Help that is asked for now."""

    since: datetime
    by: str
    text: str


async def live_calls(
    session: AsyncSession, identity: Identity, call_ids: Sequence[str] | None
) -> Sequence[Call]:
    """Return the live calls of the supervisor's section, or those of *call_ids* among them, oldest first."""
    query = select(Call).where(Call.section == identity.section, Call.ended_at.is_(None))
    if call_ids is not None:
        query = query.where(Call.id.in_(call_ids))
    return (await session.scalars(query.order_by(Call.started_at, Call.id))).all()


async def caller_words(session: AsyncSession, call_ids: Sequence[str]) -> dict[str, str]:
    """Return the caller's last sentence of each call."""
    # One look into the index for each call: a window over all their sentences would read them all.
    last = (
        select(UtteranceRow.text)
        .where(UtteranceRow.call_id == Call.id, UtteranceRow.track == Track.CALLER.value)
        .order_by(UtteranceRow.end_ms.desc())
        .limit(1)
        .correlate(Call)
        .scalar_subquery()
    )
    rows = await session.execute(select(Call.id, last).where(Call.id.in_(call_ids)))
    return {call_id: text for call_id, text in rows if text is not None}


async def open_alerts(session: AsyncSession, call_ids: Sequence[str]) -> dict[str, list[AlertRow]]:
    """Return the open alerts of each call, gravest first, then in the order in which they were raised."""
    query = (
        select(AlertRow)
        .where(AlertRow.call_id.in_(call_ids), AlertRow.closed_at.is_(None))
        .order_by(AlertRow.level.desc(), AlertRow.raised_at, AlertRow.id)
    )
    found: dict[str, list[AlertRow]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.call_id, []).append(row)
    return found


async def told_last(
    session: AsyncSession, call_ids: Sequence[str]
) -> tuple[dict[str, EventRow], dict[str, EventRow]]:
    """Return of each call the last event about its stalemate, and the last suggested sentence."""
    # In one pass over the calls' events: with 1,000 of them a call that is nearly all the time spent.
    numbers = (
        select(func.max(EventRow.seq))
        .where(EventRow.call_id.in_(call_ids), EventRow.type.in_((*STALEMATE, SUGGESTED)))
        .group_by(EventRow.call_id, EventRow.type)
    )
    rows = await session.scalars(
        select(EventRow).where(EventRow.seq.in_(numbers)).order_by(EventRow.seq)
    )
    stalemates: dict[str, EventRow] = {}
    scripts: dict[str, EventRow] = {}
    for row in rows:
        (scripts if row.type == SUGGESTED else stalemates)[row.call_id] = row
    return stalemates, scripts


async def help_waiting(session: AsyncSession, call_ids: Sequence[str]) -> dict[str, Waiting]:
    """Return for each call the help that is asked for now: since the first request that nobody ended."""
    query = (
        select(StaffAction)
        .where(StaffAction.call_id.in_(call_ids), StaffAction.kind.in_(HELP))
        .order_by(StaffAction.id)
    )
    waiting: dict[str, Waiting] = {}
    for row in await session.scalars(query):
        before = waiting.pop(row.call_id, None)
        if row.kind == "help_requested":
            since = before.since if before is not None else row.at
            waiting[row.call_id] = Waiting(since, row.by_login, str(row.detail.get("text", "")))
    return waiting


async def people_at(session: AsyncSession, call_ids: Sequence[str]) -> dict[str, list[JoinRow]]:
    """Return who is at each call now, in the order in which they came."""
    query = select(JoinRow).where(JoinRow.call_id.in_(call_ids), JoinRow.left_at.is_(None))
    found: dict[str, list[JoinRow]] = {}
    for row in await session.scalars(query.order_by(JoinRow.id)):
        found.setdefault(row.call_id, []).append(row)
    return found


async def names_of(session: AsyncSession, logins: Sequence[str]) -> Mapping[str, str]:
    """Return the display name of each login that has an account."""
    rows = await session.execute(
        select(User.login, User.display_name).where(User.login.in_(logins))
    )
    return {login: name for login, name in rows}  # noqa: C416 - rows are no tuples for mypy
