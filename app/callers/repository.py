"""Adapter: every query about callers. Takes a session, commits nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    and_,
    false,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity, Role
from app.callers.history import LONGEST_LOOK_BACK, PastCall
from app.callers.measures import Standing
from app.callers.models import CALLS, CallerMeasure, CallMatter
from app.models import Call

MOST_READ: Final = 2_000
"""Calls of one number in 90 days: one every hour. Counts go no further."""


def earlier_calls_query(
    hashes: Collection[str], identity: Identity, *, call_id: str, began_at: datetime
) -> Select[Any]:
    """Return the query for the calls with one of *hashes* before *call_id*, the latest first."""
    return (
        select(
            CALLS.c.id,
            CALLS.c.operator,
            CALLS.c.section,
            CALLS.c.started_at,
            CALLS.c.ended_at,
            CALLS.c.top_level,
            CALLS.c.outcome,
            CALLS.c.duration_ms,
        )
        .where(
            CALLS.c.caller_hash.in_(list(hashes)),
            CALLS.c.started_at >= began_at - LONGEST_LOOK_BACK,
            CALLS.c.started_at <= began_at,
            CALLS.c.id != call_id,
            _within_reach(identity),
        )
        .order_by(CALLS.c.started_at.desc())
        .limit(MOST_READ)
    )


def _within_reach(identity: Identity) -> ColumnElement[bool]:
    """Keep other sections' calls in the tables; ``app.callers.history.sight_of`` says what is shown of the rest."""
    # By no index: SQLite would else look through a section's 90 days for the few calls of one caller.
    operator, section = func.coalesce(CALLS.c.operator, ""), func.coalesce(CALLS.c.section, "")
    match identity.role:
        case Role.OPERATOR:
            return or_(
                operator == identity.login,
                and_(section == identity.section, CALLS.c.ended_at.is_not(None)),
            )
        case Role.SUPERVISOR:
            return section == identity.section
        case Role.AUDITOR:
            ended = CALLS.c.ended_at.is_not(None)
            return and_(ended, section == identity.section) if identity.section else ended
        case _:
            return false()


async def earlier_calls(
    session: AsyncSession,
    hashes: Collection[str],
    identity: Identity,
    *,
    call_id: str,
    began_at: datetime,
) -> list[PastCall]:
    if not hashes:
        return []
    query = earlier_calls_query(hashes, identity, call_id=call_id, began_at=began_at)
    return [
        PastCall(
            call_id=row.id,
            operator=row.operator,
            section=row.section,
            started_at=row.started_at,
            ended_at=row.ended_at,
            top_level=row.top_level,
            outcome=row.outcome,
            duration_ms=row.duration_ms,
        )
        for row in await session.execute(query)
    ]


async def matters_of(session: AsyncSession, call_ids: Collection[str]) -> dict[str, CallMatter]:
    query = select(CallMatter).where(CallMatter.call_id.in_(list(call_ids)))
    return {row.call_id: row for row in await session.scalars(query)}


async def numbers_of(
    session: AsyncSession, identity: Identity, hashes: Collection[str]
) -> dict[str, Call]:
    """Return a call for each hash that has its number, of those *identity* may see; operators get none here."""
    if identity.role is Role.OPERATOR or not hashes:
        return {}
    chosen = (
        select(func.max(CALLS.c.id))
        .where(CALLS.c.caller_hash.in_(list(hashes)), _within_reach(identity))
        .group_by(CALLS.c.caller_hash)
    )
    calls = await session.scalars(select(Call).where(Call.id.in_(chosen)))
    return {call.caller_hash: call for call in calls if call.caller_hash is not None}


async def same_proposal(session: AsyncSession, row: CallerMeasure) -> int | None:
    """Return the id of a measure that says what *row* says, by the same person, and still waits."""
    found: int | None = await session.scalar(
        select(CallerMeasure.id)
        .where(
            CallerMeasure.caller_hash == row.caller_hash,
            CallerMeasure.call_id == row.call_id,
            CallerMeasure.section == row.section,
            CallerMeasure.office_wide.is_(row.office_wide),
            CallerMeasure.kind == row.kind,
            CallerMeasure.detail == row.detail,
            CallerMeasure.reason == row.reason,
            CallerMeasure.words == row.words,
            CallerMeasure.begins_on == row.begins_on,
            CallerMeasure.ends_on == row.ends_on,
            CallerMeasure.requested_by == row.requested_by,
            CallerMeasure.approved_at.is_(None),
            CallerMeasure.lifted_at.is_(None),
        )
        .limit(1)
    )
    return found


async def measure_by_id(session: AsyncSession, measure_id: int) -> CallerMeasure | None:
    return await session.get(CallerMeasure, measure_id)


async def measures_for(
    session: AsyncSession, hashes: Collection[str], section: str
) -> Sequence[CallerMeasure]:
    """Return what was ever approved for a caller and reaches *section*, and nobody lifted."""
    query = (
        select(CallerMeasure)
        .where(
            CallerMeasure.caller_hash.in_(list(hashes)),
            CallerMeasure.approved_at.is_not(None),
            CallerMeasure.lifted_at.is_(None),
            or_(CallerMeasure.section == section, CallerMeasure.office_wide.is_(True)),
        )
        .order_by(CallerMeasure.id)
    )
    return (await session.scalars(query)).all()


async def measures_seen_by(session: AsyncSession, identity: Identity) -> Sequence[CallerMeasure]:
    """Return the measures that *identity* reads in full, the latest first."""
    match identity.role:
        case Role.SUPERVISOR:
            reach: ColumnElement[bool] = CallerMeasure.section == identity.section
        case Role.AUDITOR:
            reach = CallerMeasure.section == identity.section if identity.section else true()
        case Role.ADMINISTRATOR:
            reach = true()
        case _:
            reach = false()
    query = select(CallerMeasure).where(reach).order_by(CallerMeasure.id.desc()).limit(500)
    return (await session.scalars(query)).all()


def standing_of(row: CallerMeasure) -> Standing:
    return Standing(
        section=row.section,
        office_wide=row.office_wide,
        requested_by=row.requested_by,
        begins_on=row.begins_on,
        ends_on=row.ends_on,
        approved=row.approved_at is not None,
        lifted=row.lifted_at is not None,
    )


async def forget_hashes(session: AsyncSession, before: datetime) -> int:
    """Take the hashes off calls that began earlier than *before*; return how many they were."""
    result = await session.execute(
        update(CALLS)
        .where(CALLS.c.started_at < before, CALLS.c.caller_hash.is_not(None))
        .values(caller_hash=None, caller_key_id=None)
    )
    return result.rowcount if isinstance(result, CursorResult) else 0
