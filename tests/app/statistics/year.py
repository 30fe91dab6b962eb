"""Glue: an office's year in the tables: calls of several sections with all that is counted of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.judgements.models import Judgement
from app.models import AccessToken, AlertRow, AlertRule, Call, EventRow, StaffAction
from app.statistics.periods import Month
from app.statistics.rollup import month_span
from detection.types import Category

CATEGORIES = tuple(category.value for category in Category)
APRIL = Month(2026, 4)
_numbers = count(1)


async def stream_token(session: AsyncSession) -> int:
    """Return the id of a token that brought the calls."""
    found = await session.scalar(select(func.min(AccessToken.id)))
    if found is None:
        made = AccessToken(
            name="x", role="stream", secret_hash="x", created_at=datetime(2026, 1, 1, tzinfo=UTC)
        )
        session.add(made)
        await session.flush()
        found = made.id
    return found


def call_row(token: int, at: datetime, **changes: Any) -> dict[str, Any]:
    """Return an ordinary call of five minutes."""
    row: dict[str, Any] = {
        "id": f"year-{next(_numbers)}",
        "token_id": token,
        "operator": "sato",
        "section": "市民課",
        "caller_number": "",
        "called_number": "",
        "stream_format": {"encoding": "mulaw", "rate": 8_000, "tracks": ["caller"]},
        "started_at": at,
        "ended_at": at + timedelta(minutes=5),
        "end_reason": "hangup",
        "duration_ms": 300_000,
        "level": 0,
        "top_level": 0,
        "outcome": "ordinary",
        "warnings_spoken": 0,
        "policy_version": "p1",
        "detector_version": "d1",
    }
    return row | changes


def alert_row(call: dict[str, Any], category: str, level: int, *, false: bool) -> dict[str, Any]:
    return {
        "id": f"alert-{next(_numbers)}",
        "call_id": call["id"],
        "key": f"{category}-1",
        "level": level,
        "categories": [category],
        "utterance_id": "u",
        "quote": "",
        "start_ms": 0,
        "end_ms": 1,
        "reason": "",
        "clause": "",
        "count": 1,
        "needs_check": False,
        "raised_at": call["started_at"],
        "closed_at": None,
        "false_alarm": false,
        "withdrawn": False,
    }


def action_row(
    call: dict[str, Any], kind: str, after_s: int, by: str = "sato", **detail: Any
) -> dict[str, Any]:
    at = call["started_at"] + timedelta(seconds=after_s)
    return {"call_id": call["id"], "kind": kind, "by_login": by, "at": at, "detail": detail}


async def fill_month(
    database: Database,
    month: Month,
    sections: Sequence[str],
    calls: int,
    *,
    seed: int = 0,
    operators: int = 4,
) -> None:
    """Store *calls* of a month, spread over *sections* as an office's days are."""
    chance = random.Random(f"{seed}{month}")
    start, _ = month_span(str(month))
    rows: dict[type, list[dict[str, Any]]] = {
        one: [] for one in (Call, AlertRow, AlertRule, StaffAction, EventRow, Judgement)
    }
    async with database.transaction() as session:
        token = await stream_token(session)
        for _ in range(calls):
            _add_call(rows, chance, token, start, sections, operators)
        for model, found in rows.items():
            for first in range(0, len(found), 2_000):
                await session.execute(insert(model), found[first : first + 2_000])


def _add_call(
    rows: dict[type, list[dict[str, Any]]],
    chance: random.Random,
    token: int,
    start: datetime,
    sections: Sequence[str],
    operators: int,
) -> None:
    place = min(int(chance.expovariate(0.6)), len(sections) - 1)
    hour = min(18.5, max(7.5, chance.gauss(13, 2.6)))
    at = start + timedelta(days=chance.randrange(28), hours=hour)
    suspected = chance.random() < 0.12
    level = chance.choices((1, 2, 3), (6, 3, 1))[0] if suspected else 0
    minutes = chance.expovariate(1 / (22 if suspected else 6)) + 0.5
    call = call_row(
        token,
        at,
        section=sections[place],
        operator=f"op{place}-{chance.randrange(operators)}",
        top_level=level,
        outcome=chance.choices(("ordinary", "legitimate_complaint"), (8, 2))[0],
        duration_ms=round(minutes * 60_000),
        ended_at=at + timedelta(minutes=minutes),
        warnings_spoken=chance.choices((0, 1, 2, 3), (5, 3, 1, 1))[0] if level > 1 else 0,
        caller_hash=f"{chance.randrange(900):064d}" if chance.random() < 0.7 else None,
        caller_key_id="k1",
    )
    rows[Call].append(call)
    if chance.random() < 0.02:
        rows[EventRow].append(
            {
                "type": "gap",
                "call_id": call["id"],
                "at": at,
                "data": {},
                "operator": "",
                "section": "",
            }
        )
    if not suspected:
        if chance.random() < 0.004:
            rows[StaffAction].append(action_row(call, "missed_marked", 60))
        return
    category = chance.choices(CATEGORIES, (5, 3, 1, 9, 7, 8, 4, 1, 1, 3, 2, 2))[0]
    alert = alert_row(call, category, level, false=chance.random() < 0.18)
    rows[AlertRow].append(alert)
    family = chance.choice(("mental", "meaning", "conversation", "intimidation"))
    rows[AlertRule].append(
        {
            "alert_id": alert["id"],
            "rule": f"{family}.x",
            "category": category,
            "severity": level,
            "early": False,
        }
    )
    if chance.random() < 0.35:
        rows[StaffAction].append(action_row(call, "help_requested", 120))
        if chance.random() < 0.85:
            wait_s = round(chance.expovariate(1 / 70)) + 4
            rows[StaffAction].append(action_row(call, "supervisor_joined", 120 + wait_s, by="mori"))
    if level == 3:
        rows[StaffAction].append(action_row(call, "break_proposed", 900, by=""))
        rows[StaffAction].append(action_row(call, "telephone_end", 800, result="done"))
    if chance.random() < 0.6:
        verdict = "not_harassment" if alert["false_alarm"] else "harassment"
        rows[Judgement].append(
            {
                "call_id": call["id"],
                "verdict": verdict if chance.random() < 0.9 else "undecided",
                "opinion": "first",
                "reason": "",
                "callers_side": "",
                "considered": {},
                "second_wanted": False,
                "by_login": "kansa",
                "at": at + timedelta(days=2),
            }
        )
