"""Glue: calls that are over, as the tables keep them, told in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import func, select

from app.db import Database
from app.models import (
    AccessToken,
    AlertRow,
    AlertRule,
    Call,
    DecisionRow,
    FindingRow,
    StaffAction,
    UtteranceRow,
)
from tests.fakes_clock import MONDAY_MORNING

RUDE = "お前は馬鹿か"
RULE = "mental.fool_at_you"
CATEGORY = "mental_attack"


@dataclass(frozen=True, slots=True)
class Past:
    """One call: what was said in turn, the caller first, and where it ended."""

    call_id: str
    said: tuple[str, ...] = ("お世話になっております", "市民課でございます", RUDE)
    section: str = "市民課"
    operator: str = "sato"
    top_level: int = 2
    at: datetime = MONDAY_MORNING
    ended: bool = True
    marks: tuple[str, ...] = ()
    """Kinds of what people did."""
    found: tuple[int, ...] = (2,)
    """Places of the utterances in which ``RULE`` found something."""
    false_alarm: bool = False
    detail: dict[str, object] = field(default_factory=dict)


async def keep_calls(database: Database, calls: Sequence[Past]) -> None:
    """Store *calls* with their utterances, decisions, findings and one alert where something was found."""
    async with database.transaction() as session:
        token = await session.scalar(select(func.min(AccessToken.id)))
        if token is None:
            made = AccessToken(name="x", role="stream", secret_hash="x", created_at=MONDAY_MORNING)
            session.add(made)
            await session.flush()
            token = made.id
        for call in calls:
            session.add(_call(call, token))
        await session.flush()
        for call in calls:
            for place, text in enumerate(call.said):
                session.add(_utterance(call, place, text))
            await session.flush()
            for place in range(len(call.said)):
                session.add(_decision(call, place))
            session.add_all(_finding(call, place) for place in call.found)
            session.add_all(
                StaffAction(
                    call_id=call.call_id,
                    kind=kind,
                    by_login=call.operator,
                    at=call.at,
                    detail=call.detail,
                )
                for kind in call.marks
            )
            if call.found:
                alert = _alert(call)
                session.add(alert)
                await session.flush()
                session.add(
                    AlertRule(
                        alert_id=alert.id, rule=RULE, category=CATEGORY, severity=2, early=False
                    )
                )


def _call(call: Past, token: int) -> Call:
    return Call(
        id=call.call_id,
        token_id=token,
        operator=call.operator,
        section=call.section,
        stream_format={"encoding": "mulaw", "rate": 8_000, "tracks": ["caller"], "metadata": {}},
        started_at=call.at,
        ended_at=call.at + timedelta(minutes=5) if call.ended else None,
        duration_ms=len(call.said) * 5_000 + 5_000,
        level=call.top_level,
        top_level=call.top_level,
        outcome="harassment_suspected" if call.top_level >= 2 else "ordinary",
        policy_version="p1",
        detector_version="d1",
    )


def _utterance(call: Past, place: int, text: str) -> UtteranceRow:
    return UtteranceRow(
        id=f"{call.call_id}/{place}",
        call_id=call.call_id,
        track="operator" if place % 2 else "caller",
        start_ms=place * 5_000,
        end_ms=place * 5_000 + 3_000,
        text=text,
        hypotheses=[text],
        confidence=0.9,
        doubts=[],
        model="scripted",
        heard_at=call.at + timedelta(seconds=place * 5 + 3),
    )


def _decision(call: Past, place: int) -> DecisionRow:
    return DecisionRow(
        call_id=call.call_id,
        utterance_id=f"{call.call_id}/{place}",
        at_ms=place * 5_000 + 3_000,
        level=0,
        outcome="ordinary",
        step="listen",
        set_aside=[],
        policy_version="p1",
        detector_version="d1",
        decided_at=call.at,
    )


def _finding(call: Past, place: int) -> FindingRow:
    return FindingRow(
        call_id=call.call_id,
        utterance_id=f"{call.call_id}/{place}",
        category=CATEGORY,
        severity=2,
        span_start=0,
        span_end=len(call.said[place]),
        quote=call.said[place],
        rule=RULE,
        clause="精神的な攻撃",
        reason="侮辱のおそれがあります。",
        score=1.0,
        explanation=None,
    )


def _alert(call: Past) -> AlertRow:
    return AlertRow(
        id=uuid5(NAMESPACE_OID, call.call_id).hex,
        call_id=call.call_id,
        key=f"{CATEGORY}-1",
        level=2,
        categories=[CATEGORY],
        utterance_id=f"{call.call_id}/{call.found[0]}",
        quote=call.said[call.found[0]],
        start_ms=0,
        end_ms=3_000,
        reason="",
        clause="",
        count=1,
        needs_check=False,
        explanation=None,
        raised_at=call.at,
        closed_at=None,
        false_alarm=call.false_alarm,
    )
