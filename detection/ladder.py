"""Pure: the level of a call as a function of what was found and what the operator said, in the order of the sound.

Nothing is stored but a bounded history, and the level is climbed anew each time. So an
utterance of the other track that comes a second late stands where it belongs, and
taking a finding away (a person called it wrong) leaves exactly the call without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter
from typing import Final

from detection.policy import Policy
from detection.types import Category, Finding, Severity

MOST_OFFENCES: Final = 48
MOST_MARKS: Final = 48
"""Older ones cannot matter: three points make level 2, and the level falls within minutes."""


@dataclass(frozen=True, slots=True)
class Offence:
    """What counted in one utterance of the caller, or one overrun of the clock."""

    at_ms: int
    findings: tuple[Finding, ...]
    """The gravest first; never empty."""
    alert_key: str = ""
    """The line on the screen that it belongs to; empty where the budget kept it off."""

    @property
    def severity(self) -> Severity:
        return self.findings[0].severity

    @property
    def category(self) -> Category:
        return self.findings[0].category


class MarkKind(StrEnum):
    REQUEST = "request"
    """Operator: please stop."""
    WARNING = "warning"
    """Operator: it is harassment, or the call will be ended."""
    CLOSING = "closing"
    """Operator: the call ends now."""
    CALMED = "calmed"
    """Caller: accepts, thanks, apologises."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that moves the ladder without being a finding."""

    at_ms: int
    kind: MarkKind


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the call stands on the ladder."""

    level: Severity
    threat: bool
    """Level 3 because harm was threatened: no steps."""
    spoken_since: bool
    """The operator has asked or warned, and nothing was found after it."""
    focus: Category | None
    """The category to speak about; None at level 0."""


NOTHING_FOUND: Final = Standing(Severity.NONE, threat=False, spoken_since=False, focus=None)


def remembered(offences: Sequence[Offence], new: Offence) -> tuple[Offence, ...]:
    """Return *offences* with *new* in its place, the oldest dropped where they are too many."""
    kept = sorted((*offences, new), key=attrgetter("at_ms"))
    if len(kept) > MOST_OFFENCES:
        # A threat is given up last: it holds the level however long ago it was.
        kept.remove(next((o for o in kept if o.severity < Severity.STOP), kept[0]))
    return tuple(kept)


def noted(marks: Sequence[Mark], new: Mark) -> tuple[Mark, ...]:
    """Return *marks* with *new* in its place, the oldest dropped where they are too many."""
    return tuple(sorted((*marks, new), key=attrgetter("at_ms"))[-MOST_MARKS:])


@dataclass(frozen=True, slots=True)
class _Climb:
    level: Severity = Severity.NONE
    threat: bool = False
    spoken_since: bool = False
    focus: Category | None = None
    points: int = 0
    points_since_warning: int = 0
    warnings: int = 0
    severe: int = 0
    closing: bool = False
    since_ms: int = 0
    """From here the calm is counted."""


def standing(
    offences: Iterable[Offence], marks: Iterable[Mark], now_ms: int, policy: Policy
) -> Standing:
    """Climb the ladder from the ground through *offences* and *marks* in order of time."""
    climb = _Climb()
    events: list[Offence | Mark] = sorted((*offences, *marks), key=attrgetter("at_ms"))
    for event in events:
        climb = _cooled(climb, event.at_ms, policy)
        climb = (
            _offended(climb, event, policy)
            if isinstance(event, Offence)
            else _marked(climb, event, policy)
        )
    climb = _cooled(climb, now_ms, policy)
    if climb.level is Severity.NONE:
        return NOTHING_FOUND
    return Standing(climb.level, climb.threat, climb.spoken_since, climb.focus)


def _cooled(climb: _Climb, at_ms: int, policy: Policy) -> _Climb:
    """A threat does not cool: only a person takes it back."""
    steps = max(0, at_ms - climb.since_ms) // policy.decay_after_ms
    if steps == 0 or climb.threat:
        return climb
    return replace(
        climb,
        level=Severity(max(0, climb.level - steps)),
        points=0,
        points_since_warning=0,
        since_ms=climb.since_ms + steps * policy.decay_after_ms,
    )


def _offended(climb: _Climb, offence: Offence, policy: Policy) -> _Climb:
    severity = offence.severity
    points = climb.points + severity
    since_warning = climb.points_since_warning + severity
    warned = climb.closing or climb.warnings >= policy.warnings_before_close
    level = Severity.CAUTION
    if severity is Severity.STOP or (
        warned and since_warning >= policy.points_after_warning_for_close
    ):
        level = Severity.STOP
    elif points >= policy.points_for_warning or (severity is Severity.WARNING and climb.severe):
        level = Severity.WARNING
    elif severity is Severity.WARNING:
        level = policy.first_severe_level
    # A milder word after a grave one does not change what the next sentence is about.
    same_subject = climb.focus is not None and level < climb.level
    return replace(
        climb,
        level=max(climb.level, level),
        threat=climb.threat or severity is Severity.STOP,
        spoken_since=False,
        focus=climb.focus if same_subject or climb.threat else offence.category,
        points=points,
        points_since_warning=since_warning,
        severe=climb.severe + (severity is Severity.WARNING),
        since_ms=max(climb.since_ms, offence.at_ms),
    )


def _marked(climb: _Climb, mark: Mark, policy: Policy) -> _Climb:
    if mark.kind is MarkKind.CALMED:
        if climb.threat:
            return climb
        return replace(
            climb,
            level=Severity(max(0, climb.level - 1)),
            points=0,
            points_since_warning=0,
            since_ms=max(climb.since_ms, mark.at_ms),
        )
    counts = mark.kind is MarkKind.WARNING or (
        mark.kind is MarkKind.REQUEST and policy.requests_count
    )
    if not counts and mark.kind is MarkKind.REQUEST:
        return replace(climb, spoken_since=True)
    return replace(
        climb,
        spoken_since=True,
        warnings=climb.warnings + counts,
        closing=climb.closing or mark.kind is MarkKind.CLOSING,
        points_since_warning=0,
    )
