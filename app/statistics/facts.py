"""Pure: what a call adds to the office's figures. No word, no number, no name is in it.

Everything is in Japan's time. A call counts in the month in which it began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.japan import JAPAN
from detection.types import Outcome

HOURS: Final = ("early", *(f"{hour:02d}" for hour in range(8, 18)), "late")
"""Before 8, the hours of an office, from 18 on."""
HELD_MINUTES: Final = ("0-5", "5-10", "10-15", "15-30", "30-60", "60-")
NOT_NEEDED: Final = "not_needed"
NOT_JUDGED: Final = "not_judged"
WAIT_STEP_S: Final = 5
LONGEST_WAIT_S: Final = 3_600
_OTHER_FAMILY: Final = "other"


@dataclass(frozen=True, slots=True)
class AlertFact:
    """One alert that whole sentences bore out."""

    categories: tuple[str, ...]
    families: tuple[str, ...]
    """Of the rules that it rests on: the first part of their ids."""
    false: bool
    """A person called it 誤検知."""


@dataclass(frozen=True, slots=True)
class CallFact:
    """One ended call."""

    call_id: str
    section: str
    started_at: datetime
    duration_ms: int
    top_level: int
    outcome: str
    """As it stood at the end."""
    warnings_spoken: int
    alerts: tuple[AlertFact, ...] = ()
    verdict: str | None = None
    """The judgement that stands."""
    missed: int = 0
    """見落とし that were marked and not taken back."""
    ended_by_office: bool = False
    help_wait_s: int | None = None
    """From the first request to the first supervisor, or to the end of the request."""
    help_asked: bool = False
    repeated: bool = False
    """The same number had called in the 30 days before."""
    break_proposed: bool = False
    gaps: int = 0

    @property
    def upheld(self) -> tuple[AlertFact, ...]:
        return tuple(alert for alert in self.alerts if not alert.false)


@dataclass(frozen=True, slots=True)
class Amount:
    """How many, and where it is measured how much (milliseconds)."""

    count: int = 0
    total: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.count + other.count, self.total + other.total)


Cell = tuple[str, str]
"""Measure and key."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The amounts of one section in one month."""

    cells: Mapping[Cell, Amount] = field(default_factory=lambda: MappingProxyType({}))

    def count(self, measure: str, key: str = "") -> int:
        return self.cells.get((measure, key), Amount()).count

    def total(self, measure: str, key: str = "") -> int:
        return self.cells.get((measure, key), Amount()).total

    def keys_of(self, measure: str) -> tuple[str, ...]:
        return tuple(sorted({key for found, key in self.cells if found == measure}))

    def __add__(self, other: Tally) -> Tally:
        cells = dict(self.cells)
        for cell, amount in other.cells.items():
            # How many people answered is no sum: the larger number is known to be reached.
            known = cells.get(cell, Amount())
            if cell[0] == "operators":
                cells[cell] = Amount(max(known.count, amount.count))
            else:
                cells[cell] = known + amount
        return Tally(cells)


def month_of(at: datetime) -> str:
    return f"{at.astimezone(JAPAN):%Y-%m}"


def family_of(rule: str) -> str:
    """Return the first part of a rule's id: ``mental.die`` belongs to ``mental``."""
    return rule.partition(".")[0][:64] or _OTHER_FAMILY


def amounts_of(fact: CallFact) -> Iterator[tuple[Cell, Amount]]:
    """Yield what *fact* adds to its month and section."""
    local, one = fact.started_at.astimezone(JAPAN), Amount(1)
    yield ("calls", ""), Amount(1, fact.duration_ms)
    outcome = outcome_of(fact)
    yield ("outcome", outcome), one
    yield ("level", str(fact.top_level)), one
    yield ("hour", _hour(local.hour)), one
    yield ("weekday", str(local.weekday())), one
    if outcome == Outcome.HARASSMENT_SUSPECTED.value:
        yield ("hour_suspected", _hour(local.hour)), one
        yield ("weekday_suspected", str(local.weekday())), one
    yield ("held", _held(fact.duration_ms)), one
    yield ("warnings", str(min(fact.warnings_spoken, 3))), one
    yield ("judgement", judgement_of(fact)), one
    for category in sorted({c for alert in fact.upheld for c in alert.categories}):
        yield ("category", category), one
    for alert in fact.alerts:
        for measure, keys in (("alerts", alert.categories), ("rules", alert.families)):
            for key in keys:
                yield (measure, key), one
                if alert.false:
                    yield (f"{measure}_false", key), one
        yield ("all_alerts", ""), one
        if alert.false:
            yield ("all_alerts_false", ""), one
    flags = {
        "missed_marked": fact.missed > 0,
        "missed_judged": fact.verdict == "harassment" and not fact.upheld,
        "ended_by_office": fact.ended_by_office,
        "repeated": fact.repeated,
        "breaks": fact.break_proposed,
        "help_asked": fact.help_asked,
        "help_unanswered": fact.help_asked and fact.help_wait_s is None,
    }
    for measure, counts in flags.items():
        if counts:
            yield (measure, ""), one
    if fact.help_asked and fact.help_wait_s is not None:
        rounded_s = min(fact.help_wait_s, LONGEST_WAIT_S) // WAIT_STEP_S * WAIT_STEP_S
        yield ("help_wait", f"{rounded_s:04d}"), one
    if fact.gaps:
        yield ("gaps", ""), Amount(fact.gaps)


def outcome_of(fact: CallFact) -> str:
    """Return what the call counts as: once an alert stands it stays カスハラのおそれ, although the talk calmed down."""
    if fact.upheld:
        return Outcome.HARASSMENT_SUSPECTED.value
    suspected = fact.outcome == Outcome.HARASSMENT_SUSPECTED.value
    return Outcome.ORDINARY.value if suspected and fact.alerts else fact.outcome


def judgement_of(fact: CallFact) -> str:
    """Return the verdict that stands; whether one is due where there is none."""
    if fact.verdict is not None:
        return fact.verdict
    return NOT_JUDGED if fact.alerts or fact.missed else NOT_NEEDED


def tallied(facts: Iterator[CallFact] | list[CallFact]) -> dict[tuple[str, str], Tally]:
    """Return the tally of each month and section."""
    found: dict[tuple[str, str], dict[Cell, Amount]] = {}
    for fact in facts:
        cells = found.setdefault((month_of(fact.started_at), fact.section), {})
        for cell, amount in amounts_of(fact):
            known = cells.get(cell)
            cells[cell] = amount if known is None else known + amount
    return {place: Tally(cells) for place, cells in found.items()}


def _hour(hour: int) -> str:
    if hour < 8:
        return HOURS[0]
    return HOURS[-1] if hour >= 18 else f"{hour:02d}"


def _held(duration_ms: int) -> str:
    minutes = duration_ms / 60_000
    for band in HELD_MINUTES[:-1]:
        if minutes < int(band.split("-")[1]):
            return band
    return HELD_MINUTES[-1]
