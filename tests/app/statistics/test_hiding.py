"""Small numbers stay hidden: whatever is shown of a year, another table would show the same."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from app.statistics.hiding import (
    ALL,
    MONTHS,
    QUARTERS,
    YEAR,
    Hidden,
    Node,
    Table,
    changes_of,
    hide_kinds,
    hide_totals,
    sums_with,
)

LEAST = 5
TIMES = (*MONTHS, *QUARTERS, YEAR)
SECTIONS = ("保険年金課", "市民課", "道路課")
KINDS = ("a", "b", "c")


def nobody_few(_time: str, _section: str) -> bool:
    return False


@st.composite
def counts(draw: st.DrawFn, *, sections: int, kinds: int) -> dict[Node, int]:
    """Return counts of a year, most of them none or small."""
    names = KINDS[:kinds] if kinds else (ALL,)
    size = st.one_of(st.just(0), st.integers(0, 6), st.integers(0, 60))
    months = MONTHS[: draw(st.integers(1, 12))]
    return {
        (month, section, kind): draw(size)
        for month, section, kind in product(months, SECTIONS[:sections], names)
    }


def _gone(hidden: Hidden, node: Node) -> bool:
    return node in hidden.nodes


def _shown(hidden: Hidden, node: Node) -> bool:
    return node not in hidden.nodes


def total_of(leaves: Mapping[Node, int]) -> dict[Node, int]:
    found: dict[Node, int] = {}
    for (month, section, _), count in leaves.items():
        found[month, section, ALL] = found.get((month, section, ALL), 0) + count
    return found


def cells(table: Table) -> list[Node]:
    kinds = dict.fromkeys((*table.kinds, ALL))
    return list(product(TIMES, (*table.sections, ALL), kinds))


def told(table: Table, hidden: Hidden) -> dict[Node, tuple[int, float]]:
    """Return between which numbers each cell lies for who reads the table."""
    bounds: dict[Node, tuple[int, float]] = {}
    for node in cells(table):
        value = table.value(node)
        if node not in hidden.nodes:
            bounds[node] = (value, value)
        elif value < LEAST and node not in hidden.vague:
            bounds[node] = (0, LEAST - 1)
        else:
            bounds[node] = (0, np.inf)
    return bounds


def span_of(table: Table, hidden: Hidden, wanted: Node) -> tuple[float, float]:
    """Return the least and the most that *wanted* can be, by linear programming over everything told."""
    leaves = list(product(MONTHS, table.sections, table.kinds))
    place = {leaf: number for number, leaf in enumerate(leaves)}
    rows: dict[Node, np.ndarray] = {node: np.zeros(len(leaves)) for node in cells(table)}
    for leaf in leaves:
        for node in sums_with(leaf):
            rows[node][place[leaf]] = 1
    bounds = told(table, hidden)
    above = [(rows[node], high) for node, (_, high) in bounds.items() if np.isfinite(high)]
    below = [(-rows[node], -low) for node, (low, _) in bounds.items()]
    matrix = np.array([row for row, _ in (*above, *below)])
    limits = np.array([limit for _, limit in (*above, *below)])
    ends = []
    for sign in (1, -1):
        solved = linprog(sign * rows[wanted], A_ub=matrix, b_ub=limits, bounds=(0, None))
        ends.append(np.inf if solved.status == 3 else sign * solved.fun)
    return ends[0], abs(ends[1])


def same_told(table: Table, hidden: Hidden, witness: Mapping[Node, int]) -> bool:
    """Say whether the table changed by *witness* is one that could have been told in the same way."""
    changed = dict(table.counts)
    for leaf, by in witness.items():
        changed[leaf] = changed.get(leaf, 0) + by
    if any(count < 0 for count in changed.values()):
        return False
    other = Table(changed, table.sections, table.kinds)
    bounds = told(table, hidden)
    return all(low <= other.value(node) <= high for node, (low, high) in bounds.items())


@given(counts(sections=3, kinds=0))
def test_every_hidden_total_has_another_table_that_reads_the_same(leaves: dict[Node, int]) -> None:
    table = Table(leaves, SECTIONS)
    hidden = hide_totals(table, LEAST, nobody_few)

    small = {n for n in cells(table) if 0 < table.value(n) < LEAST}
    assert all(_gone(hidden, node) for node in small)
    assert all(same_told(table, hidden, witness) for witness in hidden.witnesses)
    assert hidden.nodes == {n for w in hidden.witnesses for n in changes_of(w)}


@given(
    counts(sections=3, kinds=3),
    st.sets(st.tuples(st.sampled_from(MONTHS), st.sampled_from(SECTIONS))),
)
@settings(max_examples=60, deadline=None)
def test_every_hidden_kind_has_another_table_that_reads_the_same(
    leaves: dict[Node, int], alone: set[tuple[str, str]]
) -> None:
    whole = Table(total_of(leaves), SECTIONS)

    def too_few(time: str, section: str) -> bool:
        return (time, section) in alone and whole.value((time, section, ALL)) > 0

    totals = hide_totals(whole, LEAST, too_few)
    table = Table(leaves, SECTIONS, KINDS)
    hidden = hide_kinds(table, totals, LEAST, too_few)

    for place in alone:
        assert not too_few(*place) or all(_gone(hidden, (*place, kind)) for kind in KINDS)
    assert all(_gone(hidden, n) for n in cells(table) if 0 < table.value(n) < LEAST)
    assert all(same_told(table, hidden, witness) for witness in hidden.witnesses)
    assert hidden.nodes == {n for w in hidden.witnesses for n in changes_of(w)}
    # The same totals are hidden in every table of the year, and the same calls may be otherwise.
    assert {n for n in hidden.nodes if n[2] == ALL} == totals.nodes
    for one in totals.witnesses:
        assert any(total_of(w) == dict(one) for w in hidden.witnesses)


@given(counts(sections=2, kinds=2), st.data())
@settings(max_examples=25, deadline=None)
def test_adding_and_subtracting_what_is_shown_never_tells_a_hidden_number(
    leaves: dict[Node, int], data: st.DataObject
) -> None:
    totals = hide_totals(Table(total_of(leaves), SECTIONS[:2]), LEAST, nobody_few)
    table = Table(leaves, SECTIONS[:2], KINDS[:2])
    hidden = hide_kinds(table, totals, LEAST, nobody_few)
    out_of_sight = [n for n in cells(table) if _gone(hidden, n)]
    if not out_of_sight:
        return

    wanted = data.draw(st.sampled_from(out_of_sight))
    low, high = span_of(table, hidden, wanted)

    assert high - low >= 1 - 1e-6


def test_one_small_month_is_not_given_away_by_its_quarter() -> None:
    leaves = {("m00", "市民課", ALL): 20, ("m01", "市民課", ALL): 2, ("m02", "市民課", ALL): 30}
    table = Table(leaves, ("市民課",))

    hidden = hide_totals(table, LEAST, nobody_few)

    months = [month for month in MONTHS[:3] if _gone(hidden, (month, "市民課", ALL))]
    assert months == ["m00", "m01"]
    assert _shown(hidden, ("q0", "市民課", ALL))
    assert _shown(hidden, (YEAR, ALL, ALL))


def test_large_numbers_are_all_shown() -> None:
    leaves = dict.fromkeys(product(MONTHS, SECTIONS, KINDS), 40)
    totals = hide_totals(Table(total_of(leaves), SECTIONS), LEAST, nobody_few)

    hidden = hide_kinds(Table(leaves, SECTIONS, KINDS), totals, LEAST, nobody_few)

    assert hidden.nodes == totals.nodes == set()


def test_a_year_may_be_told_although_each_of_its_months_is_small() -> None:
    table = Table({(month, "市民課", ALL): 2 for month in MONTHS}, ("市民課",))

    hidden = hide_totals(table, LEAST, nobody_few)

    assert _shown(hidden, (YEAR, "市民課", ALL))
    assert _shown(hidden, ("q0", "市民課", ALL))
    assert all(_gone(hidden, (month, "市民課", ALL)) for month in MONTHS)


def test_where_too_few_people_answered_nothing_is_shown_not_even_that_there_was_nothing() -> None:
    leaves = dict.fromkeys(product(MONTHS, SECTIONS, KINDS), 40)
    leaves["m04", "道路課", "a"] = 0

    def alone(time: str, section: str) -> bool:
        return (time, section) == ("m04", "道路課")

    totals = hide_totals(Table(total_of(leaves), SECTIONS), LEAST, alone)
    hidden = hide_kinds(Table(leaves, SECTIONS, KINDS), totals, LEAST, alone)

    assert all(_gone(hidden, ("m04", "道路課", kind)) for kind in (*KINDS, ALL))
    assert _shown(hidden, (YEAR, "道路課", ALL))


def test_a_negative_count_is_a_defect() -> None:
    with pytest.raises(ValueError, match="never negative"):
        Table({("m00", "市民課", ALL): -1}, ("市民課",))
