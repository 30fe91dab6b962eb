"""Adapter: what one judged utterance leaves in the tables, and the events that say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from sqlalchemy import update

from app.calls.facts import CallFacts, Heard, Lost
from app.calls.standing import Standing
from app.events import EventType
from app.ledger import Entry
from app.models import AlertRow, Call, DecisionRow, FindingRow, UtteranceRow
from app.responses.scripts import Script
from detection.types import Alert, AlertChange, Assessment, Decision, Finding, Utterance

ABOUT_THE_CONVERSATION: Final = "conversation."
"""How the ids of rules begin that look at more than one utterance."""
_ALERT_EVENTS = {
    AlertChange.RAISED: EventType.ALERT_RAISED,
    AlertChange.UPDATED: EventType.ALERT_UPDATED,
    AlertChange.CLOSED: EventType.ALERT_CLOSED,
}


async def add_utterance(entry: Entry, facts: CallFacts, utterance_id: str, heard: Heard) -> None:
    segment, transcript = heard.segment, heard.transcript
    doubts = [doubt.value for doubt in transcript.doubts]
    entry.session.add(
        UtteranceRow(
            id=utterance_id,
            call_id=facts.call_id,
            track=heard.track.value,
            start_ms=segment.start_ms,
            end_ms=segment.end_ms,
            text=transcript.text,
            hypotheses=list(transcript.hypotheses),
            confidence=transcript.confidence,
            doubts=doubts,
            model=transcript.model,
            heard_at=entry.now,
        )
    )
    await entry.session.flush()  # findings and the decision point to it
    entry.tell(
        EventType.TRANSCRIPT_FINAL,
        facts.call_id,
        facts.audience,
        {
            "utterance_id": utterance_id,
            "track": heard.track.value,
            "start_ms": segment.start_ms,
            "end_ms": segment.end_ms,
            "text": transcript.text,
            "confidence": round(transcript.confidence, 3),
            "doubts": doubts,
        },
    )


def add_findings(entry: Entry, facts: CallFacts, utterance_id: str, decision: Decision) -> None:
    for finding in decision.findings:
        rests_on = _utterance_of(finding, decision) or utterance_id
        entry.session.add(
            FindingRow(
                call_id=facts.call_id,
                utterance_id=rests_on,
                category=finding.category.value,
                severity=int(finding.severity),
                span_start=finding.span.start,
                span_end=finding.span.end,
                quote=finding.quote,
                rule=finding.rule,
                clause=finding.clause,
                reason=finding.reason,
                score=finding.score,
            )
        )
        entry.tell(
            EventType.FINDING,
            facts.call_id,
            facts.audience,
            {
                "utterance_id": rests_on,
                "category": finding.category.value,
                "severity": int(finding.severity),
                "start": finding.span.start,
                "end": finding.span.end,
                "quote": finding.quote,
                "rule": finding.rule,
                "clause": finding.clause,
                "reason": finding.reason,
                "score": round(finding.score, 3),
            },
        )


def _utterance_of(finding: Finding, decision: Decision) -> str | None:
    """Return which words a finding about the conversation rests on: not always those just heard."""
    if not finding.rule.startswith(ABOUT_THE_CONVERSATION):
        return None
    return next((a.utterance_id for a in decision.alerts if finding.category in a.categories), None)


def add_decision(
    entry: Entry,
    facts: CallFacts,
    utterance: Utterance,
    assessment: Assessment,
    decision: Decision,
) -> None:
    entry.session.add(
        DecisionRow(
            call_id=facts.call_id,
            utterance_id=utterance.utterance_id,
            at_ms=decision.at_ms,
            level=int(decision.level),
            outcome=decision.outcome.value,
            step=decision.step.value,
            set_aside=list(assessment.set_aside),
            policy_version=decision.policy_version,
            detector_version=decision.detector_version,
            decided_at=entry.now,
        )
    )


async def put_alerts(
    entry: Entry, facts: CallFacts, alert_ids: Mapping[str, str], decision: Decision
) -> dict[str, str]:
    """Store the changed alerts, tell them, and return the public id of every alert key."""
    known = dict(alert_ids)
    for alert in decision.alerts:
        alert_id = known.get(alert.key)
        row = await entry.session.get(AlertRow, alert_id) if alert_id else None
        if row is None:
            alert_id = known[alert.key] = uuid4().hex
            row = AlertRow(id=alert_id, call_id=facts.call_id, key=alert.key, raised_at=entry.now)
            entry.session.add(row)
        _fill(row, alert)
        row.closed_at = entry.now if alert.change is AlertChange.CLOSED else None
        entry.tell(
            _ALERT_EVENTS[alert.change],
            facts.call_id,
            facts.audience,
            {"alert_id": row.id, **alert_fields(row)},
        )
    return known


def _fill(row: AlertRow, alert: Alert) -> None:
    row.level = int(alert.level)
    row.categories = [category.value for category in alert.categories]
    row.utterance_id = alert.utterance_id
    row.quote = alert.quote
    row.start_ms = alert.start_ms
    row.end_ms = alert.end_ms
    row.reason = alert.reason
    row.clause = alert.clause
    row.count = alert.count
    row.needs_check = alert.needs_check


def alert_fields(row: AlertRow) -> dict[str, object]:
    """Return an alert as screens know it, without its id."""
    return {
        "level": row.level,
        "categories": list(row.categories),
        "utterance_id": row.utterance_id,
        "quote": row.quote,
        "start_ms": row.start_ms,
        "end_ms": row.end_ms,
        "reason": row.reason,
        "clause": row.clause,
        "count": row.count,
        "needs_check": row.needs_check,
    }


async def update_call(
    entry: Entry, facts: CallFacts, decision: Decision, standing: Standing
) -> None:
    await entry.session.execute(
        update(Call)
        .where(Call.id == facts.call_id)
        .values(
            level=int(standing.level),
            top_level=int(standing.top_level),
            outcome=standing.outcome.value,
            warnings_spoken=standing.warnings_spoken,
            duration_ms=decision.held_ms,
            policy_version=decision.policy_version,
            detector_version=decision.detector_version,
        )
    )


def tell_gap(entry: Entry, facts: CallFacts, lost: Lost) -> None:
    entry.tell(
        EventType.GAP,
        facts.call_id,
        facts.audience,
        {
            "track": lost.track.value,
            "start_ms": lost.start_ms,
            "end_ms": lost.end_ms,
            "reason": lost.reason.value,
        },
    )


def tell_warning(entry: Entry, facts: CallFacts, decision: Decision, limit: int | None) -> None:
    entry.tell(
        EventType.WARNING_SPOKEN,
        facts.call_id,
        facts.audience,
        {"count": decision.warnings_spoken, "limit": limit, "at_ms": decision.at_ms},
    )


def tell_script(entry: Entry, facts: CallFacts, script: Script | None) -> None:
    data = (
        {
            "script_id": script.id,
            "text": script.text,
            "step": script.step.value,
            "category": script.category.value if script.category else None,
            "draft": script.draft,
        }
        if script
        else {"script_id": "", "text": "", "step": "listen", "category": None, "draft": False}
    )
    entry.tell(EventType.SCRIPT_SUGGESTED, facts.call_id, facts.audience, data)
