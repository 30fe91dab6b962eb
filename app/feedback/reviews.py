"""Pure: what an office has decided about rules, and which of them its calls are judged without."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from detection.types import Assessment, Finding, SetAside, Severity

NOTE_CHARACTERS: Final = 500
LONGEST_RULE: Final = 128
"""Characters of an id."""
LONGEST_CATEGORY: Final = 32
OF_THE_CONVERSATION: Final = "conversation."
"""How the ids of rules begin that look at time and repetition: policies set their limits."""
SWITCHED_OFF_HERE: Final = "この役所では使わないルール"


class ReviewKind(StrEnum):
    """What a person decided about a rule."""

    REVIEWED = "reviewed"
    """Looked at; it stays in use."""
    SWITCHED_OFF = "switched_off"
    """Not used in this office, for calls that start from now on."""
    SWITCHED_ON = "switched_on"
    """Used again."""


@dataclass(frozen=True, slots=True)
class Review:
    """One decision. Decisions are only ever added."""

    rule: str
    category: str
    kind: ReviewKind
    note: str
    by: str
    """Login name of the administrator."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one rule stands after all decisions about it."""

    reviewed: Review | None = None
    """The last time somebody looked at it and left it in use."""
    switched_off: Review | None = None
    """Set while it is not used."""


Key = tuple[str, str]
"""Rule and category."""


def standings(reviews: Iterable[Review]) -> dict[Key, Standing]:
    """Fold *reviews*, in the order in which they were made."""
    known: dict[Key, Standing] = {}
    for review in reviews:
        key = (review.rule, review.category)
        before = known.get(key, Standing())
        match review.kind:
            case ReviewKind.REVIEWED:
                known[key] = replace(before, reviewed=review)
            case ReviewKind.SWITCHED_OFF:
                known[key] = replace(before, switched_off=review)
            case ReviewKind.SWITCHED_ON:
                known[key] = replace(before, switched_off=None)
    return known


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """The rules that a call is judged without. Fixed at its start, so that hearing it again gives the same."""

    rules: frozenset[Key] = field(default_factory=frozenset)

    def without(self, assessment: Assessment) -> Assessment:
        """Take out what these rules found and say so among what was set aside; a threat of harm always stays."""
        dropped = [finding for finding in assessment.findings if self._covers(finding)]
        if not dropped:
            return assessment
        why = dict.fromkeys(SetAside(finding.rule, SWITCHED_OFF_HERE) for finding in dropped)
        return replace(
            assessment,
            findings=tuple(f for f in assessment.findings if f not in dropped),
            set_aside=(*assessment.set_aside, *why),
        )

    def _covers(self, finding: Finding) -> bool:
        return (
            finding.severity < Severity.STOP
            and (finding.rule, finding.category.value) in self.rules
        )


def switched_off(reviews: Iterable[Review]) -> SwitchedOff:
    """Return the rules that are out of use after *reviews*."""
    return SwitchedOff(
        frozenset(key for key, standing in standings(reviews).items() if standing.switched_off)
    )


def why_always_used(rule: str, severity: Severity) -> str:
    """Return why a rule cannot be switched off, in a sentence for its administrator; empty where it can."""
    if severity is Severity.STOP:
        return "身の安全に関わるルールのため、使用をやめることはできません。"
    if rule.startswith(OF_THE_CONVERSATION):
        return "会話の長さや繰り返しを見るルールです。回数や分数は、基本方針のファイルで変えてください。"
    return ""
