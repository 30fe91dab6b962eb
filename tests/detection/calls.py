"""Pure: whole calls as data for tests: who said what, and what it was by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from detection.conversation import CallConversation
from detection.policy import CLAUSES, Policy
from detection.types import (
    Assessment,
    Category,
    Cue,
    Decision,
    Finding,
    Severity,
    Span,
    Speaker,
    Utterance,
)

PLAIN = Policy(name="plain", version="plain-1", title="試験用")
TURN_MS = 5_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance with its assessment; it lasts two seconds."""

    speaker: Speaker
    text: str
    findings: tuple[tuple[Category, int], ...] = ()
    cues: tuple[Cue, ...] = ()
    demand: str = ""
    at_ms: int | None = None
    score: float = 1.0
    confidence: float = 1.0
    rule: str = ""

    def heard(self, number: int) -> tuple[Utterance, Assessment]:
        start_ms = number * TURN_MS if self.at_ms is None else self.at_ms
        utterance = Utterance(
            utterance_id=f"u{number}",
            speaker=self.speaker,
            text=self.text,
            start_ms=start_ms,
            end_ms=start_ms + 2_000,
            confidence=self.confidence,
        )
        findings = tuple(
            Finding(
                category=category,
                severity=Severity(severity),
                span=Span(0, len(self.text)),
                quote=self.text,
                rule=self.rule or f"lexicon.{category.value}",
                clause=CLAUSES[category],
                reason="試験用の理由",
                score=self.score,
            )
            for category, severity in self.findings
        )
        return utterance, Assessment(utterance.utterance_id, findings, self.cues, self.demand)

    def at(self, at_ms: int) -> Turn:
        return replace(self, at_ms=at_ms)


def caller(text: str, *found: tuple[Category, int], cues: Iterable[Cue] = ()) -> Turn:
    return Turn(Speaker.CALLER, text, found, tuple(cues))


def demand(text: str, words: str, *found: tuple[Category, int]) -> Turn:
    return Turn(Speaker.CALLER, text, found, (Cue.DEMAND,), words)


def operator(text: str, *cues: Cue) -> Turn:
    return Turn(Speaker.OPERATOR, text, (), cues)


def play(*turns: Turn, policy: Policy = PLAIN) -> list[Decision]:
    """Return the decision after each of *turns*."""
    return played(*turns, policy=policy)[1]


def played(*turns: Turn, policy: Policy = PLAIN) -> tuple[CallConversation, list[Decision]]:
    """Return the conversation as it stands after *turns*, and the decision after each."""
    conversation = CallConversation(policy, "detector-1")
    return conversation, [
        conversation.hear(*turn.heard(number)) for number, turn in enumerate(turns)
    ]
