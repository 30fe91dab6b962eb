"""Adapter: everything that the tables keep of one ended call, read in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.repository import actions_of, alerts_of, events_of_call, findings_of
from app.events import EventType
from app.joining.models import JoinRow
from app.models import AlertRow, Call, DecisionRow, FindingRow, StaffAction, UtteranceRow
from app.progress.reading import recorded_warnings


@dataclass(frozen=True, slots=True)
class Said:
    utterance_id: str
    track: str
    start_ms: int
    end_ms: int
    text: str
    confidence: float
    doubts: list[str]
    model: str
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    at_ms: int
    level: int
    outcome: str
    content: int
    manner: int
    step: str
    policy_version: str
    detector_version: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """An event that no table keeps otherwise."""

    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallRecords:
    call: Call
    said: Sequence[Said]
    """In the order of the sound."""
    findings: Sequence[FindingRow]
    decided: Sequence[Decided]
    """In the order in which it was decided."""
    alerts: Sequence[AlertRow]
    actions: Sequence[StaffAction]
    stays: Sequence[JoinRow]
    warnings: Sequence[dict[str, Any]]
    gaps: Sequence[Told]
    stalemates: Sequence[tuple[bool, Told]]
    """Whether it is the first of a standstill, and what was told."""


async def records_of(session: AsyncSession, call: Call) -> CallRecords:
    """Return them; one row of each table at a time would be ten thousand questions for three hours."""
    stays = select(JoinRow).where(JoinRow.call_id == call.id).order_by(JoinRow.id)
    started = await events_of_call(session, call.id, EventType.STALEMATE_STARTED)
    ticks = await events_of_call(session, call.id, EventType.STALEMATE_TICK)
    stood = sorted([*started, *ticks], key=lambda event: event.seq)
    return CallRecords(
        call=call,
        said=await _said(session, call.id),
        findings=await findings_of(session, call.id),
        decided=await _decided(session, call.id),
        alerts=await alerts_of(session, call.id),
        actions=await actions_of(session, call.id),
        stays=(await session.scalars(stays)).all(),
        warnings=await recorded_warnings(session, call),
        gaps=[
            Told(event.at, dict(event.data))
            for event in await events_of_call(session, call.id, EventType.GAP)
        ],
        stalemates=[
            (event.type == EventType.STALEMATE_STARTED.value, Told(event.at, dict(event.data)))
            for event in stood
        ],
    )


async def _said(session: AsyncSession, call_id: str) -> Sequence[Said]:
    # Columns, not rows: what the recogniser also considered is as long again, and nobody reads it here.
    query = select(
        UtteranceRow.id,
        UtteranceRow.track,
        UtteranceRow.start_ms,
        UtteranceRow.end_ms,
        UtteranceRow.text,
        UtteranceRow.confidence,
        UtteranceRow.doubts,
        UtteranceRow.model,
        UtteranceRow.heard_at,
    ).where(UtteranceRow.call_id == call_id)
    ordered = query.order_by(UtteranceRow.start_ms, UtteranceRow.end_ms, UtteranceRow.id)
    return [Said(*row) for row in await session.execute(ordered)]


async def _decided(session: AsyncSession, call_id: str) -> Sequence[Decided]:
    query = select(
        DecisionRow.at_ms,
        DecisionRow.level,
        DecisionRow.outcome,
        DecisionRow.content,
        DecisionRow.manner,
        DecisionRow.step,
        DecisionRow.policy_version,
        DecisionRow.detector_version,
        DecisionRow.decided_at,
    ).where(DecisionRow.call_id == call_id)
    return [Decided(*row) for row in await session.execute(query.order_by(DecisionRow.id))]
