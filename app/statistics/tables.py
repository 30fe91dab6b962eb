"""Pure: the tables of a period, made of figures that may be told. Charts, CSV, Excel and the sheet show the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.statistics.facts import Tally
from app.statistics.figures import (
    CALLS,
    PARTITIONS,
    SUSPECTED,
    Shown,
    YearFigures,
    joined_tally,
    told,
    told_of_month,
)
from app.statistics.hiding import ALL
from app.statistics.periods import Month, Period
from app.statistics.schemas import CellOut, ColumnOut, RowOut, TableOut
from app.statistics.words import ALL_CALLS, COLUMNS, TABLES, row_words
from detection.types import Category, Outcome

_ORDINARY: Final = Outcome.ORDINARY.value
_COMPLAINT: Final = Outcome.LEGITIMATE_COMPLAINT.value
WORK: Final = (
    "missed_marked",
    "missed_judged",
    "ended_by_office",
    "repeated",
    "breaks",
)
_NINE_TENTHS: Final = 0.9
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Span:
    """What is asked for: a period of one section or of all."""

    years: Mapping[int, YearFigures]
    period: Period
    section: str
    least: int

    def of(self, measure: str, key: str = "") -> Shown:
        return told(self.years, self.period, self.section, measure, key)

    @property
    def tally(self) -> Tally:
        return joined_tally(self.years, self.period, self.section)


Cells = Callable[[Span, str], Sequence[CellOut]]
"""The cells of a row by its key."""


def tables_of(
    span: Span, before: Span | None, measures: tuple[Shown, Shown] | None, this_month: Month
) -> list[TableOut]:
    """Return every table of the period; *measures* in force, now and a year before, are told of the whole office."""
    tables = [
        _months(span, before, this_month),
        *([_sections(span, before)] if span.section == ALL else []),
        _outcomes(span, before),
        _categories(span, before),
        _table("levels", ("calls",), PARTITIONS["level"], _one("level"), span, before),
        _table("judgements", ("calls",), PARTITIONS["judgement"], _one("judgement"), span, before),
        _table("hours", ("calls", "suspected"), PARTITIONS["hour"], _two("hour"), span, before),
        _table(
            "weekdays", ("calls", "suspected"), PARTITIONS["weekday"], _two("weekday"), span, before
        ),
        _table("held", ("calls",), PARTITIONS["held"], _one("held"), span, before),
        _table("warnings", ("calls",), PARTITIONS["warnings"], _one("warnings"), span, before),
        _rules(span, before),
        _work(span, before, measures),
        _help(span, before),
        _recognition(span, before),
    ]
    return [table for table in tables if table.rows]


def plain(shown: Shown) -> CellOut:
    return CellOut(value=shown.value, small=shown.small)


def share(part: Shown, whole: Shown, least: int) -> CellOut:
    """Return the share in whole percent; not of few cases, and not where a number is hidden."""
    if part.value is None or not whole.value or whole.value < least:
        return CellOut(value=None, unit="percent")
    return CellOut(value=round(100 * part.value / whole.value), unit="percent")


def quantile_s(tally: Tally, part: float) -> int | None:
    """Return the wait within which *part* of the calls were helped, to 5 s; None where none was."""
    waits = [(int(key), tally.count("help_wait", key)) for key in tally.keys_of("help_wait")]
    wanted, seen = part * sum(count for _, count in waits), 0
    for wait_s, count in waits:
        seen += count
        if seen >= wanted:
            return wait_s
    return None


def _table(
    key: str,
    columns: Sequence[str],
    rows: Sequence[str],
    cells: Cells,
    span: Span,
    before: Span | None,
) -> TableOut:
    words = TABLES[key]
    return TableOut(
        key=key,
        title=words.title,
        head=words.head,
        note=words.note,
        columns=[ColumnOut(key=column, label=COLUMNS[column]) for column in columns],
        rows=[
            RowOut(
                key=row,
                label=row_words(key, row),
                cells=list(cells(span, row)),
                before=list(cells(before, row)) if before is not None else None,
            )
            for row in rows
        ],
    )


def _one(measure: str) -> Cells:
    return lambda span, kind: [plain(span.of(measure, kind))]


def _two(measure: str) -> Cells:
    return lambda span, kind: [
        plain(span.of(measure, kind)),
        plain(span.of(f"{measure}_suspected", kind)),
    ]


def _months(span: Span, before: Span | None, this_month: Month) -> TableOut:
    # Months to come are no months without calls; a year before they had some.
    months = [m for m in span.period.months if m <= this_month or before is not None]
    place = {str(month): number for number, month in enumerate(months)}

    def cells(of: Span, row: str) -> list[CellOut]:
        month = of.period.months[place[row]]
        asked = [(CALLS, ""), *(("outcome", kind) for kind in PARTITIONS["outcome"])]
        return [plain(told_of_month(of.years, month, of.section, *one)) for one in asked]

    columns = ("calls", "ordinary", "complaint", "harassment")
    return _table("months", columns, [str(month) for month in months], cells, span, before)


def _outcomes(span: Span, before: Span | None) -> TableOut:
    rows = PARTITIONS["outcome"]
    table = _table("outcomes", ("calls",), rows, _one("outcome"), span, before)
    whole = RowOut(
        key="all",
        label=ALL_CALLS,
        total=True,
        cells=[plain(span.of(CALLS))],
        before=None if before is None else [plain(before.of(CALLS))],
    )
    table.rows.insert(0, whole)
    return table


def _sections(span: Span, before: Span | None) -> TableOut:
    found = {year for year, _ in span.period.parts}
    names = [set(span.years[year].sections) for year in sorted(found)]
    # A section that another year tells only with others would be half a figure.
    rows = sorted(set.intersection(*names)) if names else []

    def cells(of: Span, row: str) -> list[CellOut]:
        here = Span(of.years, of.period, row, of.least)
        asked = ((CALLS, ""), ("outcome", SUSPECTED), ("judgement", "harassment"))
        return [plain(here.of(*one)) for one in asked]

    return _table("sections", ("calls", "harassment", "judged"), rows, cells, span, before)


def _categories(span: Span, before: Span | None) -> TableOut:
    def cells(of: Span, row: str) -> list[CellOut]:
        return [plain(of.of("category", row)), *_false_alarms(of, "alerts", row)]

    rows = [category.value for category in Category]
    return _table(
        "categories", ("harassment", "alerts", "false", "share"), rows, cells, span, before
    )


def _rules(span: Span, before: Span | None) -> TableOut:
    rows = sorted({f for year, _ in span.period.parts for f in span.years[year].families})

    def cells(of: Span, row: str) -> list[CellOut]:
        return _false_alarms(of, "rules", row)

    return _table("rules", ("alerts", "false", "share"), rows, cells, span, before)


def _false_alarms(of: Span, measure: str, key: str) -> list[CellOut]:
    raised, false = of.of(measure, key), of.of(f"{measure}_false", key)
    return [plain(raised), plain(false), share(false, raised, of.least)]


def _work(span: Span, before: Span | None, measures: tuple[Shown, Shown] | None) -> TableOut:
    rows = ["all_alerts", "all_alerts_false", *WORK]
    table = _table("work", ("number",), rows, lambda of, row: [plain(of.of(row))], span, before)
    if measures is not None:
        now = RowOut(
            key="measures",
            label=row_words("work", "measures"),
            cells=[plain(measures[0])],
            before=None if before is None else [plain(measures[1])],
        )
        table.rows.append(now)
    return table


def _help(span: Span, before: Span | None) -> TableOut:
    def cells(of: Span, row: str) -> list[CellOut]:
        asked, alone = of.of("help_asked"), of.of("help_unanswered")
        if row in ("help_asked", "help_unanswered"):
            return [plain(of.of(row))]
        if row == "help_share":
            return [share(alone, asked, of.least)]
        part, least = (0.5, of.least) if row == "help_median" else (_NINE_TENTHS, 2 * of.least)
        # Of so many that no single wait can be told from it.
        told = asked.value is not None and alone.value is not None
        enough = told and (asked.value or 0) - (alone.value or 0) >= least
        seconds = quantile_s(of.tally, part) if enough else None
        return [CellOut(value=seconds, unit="seconds")]

    rows = ("help_asked", "help_unanswered", "help_share", "help_median", "help_p90")
    return _table("help", ("figure",), rows, cells, span, before)


def _recognition(span: Span, before: Span | None) -> TableOut:
    def cells(of: Span, row: str) -> list[CellOut]:
        unit = {"mean_held": "minutes", "hours": "hours", "gaps": "times"}[row]
        calls, tally = of.of(CALLS).value, of.tally
        sound_ms = tally.total(CALLS)
        if calls is None or calls < of.least or not sound_ms:
            return [CellOut(value=None, unit=unit)]
        value = {
            "mean_held": round(sound_ms / calls / 60_000),
            "hours": round(sound_ms / _HOUR_MS),
            "gaps": round(tally.count("gaps") * _HOUR_MS / sound_ms, 1),
        }[row]
        return [CellOut(value=value, unit=unit)]

    return _table("recognition", ("figure",), ("mean_held", "hours", "gaps"), cells, span, before)
