"""Adapter: reads the trail page by page, the latest first, as far as somebody may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Call
from app.trail.models import TrailCheckRow, TrailEndRow, TrailRow
from app.trail.sight import TrailSight

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty values ask for nothing in particular."""

    by: str = ""
    kind: str = ""
    """A kind, or a family of them with a dot at its end."""
    call_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    """Only links with smaller numbers: the next page."""


async def links(
    session: AsyncSession, sight: TrailSight, wanted: Wanted, *, limit: int = PAGE
) -> Sequence[TrailRow]:
    query = select(TrailRow).where(_seen(sight), *_asked(wanted))
    query = query.order_by(TrailRow.number.desc()).limit(limit)
    return (await session.scalars(query)).all()


async def count_of(session: AsyncSession, sight: TrailSight, wanted: Wanted) -> int:
    query = select(func.count()).select_from(TrailRow).where(_seen(sight), *_asked(wanted))
    return await session.scalar(query) or 0


async def end_number(session: AsyncSession) -> int:
    """Return the number of the last link; 0 where there is none."""
    return await session.scalar(select(TrailEndRow.number)) or 0


async def links_of_call(session: AsyncSession, call_id: str, limit: int) -> Sequence[TrailRow]:
    """Return what was done about one call, the latest first."""
    query = select(TrailRow).where(TrailRow.call_id == call_id)
    return (await session.scalars(query.order_by(TrailRow.number.desc()).limit(limit))).all()


async def last_check(session: AsyncSession) -> TrailCheckRow | None:
    query = select(TrailCheckRow).order_by(TrailCheckRow.id.desc()).limit(1)
    return (await session.scalars(query)).first()


def _asked(wanted: Wanted) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = []
    if wanted.by:
        asked.append(TrailRow.by_login == wanted.by)
    if wanted.kind.endswith("."):
        # A range, as the index is read by it: "/" is the sign after ".".
        asked += [TrailRow.kind >= wanted.kind, TrailRow.kind < f"{wanted.kind[:-1]}/"]
    elif wanted.kind:
        asked.append(TrailRow.kind == wanted.kind)
    if wanted.call_id:
        asked.append(TrailRow.call_id == wanted.call_id)
    if wanted.since is not None:
        asked.append(TrailRow.at >= wanted.since)
    if wanted.until is not None:
        asked.append(TrailRow.at < wanted.until)
    if wanted.before is not None:
        asked.append(TrailRow.number < wanted.before)
    return asked


def _seen(sight: TrailSight) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = []
    if sight.calls:
        of_call = Call.id == TrailRow.call_id
        if sight.section:
            parts.append(
                exists().where(of_call, Call.section == sight.section, Call.ended_at.is_not(None))
            )
        else:
            live = exists().where(of_call, Call.ended_at.is_(None))
            parts.append(and_(TrailRow.call_id != "", ~live))
    if sight.without_call:
        alone: list[ColumnElement[bool]] = [TrailRow.call_id == ""]
        if sight.families:
            alone.append(or_(*(_family(one) for one in sorted(sight.families))))
        alone += [~_family(one) for one in sorted(sight.left_out)]
        parts.append(and_(*alone))
    return or_(*parts) if parts else false()


def _family(name: str) -> ColumnElement[bool]:
    return TrailRow.kind.startswith(f"{name}.", autoescape=True)
