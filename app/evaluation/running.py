"""Pure: puts cases through detection as a live call would, and notes what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.evaluation.cases import CallCase, UtteranceCase
from app.evaluation.timing import TimeUnit, spoken_at
from detection.conversation import PERSISTENCE, CallConversation
from detection.explanation import Circumstances, explain
from detection.measures import JudgedCall, JudgedUtterance
from detection.policy import Policy
from detection.ports import Detector
from detection.rule_book import load_rule_book
from detection.types import Alert, AlertChange, Category, Finding, Severity, Speaker, Utterance
from detection.weighing import counted

Advance = Callable[[], None]
"""Called once a case: moves the progress bar."""

TICK_MS: Final = 5_000
"""As often as a live call lets its conversation notice the time."""
_MOST_TICKS: Final = 1_000
"""Between two turns; a file that skips hours must not take minutes."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What reached the detector: the text itself, or what the recogniser made of the sound."""

    text: str
    confidence: float = 1.0
    hypotheses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with its place in the whole utterance, however many segments that was cut into."""

    finding: Finding
    offset: int
    explanation: str
    """As it would be read out, but for the time: these words belong to no call."""


@dataclass(frozen=True, slots=True)
class UtteranceResult:
    case: UtteranceCase
    found: tuple[Found, ...]

    @property
    def level(self) -> Severity:
        return max((found.finding.severity for found in self.found), default=Severity.NONE)

    @property
    def flagged(self) -> bool:
        return self.level >= Severity.CAUTION

    def judged(self) -> JudgedUtterance:
        return JudgedUtterance(
            kind=self.case.kind,
            severity=self.case.severity,
            labels=self.case.labels,
            flagged=self.flagged,
            level=int(self.level),
            found=frozenset(found.finding.category for found in self.found),
        )

    def prediction(self) -> dict[str, Any]:
        """A category's score is the highest of its findings' scores, 0.0 where there is none."""
        scores = {category.value: 0.0 for category in Category}
        for found in self.found:
            name = found.finding.category.value
            scores[name] = max(scores[name], found.finding.score)
        return {
            "id": self.case.id,
            "flagged": self.flagged,
            "level": int(self.level),
            "scores": scores,
            "findings": [
                {
                    "category": found.finding.category.value,
                    "text": found.finding.quote,
                    "start": found.offset + found.finding.span.start,
                    "end": found.offset + found.finding.span.end,
                    "rule": found.finding.rule,
                    "explanation": found.explanation,
                }
                for found in self.found
            ],
        }


@dataclass(frozen=True, slots=True)
class CallResult:
    case: CallCase
    max_level: int
    repetition: bool
    warnings_spoken: int
    alerts: tuple[tuple[int, Alert], ...]
    """Lines that were opened, or that rose in level or gained a category, with their turn."""

    @property
    def first_alert_turn(self) -> int | None:
        return self.alerts[0][0] if self.alerts else None

    def judged(self) -> JudgedCall:
        return JudgedCall(
            kind=self.case.kind,
            expected_level=self.case.expected_level,
            expected_repetition=self.case.expected_repetition,
            first_labelled_turn=self.case.first_labelled_turn,
            max_level=self.max_level,
            first_alert_turn=self.first_alert_turn,
            repetition=self.repetition,
        )

    def prediction(self) -> dict[str, Any]:
        return {
            "id": self.case.id,
            "max_level": self.max_level,
            "first_alert_turn": self.first_alert_turn,
            "repetition": self.repetition,
            "warnings_spoken": self.warnings_spoken,
            "alerts": [
                {
                    "turn": turn,
                    "level": int(alert.level),
                    "categories": [category.value for category in alert.categories],
                }
                for turn, alert in self.alerts
            ],
        }


def judge_utterance(
    case: UtteranceCase, heard: Iterable[Heard], detector: Detector, policy: Policy
) -> UtteranceResult:
    """Judge *case* by what was *heard* of it, each piece by itself, as a live call does.

    Counted is what the policy lets count, and as heavily as it lets it weigh.
    """
    found, offset, book = list[Found](), 0, load_rule_book()
    for number, piece in enumerate(heard):
        utterance = Utterance(
            utterance_id=f"{case.id}/{number}",
            speaker=Speaker.CALLER,
            text=piece.text,
            start_ms=0,
            end_ms=0,
            confidence=piece.confidence,
            hypotheses=piece.hypotheses,
        )
        assessment = detector.assess(utterance)
        findings = tuple(f for one in assessment.findings if (f := counted(one, policy)))
        around = Circumstances(
            said=utterance,
            at_ms=None,
            policy=policy,
            detector_version=detector.version,
            found=findings,
            set_aside=assessment.set_aside,
        )
        found += [Found(f, offset, explain(f, around, book).sentence) for f in findings]
        offset += len(piece.text)
    return UtteranceResult(case, tuple(found))


def judge_utterances(
    cases: Sequence[UtteranceCase], detector: Detector, policy: Policy, advance: Advance
) -> list[UtteranceResult]:
    results = []
    for case in cases:
        results.append(judge_utterance(case, [Heard(case.text)], detector, policy))
        advance()
    return results


def judge_call(
    case: CallCase,
    detector: Detector,
    policy: Policy,
    unit: TimeUnit = TimeUnit.AUTO,
    warns: Callable[[str], bool] | None = None,
) -> CallResult:
    """Play *case* turn by turn, with the clock ticking in between."""
    conversation = CallConversation(policy, detector.version, warns)
    alerts: list[tuple[int, Alert]] = []
    max_level, warnings_spoken, repetition, ticked_ms = 0, 0, False, 0
    for number, (turn, (start_ms, end_ms)) in enumerate(
        zip(case.turns, spoken_at(case.turns, unit), strict=True)
    ):
        utterance = Utterance(f"{case.id}/{number}", turn.speaker, turn.text, start_ms, end_ms)
        step_ms = max(TICK_MS, (start_ms - ticked_ms) // _MOST_TICKS)
        ticks = range(ticked_ms + step_ms, start_ms, step_ms)
        decisions = [conversation.tick(at_ms) for at_ms in ticks]
        decisions.append(conversation.hear(utterance, detector.assess(utterance)))
        ticked_ms = ticks[-1] if ticks else ticked_ms
        for decision in decisions:
            # What the clock finds before a turn came to light after the one before it.
            at = number if decision is decisions[-1] else max(0, number - 1)
            max_level = max(max_level, int(decision.level))
            warnings_spoken = decision.warnings_spoken
            repetition |= any(finding.rule == PERSISTENCE for finding in decision.findings)
            alerts += [(at, alert) for alert in decision.alerts if _is_news(alert, alerts)]
    return CallResult(case, max_level, repetition, warnings_spoken, tuple(alerts))


def _is_news(alert: Alert, told: Sequence[tuple[int, Alert]]) -> bool:
    if alert.change is not AlertChange.UPDATED:
        return alert.change is AlertChange.RAISED
    before = [earlier for _, earlier in told if earlier.key == alert.key]
    return (
        not before
        or alert.level > before[-1].level
        or set(alert.categories) > set(before[-1].categories)
    )


def judge_calls(
    cases: Sequence[CallCase],
    detector: Detector,
    policy: Policy,
    advance: Advance,
    unit: TimeUnit = TimeUnit.AUTO,
    warns: Callable[[str], bool] | None = None,
) -> list[CallResult]:
    """Play every case; *warns* knows the office's own warnings in other words."""
    results = []
    for case in cases:
        results.append(judge_call(case, detector, policy, unit, warns))
        advance()
    return results
