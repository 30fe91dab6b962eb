"""Adapter: every query about calls. Takes a session, commits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity, Role
from app.events import EventType
from app.models import (
    AlertRow,
    Call,
    CallTrack,
    DecisionRow,
    EventRow,
    FindingRow,
    StaffAction,
    UtteranceRow,
)


async def call_by_id(session: AsyncSession, call_id: str) -> Call | None:
    return await session.get(Call, call_id)


async def tracks_of(session: AsyncSession, call_id: str) -> dict[str, int]:
    """Return ``{track: judged_ms}``."""
    rows = await session.scalars(select(CallTrack).where(CallTrack.call_id == call_id))
    return {row.track: row.judged_ms for row in rows}


async def advance_tracks(session: AsyncSession, call_id: str, judged_ms: dict[str, int]) -> None:
    for track, at_ms in judged_ms.items():
        await session.execute(
            update(CallTrack)
            .where(
                CallTrack.call_id == call_id, CallTrack.track == track, CallTrack.judged_ms < at_ms
            )
            .values(judged_ms=at_ms)
        )


async def unfinished_calls(session: AsyncSession) -> Sequence[Call]:
    return (await session.scalars(select(Call).where(Call.ended_at.is_(None)))).all()


def visible(query: Select[Call], identity: Identity) -> Select[Call]:
    """Keep what ``app.auth.visibility.may_see`` allows; the two are tested against each other."""
    match identity.role:
        case Role.OPERATOR:
            return query.where(Call.operator == identity.login)
        case Role.SUPERVISOR:
            return query.where(Call.section == identity.section)
        case Role.AUDITOR:
            ended = query.where(Call.ended_at.is_not(None))
            return ended.where(Call.section == identity.section) if identity.section else ended
        case _:
            return query.where(Call.id.is_(None))


async def visible_calls(
    session: AsyncSession,
    identity: Identity,
    *,
    live: bool | None,
    before: datetime | None,
    limit: int,
) -> Sequence[Call]:
    """Return calls that *identity* may see, latest first."""
    query = visible(select(Call), identity)
    if live is not None:
        query = query.where(Call.ended_at.is_(None) if live else Call.ended_at.is_not(None))
    if before is not None:
        query = query.where(Call.started_at < before)
    query = query.order_by(Call.started_at.desc(), Call.id).limit(limit)
    return (await session.scalars(query)).all()


async def last_words(session: AsyncSession, call_ids: Sequence[str]) -> dict[str, str]:
    """Return the last utterance of each call."""
    latest = (
        select(
            UtteranceRow.call_id,
            UtteranceRow.text,
            func.row_number()
            .over(partition_by=UtteranceRow.call_id, order_by=UtteranceRow.end_ms.desc())
            .label("place"),
        )
        .where(UtteranceRow.call_id.in_(call_ids))
        .subquery()
    )
    rows = await session.execute(select(latest.c.call_id, latest.c.text).where(latest.c.place == 1))
    return {row.call_id: row.text for row in rows}


async def utterances_of(session: AsyncSession, call_id: str) -> Sequence[UtteranceRow]:
    query = select(UtteranceRow).where(UtteranceRow.call_id == call_id)
    return (await session.scalars(query.order_by(UtteranceRow.end_ms, UtteranceRow.id))).all()


async def utterances_as_judged(session: AsyncSession, call_id: str) -> Sequence[UtteranceRow]:
    """Return the utterances in the order in which they were judged."""
    query = (
        select(UtteranceRow)
        .join(DecisionRow, DecisionRow.utterance_id == UtteranceRow.id)
        .where(UtteranceRow.call_id == call_id)
        .order_by(DecisionRow.id)
    )
    return (await session.scalars(query)).all()


async def findings_of(session: AsyncSession, call_id: str) -> Sequence[FindingRow]:
    query = select(FindingRow).where(FindingRow.call_id == call_id)
    return (await session.scalars(query.order_by(FindingRow.id))).all()


async def alerts_of(session: AsyncSession, call_id: str) -> Sequence[AlertRow]:
    query = select(AlertRow).where(AlertRow.call_id == call_id)
    return (await session.scalars(query.order_by(AlertRow.raised_at, AlertRow.id))).all()


async def alert_with_call(session: AsyncSession, alert_id: str) -> tuple[AlertRow, Call] | None:
    query = select(AlertRow, Call).join(Call, Call.id == AlertRow.call_id)
    row = (await session.execute(query.where(AlertRow.id == alert_id))).first()
    return (row[0], row[1]) if row is not None else None


async def actions_of(session: AsyncSession, call_id: str) -> Sequence[StaffAction]:
    query = select(StaffAction).where(StaffAction.call_id == call_id)
    return (await session.scalars(query.order_by(StaffAction.id))).all()


async def help_states(session: AsyncSession, call_ids: Sequence[str]) -> dict[str, bool]:
    """Say for each call whether help is asked for now."""
    query = (
        select(StaffAction.call_id, StaffAction.kind)
        .where(
            StaffAction.call_id.in_(call_ids),
            or_(StaffAction.kind == "help_requested", StaffAction.kind == "help_withdrawn"),
        )
        .order_by(StaffAction.id)
    )
    return {call_id: kind == "help_requested" for call_id, kind in await session.execute(query)}


async def last_seq(session: AsyncSession) -> int:
    return await session.scalar(select(func.max(EventRow.seq))) or 0


async def events_after(
    session: AsyncSession,
    seq: int,
    limit: int,
    *,
    eyes: Identity | None = None,
    call_id: str | None = None,
) -> Sequence[EventRow]:
    """Return what was told after *seq*: to *eyes*, of *call_id*, where these are given.

    Left to the database, for a screen that slept over a weekend has missed what the whole office was told.
    """
    query = select(EventRow).where(EventRow.seq > seq)
    if call_id is not None:
        query = query.where(EventRow.call_id == call_id)
    if eyes is not None:
        query = _told_to(query, eyes)
    return (await session.scalars(query.order_by(EventRow.seq).limit(limit))).all()


def _told_to(query: Select[EventRow], eyes: Identity) -> Select[EventRow]:
    """Keep what ``app.screens.screen_ws.View`` lets through; the two are tested against each other."""
    match eyes.role:
        case Role.OPERATOR:
            return query.where(EventRow.operator == eyes.login, EventRow.operator != "")
        case Role.SUPERVISOR:
            return query.where(EventRow.section == eyes.section)
        case Role.AUDITOR:
            ends = query.where(EventRow.type == EventType.CALL_ENDED.value)
            return ends.where(EventRow.section == eyes.section) if eyes.section else ends
        case _:
            return query.where(EventRow.seq < 0)


async def events_of_call(
    session: AsyncSession, call_id: str, kind: EventType
) -> Sequence[EventRow]:
    query = select(EventRow).where(EventRow.call_id == call_id, EventRow.type == kind.value)
    return (await session.scalars(query.order_by(EventRow.seq))).all()
