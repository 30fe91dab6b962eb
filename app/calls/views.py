"""Adapter: reads a call as a screen needs it, complete, with the number of its last event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.callers.history import NumberSight
from app.callers.number import masked
from app.calls.alert_rows import alert_fields
from app.calls.repository import (
    actions_of,
    alerts_of,
    events_of_call,
    findings_of,
    help_states,
    last_words,
    utterances_of,
)
from app.calls.schemas import (
    AlertOut,
    CallDetailOut,
    CallOut,
    CallsOut,
    ExplainedFindingOut,
    FindingOut,
    FindingsOut,
    GapOut,
    HealthOut,
    NoteOut,
    ScriptOut,
    UtteranceOut,
)
from app.events import EventType
from app.health import Health
from app.models import AlertRow, Call, FindingRow
from app.privacy.sight import COVERED, TextSight
from app.review.covering import CoveredCall


async def calls_view(
    session: AsyncSession,
    calls: Sequence[Call],
    health: Health,
    *,
    seq: int,
    numbers: NumberSight,
    sights: Mapping[str, TextSight] | None = None,
) -> CallsOut:
    """*seq* was read before *calls*: what happens between two reads comes again as an event, never not at all.

    A call for which *sights* says nothing is read covered.
    """
    sights = sights or {}
    call_ids = [call.id for call in calls]
    words = await last_words(session, call_ids)
    helps = await help_states(session, call_ids)
    return CallsOut(
        calls=[
            _call(
                call,
                numbers,
                helps.get(call.id, False),
                words.get(call.id),
                sights.get(call.id, COVERED),
            )
            for call in calls
        ],
        health=HealthOut.model_validate(health.fields()),
        seq=seq,
    )


async def call_view(
    session: AsyncSession,
    call: Call,
    health: Health,
    warning_limit: int | None,
    *,
    seq: int,
    numbers: NumberSight,
    sight: TextSight,
) -> CallDetailOut:
    """*seq* was read before *call*: an end that falls between the two comes again as an event."""
    utterances = await utterances_of(session, call.id)
    read = CoveredCall(sight)
    words = {row.id: read.said(row.id, row.text) for row in utterances}
    findings: dict[str, list[FindingOut]] = defaultdict(list)
    for finding in await findings_of(session, call.id):
        findings[finding.utterance_id].append(_finding(finding, read))
    actions = await actions_of(session, call.id)
    helps = await help_states(session, [call.id])
    stalemate = await _stalemate_ms(session, call)
    return CallDetailOut(
        call=_call(
            call,
            numbers,
            helps.get(call.id, False),
            utterances[-1].text if utterances else None,
            sight,
        ),
        utterances=[
            UtteranceOut.model_validate(
                {
                    "utterance_id": row.id,
                    "track": row.track,
                    "start_ms": row.start_ms,
                    "end_ms": row.end_ms,
                    "text": words[row.id],
                    "confidence": row.confidence,
                    "doubts": row.doubts,
                    "findings": findings[row.id],
                }
            )
            for row in utterances
        ],
        alerts=[_alert(row, read) for row in await alerts_of(session, call.id)],
        gaps=[
            GapOut.model_validate(event.data)
            for event in await events_of_call(session, call.id, EventType.GAP)
        ],
        notes=[
            NoteOut(
                kind=a.kind,
                text=read.other(str(a.detail.get("text", ""))),
                by=a.by_login,
                at=a.at,
            )
            for a in actions
        ],
        script=await _script(session, call),
        stalemate_ms=stalemate,
        warning_limit=warning_limit,
        health=HealthOut.model_validate(health.fields()),
        seq=seq,
    )


async def findings_view(session: AsyncSession, call: Call, sight: TextSight) -> FindingsOut:
    """Return everything that was found in *call*, in the order in which it was found."""
    spoken = {row.id: row for row in await utterances_of(session, call.id)}
    read = CoveredCall(sight)
    for row in spoken.values():
        read.said(row.id, row.text)
    return FindingsOut(
        findings=[
            ExplainedFindingOut.model_validate(
                {
                    **(found := _finding(row, read)).model_dump(),
                    "start_ms": spoken[row.utterance_id].start_ms,
                    "end_ms": spoken[row.utterance_id].end_ms,
                    "explanation": read.explanation(row.explanation, row.quote, found.quote),
                }
            )
            for row in await findings_of(session, call.id)
        ]
    )


async def _script(session: AsyncSession, call: Call) -> ScriptOut | None:
    if call.ended_at is not None:
        return None
    told = await events_of_call(session, call.id, EventType.SCRIPT_SUGGESTED)
    data: dict[str, Any] = dict(told[-1].data) if told else {}
    return ScriptOut.model_validate(data) if data.get("text") else None


async def _stalemate_ms(session: AsyncSession, call: Call) -> int:
    if call.ended_at is not None:
        return 0
    ticks = [
        *await events_of_call(session, call.id, EventType.STALEMATE_STARTED),
        *await events_of_call(session, call.id, EventType.STALEMATE_TICK),
    ]
    latest = max(ticks, key=lambda row: row.seq, default=None)
    return int(latest.data["stalemate_ms"]) if latest else 0


def _call(
    call: Call,
    numbers: NumberSight,
    help_requested: bool,  # noqa: FBT001 - one fact of the row
    words: str | None,
    sight: TextSight,
) -> CallOut:
    number = numbers.of_call(call)
    return CallOut(
        call_id=call.id,
        operator=call.operator,
        section=call.section,
        # Who reads the words covered reads no number either that may stand under a cover.
        caller_number=number if sight.whole else masked(number),
        started_at=call.started_at,
        ended_at=call.ended_at,
        end_reason=call.end_reason,
        duration_ms=call.duration_ms,
        level=call.level,
        top_level=call.top_level,
        outcome=call.outcome,
        content=call.content,
        manner=call.manner,
        warnings_spoken=call.warnings_spoken,
        help_requested=help_requested,
        last_words=sight.of(words) if words is not None else None,
    )


def _finding(row: FindingRow, read: CoveredCall) -> FindingOut:
    return FindingOut(
        utterance_id=row.utterance_id,
        category=row.category,
        severity=row.severity,
        start=row.span_start,
        end=row.span_end,
        quote=read.quote(row.utterance_id, row.quote, row.span_start),
        rule=row.rule,
        clause=row.clause,
        reason=row.reason,
        score=row.score,
    )


def _alert(row: AlertRow, read: CoveredCall) -> AlertOut:
    quote = read.quote(row.utterance_id, row.quote)
    return AlertOut.model_validate(
        {
            "alert_id": row.id,
            **alert_fields(row),
            "quote": quote,
            "explanation": read.explanation(row.explanation, row.quote, quote),
            "state": "open" if row.closed_at is None else "closed",
            "false_alarm": row.false_alarm,
            "raised_at": row.raised_at,
        }
    )
