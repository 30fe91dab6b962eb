"""Adapter: what one judged utterance leaves in the tables, and the events that say so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import select, update

from app.calls.explaining import Explained
from app.calls.facts import CallFacts, Heard, Lost
from app.calls.standing import Standing
from app.events import EventType
from app.ledger import Entry
from app.models import Call, DecisionRow, FindingRow, UtteranceRow
from app.progress.wording import warning_fields
from app.responses.scripts import NO_SUGGESTION, Suggestion
from detection.types import Assessment, Decision, Outcome, Severity, SpokenWarning, Utterance


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
        {**words_of(utterance_id, heard), "doubts": doubts},
    )


def words_of(utterance_id: str, heard: Heard) -> dict[str, object]:
    """Return what ``transcript.partial`` and ``transcript.final`` both say."""
    return {
        "utterance_id": utterance_id,
        "track": heard.track.value,
        "start_ms": heard.segment.start_ms,
        "end_ms": heard.segment.end_ms,
        "text": heard.transcript.text,
        "confidence": round(heard.transcript.confidence, 3),
    }


def add_findings(entry: Entry, facts: CallFacts, explained: Iterable[Explained]) -> None:
    """Store and tell what was found, each with the words that it rests on."""
    for one in explained:
        finding = one.finding
        if not one.said.utterance_id:
            continue  # nothing was said that a row could point to
        entry.session.add(
            FindingRow(
                call_id=facts.call_id,
                utterance_id=one.said.utterance_id,
                category=finding.category.value,
                severity=int(finding.severity),
                span_start=finding.span.start,
                span_end=finding.span.end,
                quote=finding.quote,
                rule=finding.rule,
                clause=finding.clause,
                reason=finding.reason,
                score=finding.score,
                explanation=one.explanation.fields(),
            )
        )
        entry.tell(
            EventType.FINDING,
            facts.call_id,
            facts.audience,
            {
                "utterance_id": one.said.utterance_id,
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
            content=int(decision.content),
            manner=int(decision.manner),
            step=decision.step.value,
            set_aside=[str(aside) for aside in assessment.set_aside],
            policy_version=decision.policy_version,
            detector_version=decision.detector_version,
            decided_at=entry.now,
        )
    )


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
            content=int(standing.content),
            manner=int(standing.manner),
            warnings_spoken=standing.warnings_spoken,
            duration_ms=decision.held_ms,
            policy_version=decision.policy_version,
            detector_version=decision.detector_version,
        )
    )


async def take_back_level(entry: Entry, call: Call, facts: CallFacts) -> None:
    """Put *call* back to where its last whole sentence left it, and tell it."""
    last = await entry.session.scalar(
        select(DecisionRow)
        .where(DecisionRow.call_id == call.id)
        .order_by(DecisionRow.id.desc())
        .limit(1)
    )
    standing = Standing(top_level=Severity(call.top_level))
    if last is not None:
        standing = replace(
            standing,
            level=Severity(last.level),
            outcome=Outcome(last.outcome),
            content=Severity(last.content),
            manner=Severity(last.manner),
        )
    if (standing.level, standing.outcome.value) != (call.level, call.outcome):
        call.level, call.outcome = int(standing.level), standing.outcome.value
        call.content, call.manner = int(standing.content), int(standing.manner)
        tell_level(entry, facts, standing)


def tell_level(entry: Entry, facts: CallFacts, standing: Standing) -> None:
    entry.tell(
        EventType.LEVEL_CHANGED,
        facts.call_id,
        facts.audience,
        {
            "level": int(standing.level),
            "outcome": standing.outcome.value,
            "top_level": int(standing.top_level),
            "content": int(standing.content),
            "manner": int(standing.manner),
        },
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


def tell_warnings(
    entry: Entry,
    facts: CallFacts,
    decision: Decision,
    before: Standing,
    limit: int | None,
    count: int | None = None,
) -> None:
    """Tell each warning that *before* did not tell, or by another number.

    One that was pressed and then heard is told again as heard; and those behind one that was heard
    late move up, for whoever is told knows a warning by its number. *count* is how many the record
    counts, where that is not what the decision counts.
    """
    count = decision.warnings_spoken if count is None else count
    known = _numbered(before.warnings, before.warnings_spoken)
    for key, warning in _numbered(decision.warnings, count).items():
        if key in known:
            continue
        number = key[0]
        data = {
            "count": count,
            "limit": limit,
            **warning_fields(number, warning, facts.audience.operator),
        }
        entry.tell(EventType.WARNING_SPOKEN, facts.call_id, facts.audience, data)


def _numbered(
    warnings: Sequence[SpokenWarning], count: int
) -> dict[tuple[int, str, int, str], SpokenWarning]:
    """Return *warnings*, the last of *count*, by what one is known by: its number first."""
    return {
        (number, warning.how, warning.at_ms, warning.utterance_id): warning
        for number, warning in enumerate(warnings, count - len(warnings) + 1)
    }


def tell_script(entry: Entry, facts: CallFacts, script: Suggestion | None) -> None:
    data = script.fields() if script is not None else NO_SUGGESTION
    entry.tell(EventType.SCRIPT_SUGGESTED, facts.call_id, facts.audience, data)
