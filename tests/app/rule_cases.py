"""Glue: calls with alerts as the tables keep them, so that their rules can be counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import func, select

from app.db import Database
from app.models import AccessToken, AlertRow, AlertRule, Call
from detection.types import Severity
from tests.fakes_clock import MONDAY_MORNING

RULE = "mental.fool_at_you"
CATEGORY = "mental_attack"
QUOTE = "お前は馬鹿か"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Raised:
    """One alert of a rule."""

    rule: str = RULE
    category: str = CATEGORY
    severity: Severity = Severity.WARNING
    false: bool = False
    early: bool = False
    ended: bool = True
    at: datetime = MONDAY_MORNING
    detector_version: str = "d1"


def some(right: int, false: int, rule: str = RULE) -> list[Raised]:
    return [Raised(rule, false=place < false) for place in range(right + false)]


async def keep(database: Database, alerts: Sequence[Raised]) -> None:
    """Store each alert in a call of its own."""
    async with database.transaction() as session:
        token = await session.scalar(select(func.min(AccessToken.id)))
        if token is None:
            token = 1
            session.add(
                AccessToken(
                    id=1, name="x", role="stream", secret_hash="x", created_at=MONDAY_MORNING
                )
            )
            await session.flush()
        numbered = [(next(_numbers), alert) for alert in alerts]
        session.add_all(_call(number, token, alert) for number, alert in numbered)
        await session.flush()
        session.add_all(_alert(number, alert) for number, alert in numbered)
        await session.flush()
        session.add_all(
            AlertRule(
                alert_id=f"{number:032x}",
                rule=alert.rule,
                category=alert.category,
                severity=int(alert.severity),
                early=alert.early,
            )
            for number, alert in numbered
        )


def _call(number: int, token: int, alert: Raised) -> Call:
    return Call(
        id=f"case-{number}",
        token_id=token,
        operator="sato",
        section="市民課",
        stream_format={"encoding": "mulaw", "rate": 8_000, "tracks": ["caller"], "metadata": {}},
        started_at=alert.at - timedelta(minutes=5),
        ended_at=alert.at + timedelta(minutes=5) if alert.ended else None,
        policy_version="p1",
        detector_version=alert.detector_version,
    )


def _alert(number: int, alert: Raised) -> AlertRow:
    return AlertRow(
        id=f"{number:032x}",
        call_id=f"case-{number}",
        key=f"{alert.category}-1",
        level=int(alert.severity),
        categories=[alert.category],
        utterance_id="u",
        quote=QUOTE,
        start_ms=0,
        end_ms=1_000,
        reason="",
        clause="",
        count=3,
        needs_check=alert.early,
        raised_at=alert.at,
        closed_at=None,
        false_alarm=alert.false,
        withdrawn=alert.early,
    )
