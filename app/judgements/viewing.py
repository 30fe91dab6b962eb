"""Adapter: what was judged of one call, and which calls wait for a judgement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, and_, case, distinct, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.aids.standing import AidKind
from app.auth.identity import Identity
from app.calls.repository import findings_of, utterances_of, visible
from app.judgements.judging import why_not
from app.judgements.models import JudgedFinding, Judgement
from app.judgements.opinions import Opinion, Verdict
from app.judgements.repository import judgements_of, standing_of
from app.judgements.schemas import (
    Considered,
    JudgeableFindingOut,
    JudgedFindingIn,
    JudgementOut,
    JudgementsOut,
    WaitingCallOut,
    WaitingCallsOut,
    standing_out,
)
from app.models import Call, StaffAction, User
from app.privacy.sight import TextSight
from app.review.covering import CoveredCall
from detection.types import Severity

HELP: Final = "help_requested"


class Waiting(StrEnum):
    """Which calls are listed."""

    WAITING = "waiting"
    """All that wait for somebody: unjudged, differing, or a second opinion asked for."""
    UNJUDGED = "unjudged"
    DIFFERING = "differing"
    SECOND_WANTED = "second_wanted"
    UNDECIDED = "undecided"
    """Judged 判断保留, by nobody contradicted."""
    JUDGED = "judged"
    """該当 or 非該当."""


@dataclass(frozen=True, slots=True)
class Wanted:
    show: Waiting = Waiting.WAITING
    section: str | None = None
    offset: int = 0
    limit: int = 50


async def judgements_view(
    session: AsyncSession, identity: Identity, call: Call, sight: TextSight
) -> JudgementsOut:
    """Return everything that was judged of *call*, and its findings as *sight* reads them."""
    rows = await judgements_of(session, call.id)
    marks: dict[int, list[JudgedFindingIn]] = defaultdict(list)
    last: dict[int, bool] = {}
    query = select(JudgedFinding).where(JudgedFinding.call_id == call.id)
    ordered = query.order_by(JudgedFinding.judgement_id, JudgedFinding.finding_id)
    for mark in await session.scalars(ordered):
        one = JudgedFindingIn(finding_id=mark.finding_id, right=mark.borne_out)
        marks[mark.judgement_id].append(one)
        last[mark.finding_id] = mark.borne_out
    names = await _names(session, {row.by_login for row in rows})
    covered, begun = CoveredCall(sight), dict[str, int]()
    for spoken in await utterances_of(session, call.id):
        covered.said(spoken.id, spoken.text)
        begun[spoken.id] = spoken.start_ms
    refused = why_not(identity, call, rows)
    return JudgementsOut(
        call_id=call.id,
        standing=standing_out((await standing_of(session, [call.id])).get(call.id)),
        judgements=[
            JudgementOut(
                judgement_id=row.id,
                verdict=Verdict(row.verdict),
                opinion=Opinion(row.opinion),
                reason=row.reason,
                callers_side=row.callers_side,
                considered=Considered.model_validate(row.considered),
                second_wanted=row.second_wanted,
                findings=marks[row.id],
                by=row.by_login,
                by_name=names.get(row.by_login, ""),
                mine=row.by_login == identity.login,
                at=row.at,
            )
            for row in rows
        ],
        findings=[
            JudgeableFindingOut(
                finding_id=row.id,
                utterance_id=row.utterance_id,
                category=row.category,
                severity=row.severity,
                rule=row.rule,
                quote=covered.quote(row.utterance_id, row.quote, row.span_start),
                reason=row.reason,
                start_ms=begun[row.utterance_id],
                right=last.get(row.id),
            )
            for row in await findings_of(session, call.id)
        ],
        may_judge=not refused,
        why_not=refused,
        seen=len(rows),
    )


async def waiting_view(
    session: AsyncSession, identity: Identity, wanted: Wanted
) -> WaitingCallsOut:
    """Return the calls that *identity* may judge or give an opinion on, the oldest first."""
    mine = visible(select(Call), identity).where(Call.ended_at.is_not(None))
    sections = await session.scalars(
        mine.with_only_columns(Call.section).distinct().order_by(Call.section)
    )
    query = mine.where(await _which(session, wanted.show))
    if wanted.section is not None:
        query = query.where(Call.section == wanted.section)
    total = await session.scalar(select(func.count()).select_from(query.subquery()))
    page = query.order_by(Call.started_at, Call.id).offset(wanted.offset).limit(wanted.limit)
    calls = (await session.scalars(page)).all()
    ids = [call.id for call in calls]
    stands = await standing_of(session, ids)
    deeds = await _deeds(session, ids)
    return WaitingCallsOut(
        calls=[
            WaitingCallOut(
                call_id=call.id,
                section=call.section,
                started_at=call.started_at,
                duration_ms=call.duration_ms,
                top_level=call.top_level,
                outcome=call.outcome,
                help_requested=deeds[call.id][HELP] > 0,
                missed=deeds[call.id][AidKind.MISSED] > deeds[call.id][AidKind.MISSED_UNDONE],
                standing=standing_out(stands.get(call.id)),
            )
            for call in calls
        ],
        total=total or 0,
        sections=list(sections),
    )


async def opinions_asked(session: AsyncSession, identity: Identity) -> int:
    """Return for how many calls somebody asks an opinion that *identity* could give: seen, and not their own."""
    asking = select(Judgement.call_id).where(Judgement.second_wanted.is_(True)).distinct()
    stands = await standing_of(session, (await session.scalars(asking)).all())
    theirs = [
        call_id
        for call_id, one in stands.items()
        if one.second_wanted and one.asked_by != identity.login
    ]
    seen = visible(select(Call), identity).where(
        Call.ended_at.is_not(None), Call.operator != identity.login, Call.id.in_(theirs)
    )
    return await session.scalar(select(func.count()).select_from(seen.subquery())) or 0


async def _which(session: AsyncSession, show: Waiting) -> ColumnElement[bool]:
    judged = select(Judgement.call_id)
    helped = select(StaffAction.call_id).where(StaffAction.kind == HELP)
    by = case((StaffAction.kind == AidKind.MISSED.value, 1), else_=-1)
    missed = (
        select(StaffAction.call_id)
        .where(StaffAction.kind.in_([AidKind.MISSED.value, AidKind.MISSED_UNDONE.value]))
        .group_by(StaffAction.call_id)
        .having(func.sum(by) > 0)  # a mark that was taken back is none
    )
    unjudged = and_(
        Call.id.not_in(judged),
        or_(Call.top_level >= int(Severity.WARNING), Call.id.in_(helped), Call.id.in_(missed)),
    )
    match show:
        case Waiting.UNJUDGED:
            return unjudged
        case Waiting.WAITING:
            waits = await _standing_as(session, differing=True, second_wanted=True)
            return or_(unjudged, Call.id.in_(waits))
        case Waiting.DIFFERING:
            return Call.id.in_(await _standing_as(session, differing=True))
        case Waiting.SECOND_WANTED:
            return Call.id.in_(await _standing_as(session, second_wanted=True))
        case Waiting.UNDECIDED:
            return Call.id.in_(await _standing_as(session, undecided=True))
        case Waiting.JUDGED:
            open_ones = await _standing_as(session, differing=True, undecided=True)
            return and_(Call.id.in_(judged), Call.id.not_in(open_ones))


async def _standing_as(
    session: AsyncSession,
    *,
    differing: bool = False,
    second_wanted: bool = False,
    undecided: bool = False,
) -> Sequence[str]:
    """Return the calls that stand in one of these ways, asking only for those that may."""
    several = (
        select(Judgement.call_id)
        .group_by(Judgement.call_id)
        .having(func.count(distinct(Judgement.by_login)) > 1)
    )
    asked = select(Judgement.call_id).where(
        or_(
            Judgement.second_wanted.is_(True) if second_wanted else false(),
            Judgement.verdict == Verdict.UNDECIDED.value if undecided else false(),
            Judgement.call_id.in_(several),
        )
    )
    stands = await standing_of(session, (await session.scalars(asked.distinct())).all())
    return [
        call_id
        for call_id, one in stands.items()
        if (differing and one.differing)
        or (second_wanted and one.second_wanted)
        or (undecided and one.verdict is Verdict.UNDECIDED and not one.differing)
    ]


async def _deeds(session: AsyncSession, call_ids: Sequence[str]) -> dict[str, Counter[str]]:
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    query = select(StaffAction.call_id, StaffAction.kind).where(
        StaffAction.call_id.in_(call_ids),
        StaffAction.kind.in_([HELP, AidKind.MISSED.value, AidKind.MISSED_UNDONE.value]),
    )
    for call_id, kind in await session.execute(query):
        kinds[call_id][kind] += 1
    return kinds


async def _names(session: AsyncSession, logins: set[str]) -> dict[str, str]:
    query = select(User.login, User.display_name).where(User.login.in_(logins))
    return {row.login: row.display_name for row in await session.execute(query)}
