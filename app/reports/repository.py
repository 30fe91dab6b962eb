"""Adapter: every query about incident reports. Takes a session, commits nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVarTuple

from sqlalchemy import Select, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.calls.repository import visible
from app.models import Call
from app.reports.models import IncidentReport, ReportStep

Row = TypeVarTuple("Row")
LARGEST_ID: Final = 2**31 - 1
AT_ONCE: Final = 500
"""Ids in one question: SQLite takes no more than some thousand values."""


class ReportState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"


class StepKind(StrEnum):
    """What was done with a report; on the trail as ``report.<kind>``."""

    CREATED = "created"
    EDITED = "edited"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    APPROVED = "approved"
    CORRECTED = "corrected"
    """A new version was begun from an approved one."""


STATE_WORDS: Final = {
    ReportState.DRAFT: "下書き",
    ReportState.SUBMITTED: "提出済み",
    ReportState.RETURNED: "差戻し",
    ReportState.APPROVED: "承認済み",
}
STEP_WORDS: Final = {
    StepKind.CREATED: "作成",
    StepKind.EDITED: "編集",
    StepKind.SUBMITTED: "提出",
    StepKind.WITHDRAWN: "提出の取消し",
    StepKind.RETURNED: "差戻し",
    StepKind.APPROVED: "承認",
    StepKind.CORRECTED: "訂正を開始",
}
GRAVE: Final = 2
"""警告: from here on an office asks for a report."""
OPEN: Final = frozenset({ReportState.DRAFT, ReportState.RETURNED})
"""In these a report is written."""
WROTE: Final = frozenset({StepKind.CREATED, StepKind.EDITED, StepKind.CORRECTED})
"""Who did one of these is an author."""


async def report_with_call(
    session: AsyncSession, report_id: int
) -> tuple[IncidentReport, Call] | None:
    query = select(IncidentReport, Call).join(Call, Call.id == IncidentReport.call_id)
    row = (await session.execute(query.where(IncidentReport.id == report_id))).first()
    return (row[0], row[1]) if row is not None else None


async def versions_of(session: AsyncSession, call_id: str) -> Sequence[IncidentReport]:
    """Return the versions of a call's report, the latest first."""
    query = select(IncidentReport).where(IncidentReport.call_id == call_id)
    return (await session.scalars(query.order_by(IncidentReport.version.desc()))).all()


async def first_ids(session: AsyncSession, call_ids: Sequence[str]) -> dict[str, int]:
    """Return the id of the first version of each call's report."""
    found: dict[str, int] = {}
    for at in range(0, len(call_ids), AT_ONCE):
        query = select(IncidentReport.call_id, func.min(IncidentReport.id)).where(
            IncidentReport.call_id.in_(list(call_ids[at : at + AT_ONCE]))
        )
        found |= {
            row[0]: row[1] for row in await session.execute(query.group_by(IncidentReport.call_id))
        }
    return found


async def last_versions(
    session: AsyncSession, call_ids: Sequence[str]
) -> dict[str, IncidentReport]:
    """Return the last version of each call's report; *call_ids* are at most ``AT_ONCE``."""
    query = select(IncidentReport).where(IncidentReport.call_id.in_(list(call_ids)))
    rows = await session.scalars(query.order_by(IncidentReport.version))
    return {row.call_id: row for row in rows}


async def steps_of(session: AsyncSession, report_id: int) -> Sequence[ReportStep]:
    query = select(ReportStep).where(ReportStep.report_id == report_id)
    return (await session.scalars(query.order_by(ReportStep.id))).all()


async def authors_of(session: AsyncSession, report: IncidentReport) -> frozenset[str]:
    """Return everybody who wrote a part of *report*, also of the versions that it corrects."""
    query = (
        select(ReportStep.by_login)
        .join(IncidentReport, IncidentReport.id == ReportStep.report_id)
        .where(
            IncidentReport.call_id == report.call_id,
            ReportStep.kind.in_([kind.value for kind in WROTE]),
        )
    )
    return frozenset(await session.scalars(query))


def contents_hash(report: IncidentReport) -> str:
    """Return a digest of everything that *report* says."""
    said: dict[str, Any] = {
        "version": report.version,
        "state": report.state,
        "fields": report.fields,
        "originals": report.originals,
        "quotes": report.quotes,
        "reasons": [report.decision_reason, report.correction_reason],
    }
    written = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()


def ended_seen(identity: Identity) -> Select[Call]:
    """Return the query for the ended calls that *identity* may see."""
    return visible(select(Call), identity).where(Call.ended_at.is_not(None))


def between(
    query: Select[*Row],
    *,
    section: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Select[*Row]:
    """Keep the calls of *section* that began at *since* or later, before *until*."""
    if section is not None:
        query = query.where(Call.section == section)
    if since is not None:
        query = query.where(Call.started_at >= since)
    if until is not None:
        query = query.where(Call.started_at < until)
    return query


async def reports_in(
    session: AsyncSession,
    identity: Identity,
    *,
    state: ReportState | None = None,
    section: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int,
    offset: int = 0,
) -> list[tuple[IncidentReport, Call]]:
    """Return the last version of each report that *identity* may see, the latest call first."""
    last = (
        select(IncidentReport.call_id, func.max(IncidentReport.version).label("version"))
        .group_by(IncidentReport.call_id)
        .subquery()
    )
    query = (
        select(IncidentReport, Call)
        .join(Call, Call.id == IncidentReport.call_id)
        .join(
            last,
            (last.c.call_id == IncidentReport.call_id) & (last.c.version == IncidentReport.version),
        )
    )
    if state is not None:
        query = query.where(IncidentReport.state == state.value)
    query = query.where(Call.id.in_(ended_seen(identity).with_only_columns(Call.id)))
    query = between(query, section=section, since=since, until=until)
    query = query.order_by(Call.started_at.desc(), Call.id).limit(limit).offset(offset)
    return [(row[0], row[1]) for row in await session.execute(query)]


async def calls_in(
    session: AsyncSession,
    identity: Identity,
    *,
    section: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int,
) -> Sequence[Call]:
    """Return the ended calls that *identity* may see, the latest first."""
    query = between(ended_seen(identity), section=section, since=since, until=until)
    query = query.order_by(Call.started_at.desc(), Call.id).limit(limit)
    return (await session.scalars(query)).all()


async def calls_without_report(
    session: AsyncSession, identity: Identity, limit: int, *, grave: bool
) -> Sequence[Call]:
    """Return the latest calls that nobody has begun a report of: those that reached 警告, or the others."""
    reached = or_(Call.top_level >= GRAVE, Call.warnings_spoken > 0)
    query = (
        ended_seen(identity)
        .outerjoin(IncidentReport, IncidentReport.call_id == Call.id)
        .where(IncidentReport.id.is_(None), reached if grave else not_(reached))
    )
    query = query.order_by(Call.started_at.desc(), Call.id).limit(limit)
    return (await session.scalars(query)).all()
