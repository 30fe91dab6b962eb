"""Glue: counts the years that somebody asks for, keeps them for some minutes, and says who may see which.

Counting reads a month at a time, so that calls are judged in between; hiding is done in a thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, cast

import anyio
import anyio.to_thread
from sqlalchemy import func, or_, select
from starlette.requests import HTTPConnection

from app.auth.identity import Identity, Role
from app.callers.models import CallerMeasure
from app.db import Database
from app.errors import NotAllowed
from app.japan import JAPAN
from app.ports import Clock
from app.services import services_of
from app.statistics.facts import Tally, tallied
from app.statistics.figures import OTHER_SECTIONS, Limits, Shown, YearFigures, figures_of
from app.statistics.gathering import facts_between, hold_still
from app.statistics.hiding import ALL
from app.statistics.periods import Month, Period, fiscal_year, month_of_day
from app.statistics.rollup import OPERATORS, kept, month_span
from app.statistics.schemas import StatisticsOut
from app.statistics.settings import StatisticsSettings
from app.statistics.tables import Span, tables_of

KEPT_MS: Final = 600_000
"""Figures of a year are counted again after that."""


@dataclass(frozen=True, slots=True)
class _Counted:
    figures: YearFigures
    at: datetime
    at_ms: int


@dataclass(slots=True)
class StatisticsDesk:
    """Of one process."""

    database: Database
    clock: Clock
    settings: StatisticsSettings
    _years: dict[int, _Counted] = field(default_factory=dict)
    _turn: anyio.Lock = field(default_factory=anyio.Lock)

    async def answer(
        self, identity: Identity, period: Period, *, section: str | None, compare: bool
    ) -> StatisticsOut:
        """Return the figures of *period* that *identity* may see.

        Raises:
            NotAllowed: another section's, or one that is told only with others (``section_not_told``).
        """
        wanted = period, *([period.year_before] if compare else [])
        years = {year: await self._year(year) for year in _years_of(wanted)}
        figures = {year: counted.figures for year, counted in years.items()}
        here = _scope(identity, section, [figures[year] for year in _years_of([period])])
        # A section may have no name: it is one of them, not all of them.
        scope = ALL if here is None else here
        least = self.settings.least_shown
        span = Span(figures, period, scope, least)
        before = Span(figures, period.year_before, scope, least) if compare else None
        known = [figures[year] for year in _years_of([period])]
        alone = set.intersection(*({*one.sections} for one in known)) - {"", OTHER_SECTIONS}
        untold = _nothing_told(period, scope, figures)
        measures = None
        if here is None:
            measures = (await self._measures(period), await self._measures(period.year_before))
        return StatisticsOut(
            as_of=min(counted.at for counted in years.values()),
            first=str(period.first),
            last=str(period.last),
            compared=compare,
            section=here,
            sections=sorted(alone) if _chooses(identity) else [],
            least_shown=least,
            least_operators=self.settings.least_operators,
            too_few_people=untold,
            empty=not untold and not any(one.tally.count("calls") for one in (span, before) if one),
            unfinished=period.last >= month_of_day(self._today()),
            tables=[] if untold else tables_of(span, before, measures, self.today_month()),
        )

    def today_month(self) -> Month:
        return month_of_day(self._today())

    def _today(self) -> datetime:
        return self.clock.now().astimezone(JAPAN)

    async def _year(self, year: int) -> _Counted:
        async with self._turn:
            known = self._years.get(year)
            now_ms = self.clock.monotonic_ms()
            if known is None or now_ms - known.at_ms >= KEPT_MS:
                known = _Counted(await self._count(year), self.clock.now(), now_ms)
                self._years[year] = known
        return known

    async def _count(self, year: int) -> YearFigures:
        months = fiscal_year(year).months
        tallies: dict[tuple[str, str], Tally] = {}
        operators: dict[tuple[str, str], int] = {}
        for month in months:
            start, end = month_span(str(month))
            async with self.database.transaction() as session:
                await hold_still(session)
                facts, people = await facts_between(session, start, end)
                gone = await kept(session, str(month), str(month))
            for (_, section), tally in (await anyio.to_thread.run_sync(tallied, facts)).items():
                tallies[month.place, section] = tally
            for section, logins in people.items():
                operators[month.place, section] = len(logins)
            for (_, section), tally in gone.items():
                place = (month.place, section)
                tallies[place] = tallies.get(place, Tally()) + tally
                operators[place] = max(operators.get(place, 0), tally.count(OPERATORS))
        limits = Limits(self.settings.least_shown, self.settings.least_operators)
        return await anyio.to_thread.run_sync(figures_of, tallies, operators, limits)

    async def _measures(self, period: Period) -> Shown:
        """Return how many measures were in force at the end of *period*, or are now if that is to come."""
        _, over = month_span(str(period.last))
        end = min(over, self.clock.now())
        day = (end - timedelta(microseconds=1)).astimezone(JAPAN).date()
        async with self.database.transaction() as session:
            number = await session.scalar(
                select(func.count())
                .select_from(CallerMeasure)
                .where(
                    CallerMeasure.approved_at < end,
                    CallerMeasure.begins_on <= day,
                    CallerMeasure.ends_on >= day,
                    # Lifted later, it was in force then: the figure of a year stays what it was.
                    or_(CallerMeasure.lifted_at.is_(None), CallerMeasure.lifted_at >= end),
                )
            )
        small = 0 < (number or 0) < self.settings.least_shown
        return Shown(None, small=True) if small else Shown(number or 0)


def statistics_of(connection: HTTPConnection) -> StatisticsDesk:
    """Return the process's desk, made at the first question."""
    state = connection.app.state
    if not hasattr(state, "statistics"):
        services = services_of(connection)
        state.statistics = StatisticsDesk(
            services.database, services.clock, services.settings.statistics
        )
    return cast("StatisticsDesk", state.statistics)


def _years_of(periods: tuple[Period, ...] | list[Period]) -> list[int]:
    return sorted({year for period in periods for year, _ in period.parts})


def _chooses(identity: Identity) -> bool:
    """Whether this person may ask for any section; administrators see the office as a whole."""
    return identity.role is Role.AUDITOR and not identity.section


def _scope(identity: Identity, section: str | None, years: list[YearFigures]) -> str | None:
    """Return the section that is told; None for the whole office."""
    if identity.role is Role.ADMINISTRATOR or (_chooses(identity) and section is None):
        allowed = section is None
        here = None
    elif _chooses(identity):
        here = section
        allowed = all(section in year.sections for year in years)
    else:
        here = identity.section
        allowed = section in (None, identity.section)
    if not allowed:
        raise NotAllowed(
            "section_not_told",
            "この課だけの統計は表示できません。庁内全体か、選べる課の統計をご覧ください。",
        )
    return here


def _nothing_told(period: Period, scope: str, years: Mapping[int, YearFigures]) -> bool:
    """Whether too few people answered for anything to be told of the section, or of the office."""
    return any(
        scope in years[year].merged or (time, scope) in years[year].few
        for year, time in period.parts
    )
