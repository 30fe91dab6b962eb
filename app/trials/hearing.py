"""Pure: hears a stored call again under two sets of rules and says where they differ.

Both hearings are fresh, from the same stored words and presses of 「言った」, with the clock ticking in between as it
does live. What people called 誤検知 then is not told again: it answered the alerts of the rules of that day, and would
make the one side quieter than the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from app.feedback.reviews import SwitchedOff
from detection.ports import Conversation, Detector
from detection.types import (
    AlertChange,
    Assessment,
    Decision,
    Pressed,
    Severity,
    Speaker,
    Utterance,
)

TICK_MS: Final = 5_000
"""As often as a live call lets its conversation notice the time."""
MOST_DIFFERENCES: Final = 200
"""Of one call that are kept; the counts are of all."""


class RuleSet(Protocol):
    """Rules, ready to judge."""

    @property
    def detector(self) -> Detector: ...
    @property
    def switched_off(self) -> SwitchedOff: ...

    def new_conversation(self) -> Conversation: ...


@dataclass(frozen=True, slots=True)
class StoredCall:
    """What of a call was stored that its judgement rests on, in the order in which it was judged."""

    call_id: str
    told: tuple[Utterance | Pressed, ...]
    duration_ms: int


FoundBy = tuple[str, str]
"""Rule and category."""


@dataclass(slots=True)
class _Said:
    """What one utterance came to, with what the clock found before the next."""

    found: dict[FoundBy, Severity] = field(default_factory=dict)
    level: Severity = Severity.NONE
    raised: list[str] = field(default_factory=list)
    """Categories after which lines were opened."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the two hearings make of one utterance."""

    utterance_id: str
    """Empty for what the clock found before anybody spoke."""
    start_ms: int
    level_before: int
    level_after: int
    findings: tuple[tuple[str, str, int, int], ...]
    """Rule, category, severity before and after; 0 where it found nothing."""
    come: tuple[str, ...]
    """Categories of lines that only the changed rules open."""
    gone: tuple[str, ...]

    def fields(self) -> dict[str, Any]:
        return {
            "utterance_id": self.utterance_id,
            "start_ms": self.start_ms,
            "level": [self.level_before, self.level_after],
            "findings": [list(one) for one in self.findings],
            "come": list(self.come),
            "gone": list(self.gone),
        }


@dataclass(frozen=True, slots=True)
class Compared:
    """One call under both sets of rules."""

    level_before: int
    level_after: int
    """The highest that it reaches."""
    come: int
    gone: int
    differs: bool
    differences: tuple[Difference, ...]

    def fields(self) -> dict[str, Any]:
        return {
            "level_before": self.level_before,
            "level_after": self.level_after,
            "come": self.come,
            "gone": self.gone,
            "differs": self.differs,
            "differences": [one.fields() for one in self.differences],
        }


def compare(call: StoredCall, before: RuleSet, after: RuleSet) -> Compared:
    """Hear *call* under both sets of rules. Each utterance is assessed once where they share a detector."""
    first = _assessed(call, before.detector)
    shared = before.detector.version == after.detector.version
    second = first if shared else _assessed(call, after.detector)
    one, other = _heard(call, first, before), _heard(call, second, after)
    come, gone = _only_in(other, one), _only_in(one, other)
    differences = tuple(_differences(call, one, other, come, gone))
    return Compared(
        level_before=int(max((said.level for said in one.values()), default=Severity.NONE)),
        level_after=int(max((said.level for said in other.values()), default=Severity.NONE)),
        come=sum(map(len, come.values())),
        gone=sum(map(len, gone.values())),
        differs=bool(differences),
        differences=differences[:MOST_DIFFERENCES],
    )


def _assessed(call: StoredCall, detector: Detector) -> list[Assessment]:
    return [
        detector.assess(_pressed_words(one) if isinstance(one, Pressed) else one)
        for one in call.told
    ]


def _pressed_words(pressed: Pressed) -> Utterance:
    return Utterance("", Speaker.OPERATOR, pressed.words, pressed.at_ms, pressed.at_ms)


def _heard(call: StoredCall, assessments: Sequence[Assessment], rules: RuleSet) -> dict[str, _Said]:
    """Return by utterance what the call comes to; the clock's findings stand with the utterance before."""
    conversation, said = rules.new_conversation(), {"": _Said()}
    last, ticked_ms = "", 0
    for one, assessment in zip(call.told, assessments, strict=True):
        at_ms = one.at_ms if isinstance(one, Pressed) else one.start_ms
        for tick_ms in range(ticked_ms + TICK_MS, at_ms, TICK_MS):
            _note(said[last], [conversation.tick(tick_ms)])
            ticked_ms = tick_ms
        if isinstance(one, Pressed):
            _note(said[last], [conversation.press(one, assessment)])
            continue
        last = one.utterance_id
        said[last] = _Said()
        _note(said[last], [conversation.hear(one, rules.switched_off.without(assessment))])
    for tick_ms in range(ticked_ms + TICK_MS, call.duration_ms + 1, TICK_MS):
        _note(said[last], [conversation.tick(tick_ms)])
    return said


def _note(said: _Said, decisions: Iterable[Decision]) -> None:
    for decision in decisions:
        said.level = max(said.level, decision.level)
        for finding in decision.findings:
            key = (finding.rule, finding.category.value)
            said.found[key] = max(said.found.get(key, Severity.NONE), finding.severity)
        said.raised += [
            alert.categories[0].value
            for alert in decision.alerts
            if alert.change is AlertChange.RAISED
        ]


def _only_in(one: dict[str, _Said], other: dict[str, _Said]) -> dict[str, list[str]]:
    """Return the lines that *one* opens and *other* does not, by utterance.

    A line that opens a little earlier or later is the same line: each category's are counted against each other, those
    of the same utterance first.
    """
    spare: dict[str, int] = {}
    for said in other.values():
        for category in said.raised:
            spare[category] = spare.get(category, 0) + 1
    left: list[tuple[str, str]] = []
    for utterance_id, said in one.items():
        there = list(other[utterance_id].raised) if utterance_id in other else []
        for category in said.raised:
            if category in there:
                there.remove(category)
                spare[category] -= 1
            else:
                left.append((utterance_id, category))
    only: dict[str, list[str]] = {}
    for utterance_id, category in left:
        if spare.get(category, 0) > 0:
            spare[category] -= 1
        else:
            only.setdefault(utterance_id, []).append(category)
    return only


def _differences(
    call: StoredCall,
    one: dict[str, _Said],
    other: dict[str, _Said],
    come: dict[str, list[str]],
    gone: dict[str, list[str]],
) -> Iterable[Difference]:
    begun = {u.utterance_id: u.start_ms for u in call.told if isinstance(u, Utterance)}
    apart = (Severity.NONE, Severity.NONE)
    for utterance_id, was in one.items():
        now = other[utterance_id]
        found = tuple(
            (rule, category, int(was.found.get(key, 0)), int(now.found.get(key, 0)))
            for key in sorted({*was.found, *now.found})
            for rule, category in (key,)
            if was.found.get(key) != now.found.get(key)
        )
        levels = (was.level, now.level)
        # A level that stays apart for minutes is told where it parts, not with every sentence after.
        parts = levels[0] is not levels[1] and levels != apart
        apart = levels
        if found or parts or utterance_id in come or utterance_id in gone:
            yield Difference(
                utterance_id=utterance_id,
                start_ms=begun.get(utterance_id, 0),
                level_before=int(levels[0]),
                level_after=int(levels[1]),
                findings=found,
                come=tuple(come.get(utterance_id, ())),
                gone=tuple(gone.get(utterance_id, ())),
            )
