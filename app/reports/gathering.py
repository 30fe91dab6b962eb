"""Adapter: reads what the record of an ended call holds for its report. Changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.aids.standing import AidKind, aids_of
from app.auth.identity import Identity, Role
from app.callers.deciding import today_in_japan
from app.callers.history import summed_up
from app.callers.measures import LABELS, State, state_of
from app.callers.measures import Kind as MeasureKind
from app.callers.repository import earlier_calls, matters_of, measures_for, standing_of
from app.calls.repository import (
    actions_of,
    alerts_of,
    events_of_call,
    findings_of,
    utterances_of,
)
from app.errors import Unavailable
from app.events import EventType
from app.joining.models import JoinRow
from app.judgements.repository import standing_of as judged_as
from app.models import AlertRow, Call, FindingRow, StaffAction, UtteranceRow
from app.reports.record import CallRecord, Clause, InForce, Moment, Said, Stay, Warned
from app.responses.repository import notice_was_played
from app.screens.words import CATEGORIES, LEVELS
from app.services import Services
from detection.types import CONTENT, Category, Severity

MOST_TURNS: Final = 60
MARK_REACHES_BACK_MS: Final = 15_000
"""A person who marks what was missed presses some seconds after it was said."""
_HELP: Final = {"help_requested": "応援を要請"}


async def call_record(services: Services, session: AsyncSession, call: Call) -> CallRecord:
    """Return what is recorded of *call*, which is over, as the section's supervisor may know it."""
    if call.ended_at is None:
        raise ValueError("a report is of a call that is over")
    actions = await actions_of(session, call.id)
    findings = await findings_of(session, call.id)
    alerts = [row for row in await alerts_of(session, call.id) if not row.withdrawn]
    spoken = await utterances_of(session, call.id)
    stays = (
        await session.scalars(
            select(JoinRow).where(JoinRow.call_id == call.id).order_by(JoinRow.id)
        )
    ).all()
    aids = aids_of(actions)
    matter = (await matters_of(session, [call.id])).get(call.id)
    demand, stated = await _demand(session, call)
    last_24_hours, last_90_days, measures = await _caller(services, session, call)
    judged = (await judged_as(session, [call.id])).get(call.id)
    dismissed = {row.utterance_id for row in alerts if row.false_alarm}
    return CallRecord(
        section=call.section,
        operator=call.operator,
        began_at=call.started_at,
        ended_at=call.ended_at,
        duration_ms=call.duration_ms,
        end_reason=call.end_reason,
        ended_by=_ended_by(actions),
        top_level=call.top_level,
        outcome=call.outcome,
        demand=matter.matter if matter is not None and matter.matter else demand,
        demand_stated=0 if matter is not None and matter.matter else stated,
        answer=matter.answer if matter is not None else "",
        content=_clauses(findings, dismissed, content=True),
        manner=_clauses(findings, dismissed, content=False),
        warnings=await _warnings(session, call),
        stays=tuple(_stay(call, row) for row in stays),
        turns=_turns(call, alerts, actions, stays),
        called_at=aids.called.at if aids.called is not None else None,
        announced=await notice_was_played(
            session, call.id, services.settings.responses.recording_announcements
        ),
        recorded=await _recorded(services, call),
        break_proposed=aids.break_proposed,
        break_answer=_break_answer(actions),
        earlier_24_hours=last_24_hours,
        earlier_90_days=last_90_days,
        number_known=bool(call.caller_hash),
        measures=measures,
        verdict=judged.verdict.value if judged is not None else "",
        verdict_differing=judged is not None and judged.differing,
        policy_version=call.policy_version,
        detector_version=call.detector_version,
        recognisers=tuple(dict.fromkeys(row.model for row in spoken if row.model)),
        said=_said(spoken, findings, dismissed, [one.at_ms for one in aids.missed]),
    )


async def quoted(session: AsyncSession, call: Call, utterance_ids: Iterable[str]) -> list[Said]:
    """Return the sentences *utterance_ids* of *call*, in the order of the call; those that are gone are left out."""
    wanted = set(utterance_ids)
    findings = await findings_of(session, call.id)
    spoken = [row for row in await utterances_of(session, call.id) if row.id in wanted]
    return sorted(_sentences(spoken, findings, set()), key=lambda one: one.start_ms)


async def _demand(session: AsyncSession, call: Call) -> tuple[str, int]:
    """Return the request that detection followed, in the caller's last words for it, and how often it was said."""
    for kind in (EventType.STALEMATE_TICK, EventType.STALEMATE_STARTED):
        told = await events_of_call(session, call.id, kind)
        demand: dict[str, Any] = (told[-1].data.get("demand") or {}) if told else {}
        statements = demand.get("statements") or []
        if statements:
            return str(statements[-1].get("text", "")), int(demand.get("stated", 0))
    return "", 0


async def _caller(
    services: Services, session: AsyncSession, call: Call
) -> tuple[int, int, tuple[InForce, ...]]:
    if not call.caller_hash:
        return 0, 0, ()
    # Whoever fills it in, the report says what its readers in the section may know: not other sections' calls.
    reader = Identity("", "", Role.SUPERVISOR, call.section)
    earlier = await earlier_calls(
        session, {call.caller_hash}, reader, call_id=call.id, began_at=call.started_at
    )
    history = summed_up(earlier, reader, call_began_at=call.started_at, colleagues_answers=False)
    today = today_in_japan(services.clock.now())
    rows = await measures_for(session, {call.caller_hash}, call.section)
    measures = tuple(
        InForce(LABELS[MeasureKind(row.kind)], row.begins_on, row.ends_on)
        for row in rows
        if state_of(standing_of(row), today) is State.IN_FORCE
    )
    return history.last_24_hours, history.last_90_days, measures


async def _warnings(session: AsyncSession, call: Call) -> tuple[Warned, ...]:
    told: dict[int, Warned] = {}
    for event in await events_of_call(session, call.id, EventType.WARNING_SPOKEN):
        number = int(event.data.get("n", event.data["count"]))
        told[number] = Warned(
            number=number,
            at_ms=int(event.data["at_ms"]),
            words=str(event.data.get("text", "")),
            pressed=event.data.get("how", "spoken") != "spoken",
        )
    return tuple(told[number] for number in sorted(told))


async def _recorded(services: Services, call: Call) -> str:
    try:
        found = await services.recordings.find(call.id)
    except Unavailable:
        return "unknown"  # there is one, which nobody can read now
    if found is None:
        return "none"
    return "whole" if all(one.kind == "sound" for one in found.stretches) else "part"


def _said(
    spoken: Sequence[UtteranceRow],
    findings: Sequence[FindingRow],
    dismissed: set[str],
    marked_ms: Sequence[int],
) -> tuple[Said, ...]:
    found = {row.utterance_id for row in findings}
    near = [
        row
        for row in spoken
        if row.id in found
        or any(row.start_ms <= at_ms <= row.end_ms + MARK_REACHES_BACK_MS for at_ms in marked_ms)
    ]
    return tuple(sorted(_sentences(near, findings, dismissed), key=lambda one: one.start_ms))


def _sentences(
    spoken: Sequence[UtteranceRow], findings: Sequence[FindingRow], dismissed: set[str]
) -> list[Said]:
    found: dict[str, list[FindingRow]] = defaultdict(list)
    for row in findings:
        found[row.utterance_id].append(row)
    return [
        Said(
            utterance_id=row.id,
            track=row.track,
            start_ms=row.start_ms,
            end_ms=row.end_ms,
            text=row.text,
            categories=tuple(dict.fromkeys(one.category for one in found[row.id])),
            severity=max((one.severity for one in found[row.id]), default=0),
            false_alarm=row.id in dismissed,
        )
        for row in spoken
    ]


def _clauses(
    findings: Sequence[FindingRow], dismissed: set[str], *, content: bool
) -> tuple[Clause, ...]:
    by_category: dict[str, list[FindingRow]] = defaultdict(list)
    for row in findings:
        counts = row.severity > 0 and row.utterance_id not in dismissed
        if counts and (Category(row.category) in CONTENT) is content:
            by_category[row.category].append(row)
    return tuple(
        Clause(
            category=category,
            clause=rows[-1].clause or CATEGORIES[Category(category)].label,
            severity=max(row.severity for row in rows),
            times=len({row.utterance_id for row in rows}),
        )
        for category, rows in by_category.items()
    )


def _turns(
    call: Call,
    alerts: Sequence[AlertRow],
    actions: Sequence[StaffAction],
    stays: Sequence[JoinRow],
) -> tuple[Moment, ...]:
    turns = [
        Moment(
            row.start_ms,
            f"{'・'.join(CATEGORIES[Category(one)].short for one in row.categories)}のおそれ"
            f"({LEVELS[Severity(row.level)].label})",
        )
        for row in alerts
        if not row.false_alarm
    ]
    turns += [Moment(_at_ms(call, row.at), _HELP[row.kind]) for row in actions if row.kind in _HELP]
    for row in stays:
        turns.append(Moment(_at_ms(call, row.joined_at), "監督者が加わる"))
        if row.left_at is not None and row.left_because == "left":
            turns.append(Moment(_at_ms(call, row.left_at), "監督者が抜ける"))
    return tuple(sorted(turns, key=lambda one: one.at_ms)[:MOST_TURNS])


def _stay(call: Call, row: JoinRow) -> Stay:
    until = _at_ms(call, row.left_at) if row.left_at is not None else None
    return Stay(row.login, _at_ms(call, row.joined_at), until, row.listening)


def _ended_by(actions: Sequence[StaffAction]) -> str:
    ended = [
        row for row in actions if row.kind == "telephone_end" and row.detail.get("result") == "done"
    ]
    return ended[-1].by_login if ended else ""


def _break_answer(actions: Sequence[StaffAction]) -> str:
    for row in reversed(actions):
        if row.kind == AidKind.BREAK_GIVEN:
            return "given"
        if row.kind == AidKind.BREAK_DECLINED:
            return "declined"
    return ""


def _at_ms(call: Call, at: datetime) -> int:
    """Return a moment of the day as one of the call: as exact as the clock of who pressed a button."""
    passed = int((at - call.started_at).total_seconds() * 1000)
    return min(max(0, passed), call.duration_ms or passed)
