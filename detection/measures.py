"""Pure: how good detection is: recall, false alarms, F1, delay, agreement, character errors. Counts in, shares out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Final

from rapidfuzz.distance import Levenshtein

from detection.types import Category


class Kind(StrEnum):
    HARASSMENT = "harassment"
    LEGITIMATE = "legitimate"
    HARD_NEGATIVE = "hard_negative"
    """Harmless, but holds words that frighten a word list."""


HARMLESS_KINDS: Final = (Kind.LEGITIMATE, Kind.HARD_NEGATIVE)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many; a share of nothing is unknown, not zero."""

    count: int
    of: int

    @property
    def rate(self) -> float | None:
        return self.count / self.of if self.of else None


def share_of(truths: Iterable[bool]) -> Share:
    listed = list(truths)
    return Share(sum(listed), len(listed))


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one yes-or-no question: where the answer was right and where not."""

    true_positive: int
    false_positive: int
    false_negative: int

    @property
    def precision(self) -> float | None:
        return Share(self.true_positive, self.true_positive + self.false_positive).rate

    @property
    def recall(self) -> float | None:
        return Share(self.true_positive, self.true_positive + self.false_negative).rate

    @property
    def f1(self) -> float | None:
        """None where nothing was expected and nothing found."""
        doubled = 2 * self.true_positive
        return Share(doubled, doubled + self.false_positive + self.false_negative).rate


def agreement_of(pairs: Iterable[tuple[bool, bool]]) -> Agreement:
    """Compare pairs of (expected, predicted)."""
    listed = list(pairs)
    return Agreement(
        true_positive=sum(expected and predicted for expected, predicted in listed),
        false_positive=sum(predicted and not expected for expected, predicted in listed),
        false_negative=sum(expected and not predicted for expected, predicted in listed),
    )


@dataclass(frozen=True, slots=True)
class JudgedUtterance:
    """What an utterance is, and what it was taken for."""

    kind: Kind
    severity: int
    labels: frozenset[Category]
    flagged: bool
    level: int
    found: frozenset[Category]


@dataclass(frozen=True, slots=True)
class UtteranceMeasures:
    recall: Share
    """Of ``flagged`` over harassment."""
    recall_by_severity: dict[int, Share]
    recall_by_category: dict[Category, Share]
    """An utterance of the category was flagged, whatever the category it was flagged for."""
    false_alarms: dict[Kind, Share]
    level_agreement: Share
    """The severity found is the severity labelled, over all utterances."""
    categories: dict[Category, Agreement]
    """The category itself was named."""


def measure_utterances(judged: Sequence[JudgedUtterance]) -> UtteranceMeasures:
    harassing = [j for j in judged if j.kind is Kind.HARASSMENT]
    return UtteranceMeasures(
        recall=share_of(j.flagged for j in harassing),
        recall_by_severity={
            severity: share_of(j.flagged for j in harassing if j.severity == severity)
            for severity in sorted({j.severity for j in harassing})
        },
        recall_by_category={
            category: share_of(j.flagged for j in harassing if category in j.labels)
            for category in Category
        },
        false_alarms={
            kind: share_of(j.flagged for j in judged if j.kind is kind) for kind in HARMLESS_KINDS
        },
        level_agreement=share_of(j.level == j.severity for j in judged),
        categories={
            category: agreement_of((category in j.labels, category in j.found) for j in judged)
            for category in Category
        },
    )


@dataclass(frozen=True, slots=True)
class JudgedCall:
    """What a call is, and what it was taken for. Turns count from 0, both sides together."""

    kind: Kind
    expected_level: int
    expected_repetition: bool
    first_labelled_turn: int | None
    """Where harassment begins; None where nothing is labelled."""
    max_level: int
    first_alert_turn: int | None
    repetition: bool


@dataclass(frozen=True, slots=True)
class Delay:
    """Turns from the first labelled turn to the first alert, where that came no earlier."""

    turns: tuple[int, ...]
    early: int
    """Calls whose first alert came before anything was labelled: a false alarm in a bad call."""
    missed: int
    """Calls with a labelled turn and no alert."""

    @property
    def mean(self) -> float | None:
        return sum(self.turns) / len(self.turns) if self.turns else None

    @property
    def median(self) -> float | None:
        return median(self.turns) if self.turns else None

    @property
    def longest(self) -> int | None:
        return max(self.turns, default=None)


@dataclass(frozen=True, slots=True)
class CallMeasures:
    recall: Share
    """Harassing calls with at least one alert."""
    false_alarms: dict[Kind, Share]
    delay: Delay
    level_agreement: Share
    """The highest level reached is the expected one."""
    level_within_one: Share
    repetition: Agreement


def measure_calls(judged: Sequence[JudgedCall]) -> CallMeasures:
    alerted = [(j, j.first_alert_turn is not None) for j in judged]
    return CallMeasures(
        recall=share_of(alert for j, alert in alerted if j.kind is Kind.HARASSMENT),
        false_alarms={
            kind: share_of(alert for j, alert in alerted if j.kind is kind)
            for kind in HARMLESS_KINDS
        },
        delay=_delay(judged),
        level_agreement=share_of(j.max_level == j.expected_level for j in judged),
        level_within_one=share_of(abs(j.max_level - j.expected_level) <= 1 for j in judged),
        repetition=agreement_of((j.expected_repetition, j.repetition) for j in judged),
    )


def _delay(judged: Sequence[JudgedCall]) -> Delay:
    waits = [
        None if j.first_alert_turn is None else j.first_alert_turn - j.first_labelled_turn
        for j in judged
        if j.first_labelled_turn is not None
    ]
    return Delay(
        turns=tuple(wait for wait in waits if wait is not None and wait >= 0),
        early=sum(wait is not None and wait < 0 for wait in waits),
        missed=waits.count(None),
    )


def character_errors(reference: str, heard: str) -> Share:
    """Return how many characters differ, of how many that were said.

    Compared after NFKC and lower case, without punctuation, symbols and spaces: a comma
    is not a word. May exceed 1 where more was heard than said.
    """
    said, written = _letters(reference), _letters(heard)
    return Share(Levenshtein.distance(said, written), len(said))


def total(shares: Iterable[Share]) -> Share:
    """Add up, so that a long sentence weighs more than a short one."""
    listed = list(shares)
    return Share(sum(s.count for s in listed), sum(s.of for s in listed))


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in folded if unicodedata.category(c)[0] not in "PSZC")
