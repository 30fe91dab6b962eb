"""Adapter: reads what ended calls add to the figures. No sentence is loaded for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.aids.standing import AidKind
from app.events import EventType
from app.judgements.repository import standing_of
from app.models import AlertRow, AlertRule, Call, EventRow, StaffAction
from app.statistics.facts import AlertFact, CallFact, family_of
from app.statistics.models import StatisticsRepeat
from detection.types import Step

REPEATED_WITHIN: Final = timedelta(days=30)
AT_ONCE: Final = 500
"""Ids in one question, of deletions."""
_KINDS: Final = (
    "help_requested",
    "help_withdrawn",
    "supervisor_joined",
    "telephone_end",
    "script_used",
    AidKind.MISSED.value,
    AidKind.MISSED_UNDONE.value,
    AidKind.BREAK_PROPOSED.value,
)

Deed = tuple[str, datetime, Mapping[str, Any]]


async def hold_still(session: AsyncSession) -> None:
    """Have everything that the new *session* reads stand as it does at its first reading.

    Else a deletion in between would count a call twice, or without its alerts.
    """
    postgresql = session.get_bind().dialect.name == "postgresql"
    # SQLite's driver begins no transaction for a session that only reads.
    begin = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ" if postgresql else "BEGIN"
    await session.execute(text(begin))


async def facts_between(
    session: AsyncSession, start: datetime, end: datetime
) -> tuple[list[CallFact], dict[str, set[str]]]:
    """Return the facts of ended calls that began in the span, and who answered in each section.

    The second is for counting people alone, and goes no further than this package.
    """
    here = and_(Call.started_at >= start, Call.started_at < end, Call.ended_at.is_not(None))
    return await _facts(session, here)


async def facts_of_calls(session: AsyncSession, call_ids: Sequence[str]) -> list[CallFact]:
    """Return the facts of these calls, ended or not."""
    found: list[CallFact] = []
    for first in range(0, len(call_ids), AT_ONCE):
        facts, _ = await _facts(session, Call.id.in_(call_ids[first : first + AT_ONCE]))
        found += facts
    return found


async def _facts(
    session: AsyncSession, here: ColumnElement[bool]
) -> tuple[list[CallFact], dict[str, set[str]]]:
    rows = (
        await session.execute(
            select(
                Call.id,
                Call.section,
                Call.operator,
                Call.started_at,
                Call.duration_ms,
                Call.top_level,
                Call.outcome,
                Call.warnings_spoken,
                Call.caller_hash,
            ).where(here)
        )
    ).all()
    alerts = await _alerts(session, here)
    deeds = await _deeds(session, here)
    gaps = await _gaps(session, here)
    verdicts = await _verdicts(session, [row.id for row in rows])
    repeated = await _repeated(session, here, [(r.id, r.caller_hash, r.started_at) for r in rows])
    operators: dict[str, set[str]] = defaultdict(set)
    facts = []
    for row in rows:
        if row.operator:
            operators[row.section].add(row.operator)
        done = deeds.get(row.id, [])
        facts.append(
            CallFact(
                call_id=row.id,
                section=row.section,
                started_at=row.started_at,
                duration_ms=row.duration_ms,
                top_level=row.top_level,
                outcome=row.outcome,
                warnings_spoken=row.warnings_spoken,
                alerts=alerts.get(row.id, ()),
                verdict=verdicts.get(row.id),
                missed=_missed(done),
                ended_by_office=any(_ends(deed) for deed in done),
                help_wait_s=help_wait_s(done),
                help_asked=any(kind == "help_requested" for kind, _, _ in done),
                repeated=row.id in repeated,
                break_proposed=any(kind == AidKind.BREAK_PROPOSED for kind, _, _ in done),
                gaps=gaps.get(row.id, 0),
            )
        )
    return facts, operators


def help_wait_s(deeds: Sequence[Deed]) -> int | None:
    """Return how long help was waited for: from the first request to what answered it; None where nothing did.

    Who had joined before the request is taken to be there at once.
    """
    asked: datetime | None = None
    there = False
    for kind, at, _ in deeds:
        if asked is None:
            there = there or kind == "supervisor_joined"
            if kind == "help_requested":
                asked = at
                if there:
                    return 0
        elif kind in ("supervisor_joined", "help_withdrawn"):
            return max(0, round((at - asked).total_seconds()))
    return None


async def _alerts(
    session: AsyncSession, here: ColumnElement[bool]
) -> dict[str, tuple[AlertFact, ...]]:
    query = (
        select(
            AlertRow.id, AlertRow.call_id, AlertRow.categories, AlertRow.false_alarm, AlertRule.rule
        )
        .join(Call, Call.id == AlertRow.call_id)
        .outerjoin(AlertRule, and_(AlertRule.alert_id == AlertRow.id, AlertRule.early.is_(False)))
        .where(here, AlertRow.withdrawn.is_(False))
    )
    rules: dict[str, set[str]] = defaultdict(set)
    seen: dict[str, tuple[str, list[str], bool]] = {}
    for row in await session.execute(query):
        seen[row.id] = (row.call_id, row.categories, row.false_alarm)
        if row.rule is not None:
            rules[row.id].add(family_of(row.rule))
    found: dict[str, tuple[AlertFact, ...]] = {}
    for alert_id, (call_id, categories, false) in seen.items():
        fact = AlertFact(tuple(categories), tuple(sorted(rules[alert_id])), false)
        found[call_id] = (*found.get(call_id, ()), fact)
    return found


async def _deeds(session: AsyncSession, here: ColumnElement[bool]) -> dict[str, list[Deed]]:
    query = (
        select(StaffAction.call_id, StaffAction.kind, StaffAction.at, StaffAction.detail)
        .join(Call, Call.id == StaffAction.call_id)
        .where(here, StaffAction.kind.in_(_KINDS))
        .order_by(StaffAction.id)
    )
    found: dict[str, list[Deed]] = defaultdict(list)
    for row in await session.execute(query):
        found[row.call_id].append((row.kind, row.at, row.detail))
    return found


async def _gaps(session: AsyncSession, here: ColumnElement[bool]) -> dict[str, int]:
    query = (
        select(EventRow.call_id, func.count())
        .join(Call, Call.id == EventRow.call_id)
        .where(here, EventRow.type == EventType.GAP.value)
        .group_by(EventRow.call_id)
    )
    return {call_id: number for call_id, number in await session.execute(query)}  # noqa: C416


async def _verdicts(session: AsyncSession, call_ids: Collection[str]) -> dict[str, str]:
    stands = await standing_of(session, call_ids)
    return {call_id: one.verdict.value for call_id, one in stands.items()}


async def _repeated(
    session: AsyncSession,
    here: ColumnElement[bool],
    calls: Sequence[tuple[str, str | None, datetime]],
) -> set[str]:
    known = [(call_id, number, at) for call_id, number, at in calls if number is not None]
    noted = (
        select(StatisticsRepeat.call_id).join(Call, Call.id == StatisticsRepeat.call_id).where(here)
    )
    found: set[str] = set(await session.scalars(noted))
    if not known:
        return found
    hashes = sorted({number for _, number, _ in known})
    first, last = min(at for _, _, at in known), max(at for _, _, at in known)
    earlier: dict[str, list[datetime]] = defaultdict(list)
    for part in _parts(hashes):
        rows = await session.execute(
            select(Call.caller_hash, Call.started_at).where(
                Call.caller_hash.in_(part),
                Call.started_at >= first - REPEATED_WITHIN,
                Call.started_at <= last,
            )
        )
        for number, at in rows:
            earlier[str(number)].append(at)
    for call_id, number, at in known:
        if any(timedelta() < at - one <= REPEATED_WITHIN for one in earlier[str(number)]):
            found.add(call_id)
    return found


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(values), AT_ONCE):
        yield values[first : first + AT_ONCE]


def _missed(deeds: Sequence[Deed]) -> int:
    counted = Counter(kind for kind, _, _ in deeds)
    return max(0, counted[AidKind.MISSED.value] - counted[AidKind.MISSED_UNDONE.value])


def _ends(deed: Deed) -> bool:
    kind, _, detail = deed
    return (kind == "telephone_end" and detail.get("result") == "done") or (
        kind == "script_used" and detail.get("step") == Step.CLOSE.value
    )
