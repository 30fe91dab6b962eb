"""Adapter: every query about holds, deletions and what a call's period depends on. Takes a session, commits nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.callers.models import CallerMeasure
from app.judgements.repository import standing_of as verdicts_of
from app.models import Call
from app.recordings.models import Recording
from app.reports.models import IncidentReport
from app.retention.kinds import CallFacts
from app.retention.models import Deletion, LegalHold, PersonRequest, PurgeRun

AT_ONCE: Final = 500
"""Ids in one question: SQLite takes no more than some thousand values."""
APPROVED: Final = "approved"
UNTIDY: Final = ("wiped", "busy")


def in_force(today: date) -> ColumnElement[bool]:
    """Keep the holds that stand on *today*, a day in Japan."""
    return LegalHold.lifted_at.is_(None) & or_(LegalHold.until.is_(None), LegalHold.until >= today)


async def held_among(session: AsyncSession, call_ids: Collection[str], today: date) -> set[str]:
    """Return which of *call_ids* must not be deleted."""
    wanted, held = list(call_ids), set[str]()
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        query = select(LegalHold.call_id).where(LegalHold.call_id.in_(some), in_force(today))
        held.update(await session.scalars(query))
    return held


async def holds_of(session: AsyncSession, call_id: str) -> Sequence[LegalHold]:
    query = select(LegalHold).where(LegalHold.call_id == call_id).order_by(LegalHold.id.desc())
    return (await session.scalars(query)).all()


async def all_in_force(session: AsyncSession, today: date) -> Sequence[tuple[LegalHold, Call]]:
    query = select(LegalHold, Call).join(Call, Call.id == LegalHold.call_id).where(in_force(today))
    rows = await session.execute(query.order_by(LegalHold.at.desc(), LegalHold.id))
    return [(row[0], row[1]) for row in rows]


async def lock_call(session: AsyncSession, call_id: str) -> bool:
    """Let nobody else decide about *call_id* until this transaction ends; False where it is gone.

    Written before it is read: that takes the lock, on both databases.
    """
    locked = await session.execute(
        update(Call)
        .where(Call.id == call_id)
        .values(duration_ms=Call.duration_ms)
        .returning(Call.id)
        .execution_options(synchronize_session=False)
    )
    return locked.scalar_one_or_none() is not None


async def being_deleted(session: AsyncSession, call_id: str) -> bool:
    query = select(Deletion.id).where(Deletion.call_id == call_id, Deletion.finished_at.is_(None))
    return await session.scalar(query.limit(1)) is not None


async def there_among(session: AsyncSession, call_ids: Collection[str]) -> set[str]:
    """Return which of *call_ids* are there."""
    wanted, there = list(call_ids), set[str]()
    for start in range(0, len(wanted), AT_ONCE):
        query = select(Call.id).where(Call.id.in_(wanted[start : start + AT_ONCE]))
        there.update(await session.scalars(query))
    return there


async def begun_deletions(session: AsyncSession) -> set[str]:
    """Return the ids of the calls whose deletion was begun and is not finished."""
    query = select(Deletion.call_id).where(Deletion.finished_at.is_(None))
    return {call_id for call_id in await session.scalars(query) if call_id is not None}


async def ended_before(
    session: AsyncSession, cutoff: datetime | None, sound_cutoff: datetime | None
) -> Sequence[str]:
    """Return the ids of calls that ended until *cutoff*, and of those with a recording until *sound_cutoff*.

    The oldest come first. None: no call is that old.
    """
    ages = []
    if cutoff is not None:
        ages.append(Call.ended_at <= cutoff)
    if sound_cutoff is not None:
        ages.append((Call.ended_at <= sound_cutoff) & Call.id.in_(select(Recording.call_id)))
    if not ages:
        return []
    query = select(Call.id).where(Call.ended_at.is_not(None), or_(*ages))
    return (await session.scalars(query.order_by(Call.ended_at, Call.id))).all()


async def calls_of_hashes(session: AsyncSession, hashes: Collection[str]) -> Sequence[str]:
    """Return the ids of the calls of one caller, the oldest first."""
    query = select(Call.id).where(Call.caller_hash.in_(list(hashes)))
    return (await session.scalars(query.order_by(Call.started_at, Call.id))).all()


async def facts_of(
    session: AsyncSession, call_ids: Collection[str], today: date
) -> dict[str, CallFacts]:
    """Return what the periods of *call_ids* depend on; calls that are not there are left out."""
    wanted, found = list(call_ids), dict[str, CallFacts]()
    for start in range(0, len(wanted), AT_ONCE):
        found |= await _facts(session, wanted[start : start + AT_ONCE], today)
    return found


async def _facts(session: AsyncSession, some: list[str], today: date) -> dict[str, CallFacts]:
    calls = (
        await session.execute(
            select(Call.id, Call.section, Call.ended_at, Call.top_level).where(Call.id.in_(some))
        )
    ).all()
    verdicts = await verdicts_of(session, some)
    states = select(IncidentReport.call_id, IncidentReport.state)
    reports = (await session.execute(states.where(IncidentReport.call_id.in_(some)))).all()
    measures = set(
        await session.scalars(select(CallerMeasure.call_id).where(CallerMeasure.call_id.in_(some)))
    )
    held = await held_among(session, some, today)
    reported = {row.call_id for row in reports}
    approved = {row.call_id for row in reports if row.state == APPROVED}
    return {
        row.id: CallFacts(
            call_id=row.id,
            section=row.section,
            ended_at=row.ended_at,
            top_level=row.top_level,
            verdict=str(verdicts[row.id].verdict) if row.id in verdicts else "",
            has_report=row.id in reported,
            report_approved=row.id in approved,
            has_measure=row.id in measures,
            held=row.id in held,
        )
        for row in calls
    }


async def runs(session: AsyncSession, limit: int = 100) -> Sequence[PurgeRun]:
    query = select(PurgeRun).order_by(PurgeRun.started_at.desc(), PurgeRun.id).limit(limit)
    return (await session.scalars(query)).all()


async def unfinished_runs(session: AsyncSession) -> Sequence[PurgeRun]:
    query = select(PurgeRun).where(PurgeRun.finished_at.is_(None)).order_by(PurgeRun.started_at)
    return (await session.scalars(query)).all()


async def untidied_runs(session: AsyncSession) -> Sequence[PurgeRun]:
    """Return the runs after which the database's file was not written anew, or its log not cut."""
    query = select(PurgeRun).where(PurgeRun.database.in_(UNTIDY), PurgeRun.finished_at.is_not(None))
    return (await session.scalars(query)).all()


async def deletions_of(session: AsyncSession, run_id: str) -> Sequence[Deletion]:
    query = select(Deletion).where(Deletion.run_id == run_id).order_by(Deletion.id)
    return (await session.scalars(query)).all()


async def recorded_among(session: AsyncSession, call_ids: Collection[str]) -> set[str]:
    """Return which of *call_ids* (at most ``AT_ONCE``) have a recording."""
    query = select(Recording.call_id).where(Recording.call_id.in_(list(call_ids)))
    return set(await session.scalars(query))


async def waiting_requests(session: AsyncSession, state: str) -> Sequence[PersonRequest]:
    query = select(PersonRequest).where(PersonRequest.state == state)
    return (await session.scalars(query.order_by(PersonRequest.asked_at))).all()


async def kinds_in_run(session: AsyncSession, run_id: str) -> list[tuple[str, str, int]]:
    """Return (what, kind, how many) of a run."""
    query = (
        select(Deletion.what, Deletion.kind, func.count())
        .where(Deletion.run_id == run_id)
        .group_by(Deletion.what, Deletion.kind)
        .order_by(Deletion.what, Deletion.kind)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]
