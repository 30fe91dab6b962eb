"""Glue: live calls written straight into the tables, for boards that are larger than a test can speak."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import AccessToken, AlertRow, Call, EventRow, StaffAction, UtteranceRow
from tests.app.running import SECTION


async def token_of(session: AsyncSession, at: datetime) -> int:
    """Return a stream token that calls can belong to."""
    found = await session.scalar(select(AccessToken.id).limit(1))
    if found is not None:
        return found
    row = AccessToken(
        name="t", role="stream", section=SECTION, secret_hash="h", created_at=at, last_used_at=None
    )
    session.add(row)
    await session.flush()
    return row.id


async def add_live_calls(
    session: AsyncSession,
    at: datetime,
    *,
    count: int,
    utterances: int = 0,
    events: int = 0,
    section: str = SECTION,
    prefix: str = "c",
    **facts: Any,
) -> list[str]:
    """Write *count* live calls, each with so many sentences and events; return their ids, oldest first."""
    token_id = await token_of(session, at)
    call_ids = [f"{prefix}-{index:04d}" for index in range(count)]
    calls = [
        {
            "id": call_id,
            "token_id": token_id,
            "operator": f"op{index}",
            "section": section,
            "stream_format": {"tracks": ["caller"], "encoding": "mulaw", "rate": 8000},
            "started_at": at - timedelta(minutes=60, seconds=-index),
            **facts,
        }
        for index, call_id in enumerate(call_ids)
    ]
    await session.execute(insert(Call), calls)
    said: list[dict[str, Any]] = [
        {
            "id": f"{call_id}.{turn}",
            "call_id": call_id,
            "track": "caller" if turn % 2 == 0 else "operator",
            "start_ms": turn * 5_000,
            "end_ms": turn * 5_000 + 4_000,
            "text": f"{turn}番目の発話です。",
            "hypotheses": [],
            "confidence": 0.9,
            "doubts": [],
            "model": "m",
            "heard_at": at,
        }
        for call_id in call_ids
        for turn in range(utterances)
    ]
    told: list[dict[str, Any]] = [
        {
            "type": "stalemate.tick" if turn % 50 == 49 else "transcript.final",
            "call_id": call_id,
            "at": at,
            "data": {"stalemate_ms": turn * 1_000} if turn % 50 == 49 else {"text": "発話です。"},
            "operator": "",
            "section": section,
        }
        for turn in range(events)
        for call_id in call_ids
    ]
    for table, rows in ((UtteranceRow, said), (EventRow, told)):
        if rows:
            await session.execute(insert(table), rows)
    return call_ids


def alert_row(call_id: str, category: str, level: int, at: datetime) -> AlertRow:
    return AlertRow(
        id=f"{call_id}.{category}",
        call_id=call_id,
        key=category,
        level=level,
        categories=[category],
        utterance_id="",
        quote="",
        start_ms=0,
        end_ms=1,
        reason="",
        clause="",
        count=1,
        needs_check=False,
        raised_at=at,
        closed_at=None,
    )


def action_row(call_id: str, kind: str, by: str, at: datetime, text: str = "") -> StaffAction:
    return StaffAction(call_id=call_id, kind=kind, by_login=by, at=at, detail={"text": text})
