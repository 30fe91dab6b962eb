"""What all tables of a year tell together, with what everybody knows of parts and wholes, pins no small number down."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from app.statistics.facts import AlertFact, CallFact, tallied
from app.statistics.figures import (
    OF_SUSPECTED,
    PARTITIONS,
    SUSPECTED,
    Limits,
    YearFigures,
    figures_of,
)
from app.statistics.hiding import ALL, MONTHS, QUARTERS, YEAR, Hidden, Node, Table, months_in
from app.statistics.periods import Month, month_named
from app.statistics.rollup import month_span
from detection.types import Category
from tests.app.statistics.year import CATEGORIES

SECTIONS = ("市民課", "道路課", "保険年金課")
LEAST = 5
SAMPLED = 80

Count = tuple[str, str, str, str, str]
"""Measure, key, month, section, kind: what nobody outside knows."""
Sum = dict[Count, int]


def office(seed: int, calls: int) -> YearFigures:
    """Return a year of an office whose calls seldom have more than one alert."""
    chance = random.Random(seed)
    facts = [call(chance, Month(2026, 4).later(month)) for month in range(12) for _ in range(calls)]
    counted = {(month_named(m).place, s): one for (m, s), one in tallied(facts).items()}
    return figures_of(counted, dict.fromkeys(counted, 4), Limits())


def call(chance: random.Random, month: Month) -> CallFact:
    suspected = chance.random() < 0.12
    alerts = [
        AlertFact(
            (chance.choices(CATEGORIES, (5, 3, 1, 9, 7, 8, 4, 1, 1, 3, 2, 2))[0],),
            (chance.choice(("mental", "meaning", "conversation")),),
            chance.random() < 0.18,
        )
        for _ in range((1 if chance.random() < 0.85 else 2) if suspected else 0)
    ]
    return CallFact(
        call_id="c",
        section=SECTIONS[min(int(chance.expovariate(0.6)), 2)],
        started_at=month_span(str(month))[0],
        duration_ms=300_000,
        top_level=1 if suspected else 0,
        outcome="ordinary",
        warnings_spoken=0,
        alerts=tuple(alerts),
        verdict=chance.choice((None, "harassment")) if suspected else None,
        help_asked=suspected and chance.random() < 0.3,
    )


def summed(figures: YearFigures, cell: tuple[str, str], node: Node) -> Sum:
    """Return the counts that a cell of a table is the sum of."""
    table, _ = figures.tables[cell]
    time, section, kind = node
    inside = figures.sections if section == ALL else (section,)
    kinds = table.kinds if kind == ALL else (kind,)
    return {(*cell, m, s, k): 1 for m, s, k in product(months_in(time), inside, kinds)}


def told(figures: YearFigures) -> Iterator[tuple[Sum, int, int]]:
    """Yield every number that is shown, and every one that is told to be small: least, most."""
    times, sections = (*MONTHS, *QUARTERS, YEAR), (*figures.sections, ALL)
    for cell, (table, _) in figures.tables.items():
        for node in product(times, sections, dict.fromkeys((*table.kinds, ALL))):
            key = cell[1] if node[2] == ALL else node[2]
            shown = figures.cell(cell[0], key, node[0], node[1])
            if shown.value is not None or shown.small:
                value = shown.value
                bounds = (0, LEAST - 1) if value is None else (value, value)
                yield summed(figures, cell, node), *bounds


def known(figures: YearFigures) -> Iterator[tuple[Sum, Sum, bool]]:
    """Yield what everybody knows of each month and section: parts, their whole, whether they make it up."""
    for month, section in product(MONTHS, figures.sections):

        def of(
            measure: str, key: str = "", kind: str = ALL, at: tuple[str, str] = (month, section)
        ) -> Sum:
            return summed(figures, (measure, key), (*at, kind))

        for measure in PARTITIONS:
            yield of(measure), of("calls"), True
        for measure in OF_SUSPECTED:
            yield of(measure), of("outcome", kind=SUSPECTED), True
            for kind in OF_SUSPECTED[measure]:
                yield (
                    of(measure, kind=kind),
                    of(measure.removesuffix("_suspected"), kind=kind),
                    False,
                )
        yield of("all_alerts_false"), of("all_alerts"), False
        yield of("help_asked"), of("calls"), False
        yield of("missed_judged"), of("judgement", kind="harassment"), False
        for key in (category.value for category in Category):
            yield of("category", key), of("outcome", kind=SUSPECTED), False
            yield of("category", key) | of("alerts_false", key), of("alerts", key), False
            yield of("alerts", key), of("all_alerts"), False
            yield of("alerts_false", key), of("all_alerts_false"), False


def spans(figures: YearFigures, wanted: Iterable[Sum]) -> list[tuple[float, float]]:
    """Return between what each of *wanted* lies for who reads every table and reckons."""
    place: dict[Count, int] = defaultdict(lambda: len(place))
    rows: list[tuple[Sum, float]] = []
    for one, least, most in told(figures):
        rows += [(one, most), ({count: -by for count, by in one.items()}, -least)]
    for parts, whole, equal in known(figures):
        below = parts | {count: -by for count, by in whole.items()}
        rows.append((below, 0))
        if equal:
            rows.append(({count: -by for count, by in below.items()}, 0))
    entries = [
        (n, place[count], by) for n, (one, _) in enumerate(rows) for count, by in one.items()
    ]
    row, column, by = zip(*entries, strict=True)
    matrix = csr_matrix((by, (row, column)), shape=(len(rows), len(place)))
    limits = np.array([limit for _, limit in rows], dtype=float)
    found = []
    for one in wanted:
        aim = np.zeros(len(place))
        aim[[place[count] for count in one]] = 1
        ends = [
            sign * linprog(sign * aim, A_ub=matrix, b_ub=limits, bounds=(0, None)).fun
            for sign in (1, -1)
        ]
        found.append((ends[0], ends[1]))
    return found


def small_hidden(
    tables: Iterable[tuple[tuple[str, str], tuple[Table, Hidden]]],
) -> list[tuple[tuple[str, str], Node]]:
    return [
        (cell, node)
        for cell, (table, hidden) in tables
        for node in sorted(hidden.nodes)
        if 0 < table.value(node) < LEAST
    ]


def test_no_small_number_follows_from_all_tables_together() -> None:
    figures = office(3, 300)
    by_category = ("category", "alerts_false")
    hidden = small_hidden(one for one in figures.tables.items() if one[0][0] in by_category)
    sample = random.Random(1).sample(hidden, SAMPLED)

    found = spans(figures, [summed(figures, cell, node) for cell, node in sample])

    assert all(high - low >= 1 - 1e-6 for low, high in found)
