"""Pure: the figures of one fiscal year, each shown or hidden, the same wherever they are looked at.

All that anybody is shown comes from here: tables, charts, CSV, Excel and the yearly sheet. Sections in which too few
people answered are told together, as no figure may be one person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from app.statistics.facts import HELD_MINUTES, HOURS, NOT_JUDGED, NOT_NEEDED, Tally
from app.statistics.hiding import (
    ALL,
    MONTHS,
    QUARTERS,
    YEAR,
    Hidden,
    Node,
    Table,
    hide_kinds,
    hide_totals,
    months_in,
)
from app.statistics.periods import Month, Period
from detection.types import Category, Outcome

OTHER_SECTIONS: Final = "~other"
"""Sections that are told together."""
CALLS: Final = "calls"
SUSPECTED: Final = Outcome.HARASSMENT_SUSPECTED.value

PARTITIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "outcome": tuple(outcome.value for outcome in Outcome),
    "level": ("0", "1", "2", "3"),
    "hour": HOURS,
    "weekday": tuple("0123456"),
    "held": HELD_MINUTES,
    "warnings": ("0", "1", "2", "3"),
    "judgement": ("harassment", "not_harassment", "undecided", NOT_JUDGED, NOT_NEEDED),
}
"""Kinds that each call has exactly one of."""
OF_SUSPECTED: Final = {"hour_suspected": HOURS, "weekday_suspected": tuple("0123456")}
"""The same of the calls that count as カスハラのおそれ."""
SINGLES: Final = (
    "all_alerts",
    "all_alerts_false",
    "missed_marked",
    "missed_judged",
    "ended_by_office",
    "repeated",
    "breaks",
    "help_asked",
    "help_unanswered",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A number as it is told."""

    value: int | None
    """None where it is not told."""
    small: bool = False
    """It is told that it is small."""


NOTHING: Final = Shown(0)
SECRET: Final = Shown(None)


@dataclass(frozen=True, slots=True)
class Limits:
    """When a number is too small to be told, and a group of people too few."""

    least_shown: int = 5
    least_operators: int = 3


@dataclass(slots=True)
class YearFigures:
    """One fiscal year; ``figures_of`` makes it."""

    sections: tuple[str, ...]
    """Those that are told by themselves, then perhaps ``OTHER_SECTIONS``."""
    merged: tuple[str, ...]
    """Sections that are told only together."""
    families: tuple[str, ...]
    """Of the rules that led to an alert."""
    tallies: Mapping[tuple[str, str], Tally]
    """By month's name in the year and section, those told together joined."""
    least: int
    few: frozenset[tuple[str, str]]
    """Times and sections behind which too few people stand."""
    tables: Mapping[tuple[str, str], tuple[Table, Hidden]] = field(default_factory=dict)

    def cell(self, measure: str, key: str, time: str, section: str) -> Shown:
        """Return one number; *key* is a kind of a partition, or what a single count is of."""
        if section in self.merged:
            return SECRET
        table, kind = self._place(measure, key)
        if table is None or (section != ALL and section not in self.sections):
            return NOTHING
        counts, hidden = table
        node: Node = (time, section, kind)
        if node not in hidden.nodes:
            return Shown(counts.value(node))
        # Of a few people it is not even told that they had few.
        vague = (time, section) in self.few or node in hidden.vague
        return Shown(None, small=not vague and counts.value(node) < self.least)

    def _place(self, measure: str, key: str) -> tuple[tuple[Table, Hidden] | None, str]:
        if measure in PARTITIONS or measure in OF_SUSPECTED:
            return self.tables.get((measure, "")), key or ALL
        return self.tables.get((measure, key)), ALL


def figures_of(
    tallies: Mapping[tuple[str, str], Tally],
    operators: Mapping[tuple[str, str], int],
    limits: Limits,
) -> YearFigures:
    """Return the figures of a year from what its months (``m00`` is April) and sections counted.

    *operators*: how many people answered, by the same.
    """
    alone, together = _grouped(operators, {section for _, section in tallies}, limits)
    names = (*alone, *((OTHER_SECTIONS,) if together else ()))
    joined: dict[tuple[str, str], Tally] = {}
    people: dict[tuple[str, str], int] = {}
    for (month, section), tally in tallies.items():
        place = (month, section if section in alone else OTHER_SECTIONS)
        joined[place] = joined.get(place, Tally()) + tally
    for (month, section), number in operators.items():
        for name in (section if section in alone else OTHER_SECTIONS, ALL):
            people[month, name] = people.get((month, name), 0) + number
    busy = {place for place, tally in joined.items() if tally.count(CALLS)}
    busy |= {(month, ALL) for month, _ in busy}

    def too_few(time: str, section: str) -> bool:
        answered = [m for m in months_in(time) if (m, section) in busy]
        most = max((people.get((m, section), 0) for m in answered), default=None)
        return most is not None and most < limits.least_operators

    families = {key for tally in joined.values() for key in tally.keys_of("rules")}
    times = (*MONTHS, *QUARTERS, YEAR)
    few = frozenset(place for place in product(times, (*names, ALL)) if too_few(*place))
    figures = YearFigures(names, together, tuple(sorted(families)), joined, limits.least_shown, few)
    least, tables = limits.least_shown, dict[tuple[str, str], tuple[Table, Hidden]]()

    def plain(measure: str, key: str = "") -> tuple[Table, Hidden]:
        counts = {(m, s, ALL): tally.count(measure, key) for (m, s), tally in joined.items()}
        table = Table(counts, names)
        return table, hide_totals(table, least, too_few)

    calls = tables[CALLS, ""] = plain(CALLS)
    for measure, kinds in PARTITIONS.items():
        table = _by_kind(joined, names, measure, kinds)
        tables[measure, ""] = (table, hide_kinds(table, calls[1], least, too_few))
    suspected = _of_one_kind(tables["outcome", ""][1], SUSPECTED)
    for measure, kinds in OF_SUSPECTED.items():
        table = _by_kind(joined, names, measure, kinds)
        tables[measure, ""] = (table, hide_kinds(table, suspected, least, too_few))
    for measure in SINGLES:
        tables[measure, ""] = plain(measure)
    for measure, key in product(("rules", "rules_false"), figures.families):
        tables[measure, key] = plain(measure, key)
    for key in (category.value for category in Category):
        for measure in ("category", "alerts_false"):
            tables[measure, key] = plain(measure, key)
        # A call has seldom two alerts of a category: alerts are suspected calls and false alarms together. Where one of
        # the two is hidden the alerts are too: whatever it could be otherwise, they could be otherwise with it.
        alerts = Table({(m, s, ALL): t.count("alerts", key) for (m, s), t in joined.items()}, names)
        parts = [tables[measure, key][1] for measure in ("category", "alerts_false")]
        tables["alerts", key] = (alerts, _wherever_hidden(parts))
    figures.tables = tables
    return figures


def told(
    years: Mapping[int, YearFigures], period: Period, section: str, measure: str, key: str = ""
) -> Shown:
    """Return the number of a whole period: the sum of what is shown of its years, quarters and months.

    Where a part is hidden the whole is: it is never more than who adds up the tables knows already.
    """
    cells = [years[year].cell(measure, key, time, section) for year, time in period.parts]
    if len(cells) == 1:
        return cells[0]
    values = [cell.value for cell in cells if cell.value is not None]
    return Shown(sum(values)) if len(values) == len(cells) else SECRET


def told_of_month(
    years: Mapping[int, YearFigures], month: Month, section: str, measure: str, key: str = ""
) -> Shown:
    return years[month.fiscal_year].cell(measure, key, month.place, section)


def joined_tally(years: Mapping[int, YearFigures], period: Period, section: str) -> Tally:
    """Return what the period counted, unhidden: for shares, medians and rates that are told of large groups alone."""
    whole = Tally()
    for month in period.months:
        year = years[month.fiscal_year]
        for name in year.sections if section == ALL else (section,):
            whole += year.tallies.get((month.place, name), Tally())
    return whole


def _grouped(
    operators: Mapping[tuple[str, str], int], sections: Iterable[str], limits: Limits
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the sections that can stand alone, and those to be told together: as few as may be, enough people."""
    size = {
        section: max((operators.get((month, section), 0) for month in MONTHS), default=0)
        for section in sections
    }
    waiting = sorted(size, key=lambda section: (size[section], section))
    together: list[str] = []
    people = 0
    while waiting and (
        size[waiting[0]] < limits.least_operators or (together and people < limits.least_operators)
    ):
        together.append(waiting.pop(0))
        people += size[together[-1]]
    return tuple(sorted(waiting)), tuple(sorted(together))


def _by_kind(
    joined: Mapping[tuple[str, str], Tally],
    names: tuple[str, ...],
    measure: str,
    kinds: tuple[str, ...],
) -> Table:
    counts = {
        (month, section, kind): tally.count(measure, kind)
        for ((month, section), tally), kind in product(joined.items(), kinds)
    }
    return Table(counts, names, kinds)


def _wherever_hidden(parts: Iterable[Hidden]) -> Hidden:
    """Return what is hidden of a whole whose *parts* are told: not even that it is small."""
    whole = Hidden()
    for part in parts:
        whole.nodes |= part.nodes
        whole.witnesses += part.witnesses
    whole.vague |= whole.nodes
    return whole


def _of_one_kind(hidden: Hidden, kind: str) -> Hidden:
    """Return what is hidden of the calls of one kind, as totals for a table of those calls alone."""

    def of_kind(nodes: Iterable[Node]) -> set[Node]:
        return {(time, section, ALL) for time, section, found in nodes if found == kind}

    witnesses = [
        {(m, s, ALL): by for (m, s, found), by in witness.items() if found == kind}
        for witness in hidden.witnesses
    ]
    return Hidden(of_kind(hidden.nodes), of_kind(hidden.vague), [w for w in witnesses if w])
