"""Adapter: every query about rules and their reviews. Counts only: no word of a call leaves it.

What an auditor said of a finding goes before what the desk said of the alert: who judged the call has read all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.feedback.precision import Count, Tally
from app.feedback.reviews import Key, Review, ReviewKind, SwitchedOff, switched_off
from app.judgements.models import JudgedFinding
from app.models import AlertRow, AlertRule, Call, FindingRow, RuleReview
from detection.types import Severity


async def tallies(session: AsyncSession, since: datetime) -> Sequence[Tally]:
    """Return what each rule and version led to in calls that are over, by the alerts raised from *since* on."""
    reviewed = (
        select(RuleReview.rule, RuleReview.category, func.max(RuleReview.at).label("at"))
        .where(RuleReview.kind == ReviewKind.REVIEWED.value)
        .group_by(RuleReview.rule, RuleReview.category)
        .subquery()
    )
    judged = _judged()
    borne_out = AlertRule.early.is_(False)
    wrong = and_(
        borne_out,
        or_(
            judged.c.borne_out == 0,
            and_(judged.c.borne_out.is_(None), AlertRow.false_alarm.is_(True)),
        ),
    )
    fresh = or_(reviewed.c.at.is_(None), AlertRow.raised_at > reviewed.c.at)
    query = (
        select(
            AlertRule.rule,
            AlertRule.category,
            Call.detector_version,
            Call.policy_version,
            func.max(AlertRule.severity).label("severity"),
            _number_of(borne_out).label("raised"),
            _number_of(wrong).label("false"),
            _number_of(and_(borne_out, fresh)).label("fresh_raised"),
            _number_of(and_(wrong, fresh)).label("fresh_false"),
            _number_of(AlertRule.early.is_(True)).label("withdrawn"),
            func.max(AlertRow.raised_at).label("last_at"),
        )
        .join(AlertRow, AlertRow.id == AlertRule.alert_id)
        .join(Call, Call.id == AlertRow.call_id)
        .outerjoin(
            reviewed,
            and_(reviewed.c.rule == AlertRule.rule, reviewed.c.category == AlertRule.category),
        )
        .outerjoin(
            judged,
            and_(
                judged.c.call_id == AlertRow.call_id,
                judged.c.rule == AlertRule.rule,
                judged.c.category == AlertRule.category,
            ),
        )
        .where(AlertRow.raised_at >= since, Call.ended_at.is_not(None))
        .group_by(AlertRule.rule, AlertRule.category, Call.detector_version, Call.policy_version)
    )
    return [
        Tally(
            rule=row.rule,
            category=row.category,
            detector_version=row.detector_version,
            policy_version=row.policy_version,
            severity=Severity(row.severity),
            count=Count(row.raised, row.false),
            fresh=Count(row.fresh_raised, row.fresh_false),
            withdrawn=row.withdrawn,
            last_at=row.last_at,
        )
        for row in await session.execute(query)
    ]


def _judged() -> Subquery:
    """Return what auditors found each rule to be in each call: 1 where it was right in any sentence, 0 where in none.

    One row for each, whatever the number of findings and of judgements, so that an alert is counted once. Of two
    marks on one finding the later counts.
    """
    last = (
        select(func.max(JudgedFinding.judgement_id).label("id"), JudgedFinding.finding_id)
        .group_by(JudgedFinding.finding_id)
        .subquery()
    )
    right = func.max(case((JudgedFinding.borne_out.is_(True), 1), else_=0))
    return (
        select(FindingRow.call_id, FindingRow.rule, FindingRow.category, right.label("borne_out"))
        .join(JudgedFinding, JudgedFinding.finding_id == FindingRow.id)
        .join(
            last,
            and_(
                last.c.id == JudgedFinding.judgement_id,
                last.c.finding_id == JudgedFinding.finding_id,
            ),
        )
        .group_by(FindingRow.call_id, FindingRow.rule, FindingRow.category)
        .subquery()
    )


def _number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


async def gravest(session: AsyncSession) -> dict[Key, Severity]:
    """Return the gravest that each rule ever found in an alert of this office."""
    found = select(AlertRule.rule, AlertRule.category, func.max(AlertRule.severity).label("most"))
    rows = await session.execute(found.group_by(AlertRule.rule, AlertRule.category))
    return {(row.rule, row.category): Severity(row.most) for row in rows}


async def reviews(session: AsyncSession) -> Sequence[Review]:
    """Return every decision about rules, in the order in which they were made."""
    return [_review(row) for row in await session.scalars(_in_order())]


async def switched_off_at(session: AsyncSession, moment: datetime) -> SwitchedOff:
    """Return the rules that a call which began at *moment* is judged without."""
    rows = await session.scalars(_in_order().where(RuleReview.at <= moment))
    return switched_off(_review(row) for row in rows)


def _in_order() -> Select[RuleReview]:
    return select(RuleReview).order_by(RuleReview.id)


def _review(row: RuleReview) -> Review:
    return Review(
        rule=row.rule,
        category=row.category,
        kind=ReviewKind(row.kind),
        note=row.note,
        by=row.by_login,
        at=row.at,
    )
