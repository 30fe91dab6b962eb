"""Pure: months, quarters and fiscal years (年度, April to March) as an office counts them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.errors import BadRequest
from app.statistics.hiding import MONTHS, QUARTERS, YEAR, months_in

MONTH: Final = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
LONGEST_MONTHS: Final = 36


@dataclass(frozen=True, slots=True, order=True)
class Month:
    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def fiscal_year(self) -> int:
        return self.year if self.number >= 4 else self.year - 1

    @property
    def place(self) -> str:
        """Return its name in a table of its fiscal year."""
        return MONTHS[(self.number - 4) % 12]

    def later(self, months: int) -> Month:
        count = self.year * 12 + self.number - 1 + months
        return Month(count // 12, count % 12 + 1)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months, the last one included: a part of a month would tell small numbers by difference."""

    first: Month
    last: Month

    @property
    def months(self) -> tuple[Month, ...]:
        found = [self.first]
        while found[-1] < self.last:
            found.append(found[-1].later(1))
        return tuple(found)

    @property
    def year_before(self) -> Period:
        return Period(self.first.later(-12), self.last.later(-12))

    @property
    def parts(self) -> tuple[tuple[int, str], ...]:
        """Return the fewest whole years, quarters and months that make it up."""
        return tuple(_parts(self.months))


def fiscal_year(year: int) -> Period:
    return Period(Month(year, 4), Month(year + 1, 3))


def month_of_day(day: date) -> Month:
    return Month(day.year, day.month)


def month_named(text: str) -> Month:
    """Return the month written as ``2026-04``.

    Raises:
        BadRequest: it is not one (``bad_month``).
    """
    found = MONTH.fullmatch(text)
    if found is None:
        raise BadRequest("bad_month", "年月は 2026-04 のように指定してください。")
    return Month(int(found[1]), int(found[2]))


def period_named(first: str | None, last: str | None, today: date) -> Period:
    """Return the months asked for; the present fiscal year where none are.

    Raises:
        BadRequest: no months, in the wrong order, or too many (``bad_month``, ``bad_period``).
    """
    this = fiscal_year(month_of_day(today).fiscal_year)
    begin = month_named(first) if first else this.first
    end = month_named(last) if last else (this.last if not first else begin)
    period = Period(begin, end)
    if end < begin or begin.later(LONGEST_MONTHS) <= end:
        raise BadRequest(
            "bad_period",
            f"期間は、始めの月から終わりの月まで、{LONGEST_MONTHS}か月以内で指定してください。",
        )
    return period


def _parts(months: tuple[Month, ...]) -> Iterator[tuple[int, str]]:
    at = 0
    while at < len(months):
        month = months[at]
        for node in (YEAR, *QUARTERS, month.place):
            covered = months_in(node)
            span = months[at : at + len(covered)]
            if tuple(one.place for one in span) == covered:
                yield month.fiscal_year, node
                at += len(covered)
                break
