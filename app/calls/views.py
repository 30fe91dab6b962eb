"""Adapter: reads a call as a screen needs it, complete, with the number of its last event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.callers.history import NumberSight
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


async def calls_view(
    session: AsyncSession,
    calls: Sequence[Call],
    health: Health,
    *,
    seq: int,
    numbers: NumberSight,
) -> CallsOut:
    """*seq* was read before *calls*: what happens between two reads comes again as an event, never not at all."""
    call_ids = [call.id for call in calls]
    words = await last_words(session, call_ids)
    helps = await help_states(session, call_ids)
    return CallsOut(
        calls=[
            _call(call, numbers, helps.get(call.id, False), words.get(call.id)) for call in calls
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
) -> CallDetailOut:
    """*seq* was read before *call*: an end that falls between the two comes again as an event."""
    findings: dict[str, list[FindingOut]] = defaultdict(list)
    for finding in await findings_of(session, call.id):
        findings[finding.utterance_id].append(_finding(finding))
    utterances = await utterances_of(session, call.id)
    actions = await actions_of(session, call.id)
    helps = await help_states(session, [call.id])
    stalemate = await _stalemate_ms(session, call)
    return CallDetailOut(
        call=_call(
            call, numbers, helps.get(call.id, False), utterances[-1].text if utterances else None
        ),
        utterances=[
            UtteranceOut.model_validate(
                {
                    "utterance_id": row.id,
                    "track": row.track,
                    "start_ms": row.start_ms,
                    "end_ms": row.end_ms,
                    "text": row.text,
                    "confidence": row.confidence,
                    "doubts": row.doubts,
                    "findings": findings[row.id],
                }
            )
            for row in utterances
        ],
        alerts=[_alert(row) for row in await alerts_of(session, call.id)],
        gaps=[
            GapOut.model_validate(event.data)
            for event in await events_of_call(session, call.id, EventType.GAP)
        ],
        notes=[
            NoteOut(kind=a.kind, text=str(a.detail.get("text", "")), by=a.by_login, at=a.at)
            for a in actions
        ],
        script=await _script(session, call),
        stalemate_ms=stalemate,
        warning_limit=warning_limit,
        health=HealthOut.model_validate(health.fields()),
        seq=seq,
    )


async def findings_view(session: AsyncSession, call: Call) -> FindingsOut:
    """Return everything that was found in *call*, in the order in which it was found."""
    spoken = {row.id: row for row in await utterances_of(session, call.id)}
    return FindingsOut(
        findings=[
            ExplainedFindingOut.model_validate(
                {
                    **_finding(row).model_dump(),
                    "start_ms": spoken[row.utterance_id].start_ms,
                    "end_ms": spoken[row.utterance_id].end_ms,
                    "explanation": row.explanation,
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
) -> CallOut:
    return CallOut(
        call_id=call.id,
        operator=call.operator,
        section=call.section,
        caller_number=numbers.of_call(call),
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
        last_words=words,
    )


def _finding(row: FindingRow) -> FindingOut:
    return FindingOut(
        utterance_id=row.utterance_id,
        category=row.category,
        severity=row.severity,
        start=row.span_start,
        end=row.span_end,
        quote=row.quote,
        rule=row.rule,
        clause=row.clause,
        reason=row.reason,
        score=row.score,
    )


def _alert(row: AlertRow) -> AlertOut:
    return AlertOut.model_validate(
        {
            "alert_id": row.id,
            **alert_fields(row),
            "state": "open" if row.closed_at is None else "closed",
            "false_alarm": row.false_alarm,
            "raised_at": row.raised_at,
        }
    )
