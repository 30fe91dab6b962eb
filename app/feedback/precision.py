"""Pure: how often each rule was right, how sure that is, and which rules a person should look at.

An alert that nobody called 誤検知 counts as right: a busy desk marks too few rather than too many, so a share
is at most too high, and a rule is never suggested for review because somebody had no time to mark. Where an
auditor called its findings right or wrong, that counts instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from math import sqrt
from typing import Final

from detection.types import Severity

_Z: Final = 1.959964
"""Of the normal distribution: the interval holds the true share in 95 of 100 cases."""


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def wilson(right: int, total: int) -> Interval:
    """Return Wilson's interval (1927) for the true share behind *right* of *total*; all of 0..1 for none.

    Not the usual share ± error, which calls 2 of 2 certain and leaves 0..1; and not a Beta posterior, which needs
    a prior that somebody would have to defend. Agresti and Coull (1998) found it close to its 95 % down to 5 cases.
    """
    if not 0 <= right <= total:
        raise ValueError("of total cases, between none and all were right")
    if total == 0:
        return Interval(0.0, 1.0)
    share, square = right / total, _Z * _Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = _Z / (1 + square / total) * sqrt((share * (1 - share) + square / (4 * total)) / total)
    # Rounding must not push the ends past the share itself: 10 of 10 leaves nothing above it.
    return Interval(max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


@dataclass(frozen=True, slots=True)
class Count:
    """Alerts that a rule had a part in, each counted once however often it was updated."""

    raised: int = 0
    """Those that whole sentences bore out."""
    false: int = 0
    """Of them, those that a person called 誤検知, or an auditor wrong who judged the call."""

    def __post_init__(self) -> None:
        if not 0 <= self.false <= self.raised:
            raise ValueError("no more alerts can be false than were raised")

    def __add__(self, other: Count) -> Count:
        return Count(self.raised + other.raised, self.false + other.false)

    @property
    def share(self) -> float | None:
        """The share that was right; None where there is nothing to share."""
        return (self.raised - self.false) / self.raised if self.raised else None

    @property
    def interval(self) -> Interval:
        return wilson(self.raised - self.false, self.raised)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one rule led to in ended calls, under one detector and one policy."""

    rule: str
    category: str
    detector_version: str
    policy_version: str
    severity: Severity
    """The gravest that it found."""
    count: Count
    fresh: Count
    """Of ``count``, what came after the rule was last looked at."""
    withdrawn: int
    """Alerts on half a sentence (要確認) that the whole of it did not bear out; in no other number."""
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """When a rule is suggested for review."""

    below: float = 0.7
    """The upper end of the interval lies under it: even kindly read, too many were false."""
    at_least: int = 10
    """Alerts that it takes: few cases do not condemn a rule."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule to look at, with the numbers that say so."""

    count: Count
    since_review: bool
    """Only what came after the last review is counted."""
    latest_only: bool
    """Only the alerts of the latest version are counted: there are enough of them."""
    only_to_look_at: bool
    """It finds threats of harm: it can be looked at, never switched off."""


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """One rule in one category, over all versions in the span."""

    rule: str
    category: str
    severity: Severity
    count: Count
    withdrawn: int
    versions: tuple[Tally, ...]
    """The latest first; never empty."""
    proposal: Proposal | None


def records_of(tallies: Iterable[Tally], limits: Limits) -> tuple[RuleRecord, ...]:
    """Join the versions of each rule; the proposed ones first, the most doubtful on top, then the busiest."""
    ordered = sorted(tallies, key=lambda tally: (tally.rule, tally.category))
    records = [
        _record(rule, category, tuple(versions), limits)
        for (rule, category), versions in groupby(
            ordered, key=lambda tally: (tally.rule, tally.category)
        )
    ]
    return tuple(sorted(records, key=_place))


def _record(rule: str, category: str, tallies: Sequence[Tally], limits: Limits) -> RuleRecord:
    versions = tuple(
        sorted(
            tallies, key=lambda t: (t.last_at, t.detector_version, t.policy_version), reverse=True
        )
    )
    severity = max(tally.severity for tally in versions)
    return RuleRecord(
        rule=rule,
        category=category,
        severity=severity,
        count=_total(tally.count for tally in versions),
        withdrawn=sum(tally.withdrawn for tally in versions),
        versions=versions,
        proposal=_proposal(versions, severity, limits),
    )


def _proposal(versions: Sequence[Tally], severity: Severity, limits: Limits) -> Proposal | None:
    latest = versions[0].fresh
    everything = _total(tally.fresh for tally in versions)
    # What an older version got wrong says little once the present one has cases enough of its own.
    latest_only = len(versions) > 1 and latest.raised >= limits.at_least
    judged = latest if latest_only else everything
    if judged.raised < max(1, limits.at_least) or judged.interval.high >= limits.below:
        return None
    return Proposal(
        count=judged,
        since_review=any(tally.fresh != tally.count for tally in versions),
        latest_only=latest_only,
        only_to_look_at=severity is Severity.STOP,
    )


def _total(counts: Iterable[Count]) -> Count:
    return sum(counts, Count())


def _place(record: RuleRecord) -> tuple[bool, float, int, str, str]:
    proposal = record.proposal
    doubtful = proposal.count.interval.high if proposal is not None else 1.0
    return (proposal is None, doubtful, -record.count.raised, record.rule, record.category)
