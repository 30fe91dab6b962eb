"""The figures of a year: what is told adds up, small groups of people are told together, drill-downs agree."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import BadRequest
from app.statistics.facts import (
    AlertFact,
    CallFact,
    Tally,
    amounts_of,
    judgement_of,
    outcome_of,
    tallied,
)
from app.statistics.figures import OTHER_SECTIONS, PARTITIONS, Limits, figures_of, told
from app.statistics.gathering import Deed, help_wait_s
from app.statistics.hiding import ALL, MONTHS, changes_of, months_in
from app.statistics.periods import Month, Period, fiscal_year, month_named, period_named
from app.statistics.tables import quantile_s

NOON = datetime(2026, 6, 10, 3, 0, tzinfo=UTC)
SECTIONS = ("市民課", "道路課", "税務課")
LIMITS = Limits()


def fact(number: int, section: str, month: int, **changes: object) -> CallFact:
    values: dict[str, object] = {
        "call_id": f"c{number}",
        "section": section,
        "started_at": datetime(2026 + (month > 8), (month + 3) % 12 + 1, 10, 3, 0, tzinfo=UTC),
        "duration_ms": 300_000,
        "top_level": 0,
        "outcome": "ordinary",
        "warnings_spoken": 0,
    }
    return CallFact(**(values | changes))  # type: ignore[arg-type]


def placed(facts: list[CallFact]) -> dict[tuple[str, str], Tally]:
    found = tallied(facts)
    return {(month_named(month).place, section): tally for (month, section), tally in found.items()}


@st.composite
def offices(draw: st.DrawFn) -> tuple[list[CallFact], dict[tuple[str, str], int]]:
    """Return calls of a year, and how many people answered where."""
    facts: list[CallFact] = []
    operators: dict[tuple[str, str], int] = {}
    for section in SECTIONS[: draw(st.integers(1, 3))]:
        for place in range(draw(st.integers(1, 12))):
            operators[MONTHS[place], section] = draw(st.integers(0, 6))
            for _ in range(draw(st.one_of(st.integers(0, 4), st.integers(0, 25)))):
                false = draw(st.booleans())
                alerts = (AlertFact(("mental_attack",), ("mental",), false),)
                facts.append(
                    fact(
                        len(facts),
                        section,
                        place,
                        alerts=alerts if draw(st.booleans()) else (),
                        warnings_spoken=draw(st.integers(0, 4)),
                        verdict=draw(st.sampled_from((None, "harassment", "undecided"))),
                        help_asked=draw(st.booleans()),
                    )
                )
    return facts, operators


@given(offices())
@settings(max_examples=25, deadline=None)
def test_nothing_small_is_told_and_what_is_told_of_parts_is_what_is_told_of_the_whole(
    office: tuple[list[CallFact], dict[tuple[str, str], int]],
) -> None:
    facts, operators = office
    figures = figures_of(placed(facts), operators, LIMITS)
    years = {2026: figures}

    for table, hidden in figures.tables.values():
        shown = [n for n in table.values if n not in hidden.nodes]
        assert all(table.value(node) >= LIMITS.least_shown for node in shown)
    for section in (*figures.sections, ALL):
        whole = told(years, fiscal_year(2026), section, "calls")
        kinds = [
            told(years, fiscal_year(2026), section, "outcome", k) for k in PARTITIONS["outcome"]
        ]
        if whole.value is not None and all(kind.value is not None for kind in kinds):
            assert whole.value == sum(kind.value or 0 for kind in kinds)


@given(offices(), st.integers(0, 11), st.integers(0, 11))
@settings(max_examples=25, deadline=None)
def test_a_free_period_tells_no_more_than_the_years_quarters_and_months_in_it(
    office: tuple[list[CallFact], dict[tuple[str, str], int]], one: int, other: int
) -> None:
    facts, operators = office
    years = {2026: figures_of(placed(facts), operators, LIMITS)}
    first, last = sorted((one, other))
    period = Period(Month(2026, 4).later(first), Month(2026, 4).later(last))

    shown = told(years, period, ALL, "calls")

    parts = [years[year].cell("calls", "", time, ALL) for year, time in period.parts]
    if all(part.value is not None for part in parts):
        assert shown.value == sum(part.value or 0 for part in parts)
    else:
        assert shown.value is None
        assert len(parts) == 1 or not shown.small


def test_false_alarms_are_not_told_by_taking_suspected_calls_from_alerts() -> None:
    real, false = (AlertFact(("mental_attack",), ("mental",), one) for one in (False, True))
    counted = {0: (20, 2), 1: (30, 8), 2: (30, 8)}
    facts = [
        fact(100 * month + n, "市民課", month, alerts=(real if n < stand else false,))
        for month, (stand, wrong) in counted.items()
        for n in range(stand + wrong)
    ]
    operators = {(m, "市民課"): 5 for m in MONTHS[:3]}

    figures = figures_of(placed(facts), operators, LIMITS)

    def shown(measure: str, time: str) -> int | None:
        return figures.cell(measure, "mental_attack", time, "市民課").value

    assert (shown("category", "m00"), shown("alerts_false", "m00")) == (20, None)
    assert shown("alerts", "m00") is None
    assert (shown("category", "Y"), shown("alerts_false", "Y"), shown("alerts", "Y")) == (
        80,
        18,
        98,
    )


@given(offices())
@settings(max_examples=25, deadline=None)
def test_alerts_are_hidden_wherever_one_of_their_parts_is(
    office: tuple[list[CallFact], dict[tuple[str, str], int]],
) -> None:
    facts, operators = office
    figures = figures_of(placed(facts), operators, LIMITS)

    alerts, hidden = figures.tables["alerts", "mental_attack"]
    parts = [figures.tables[one, "mental_attack"][1] for one in ("category", "alerts_false")]
    assert hidden.nodes == parts[0].nodes | parts[1].nodes
    # What a part could be otherwise the alerts could be too, and nothing that is shown would change.
    for part in parts:
        for witness in part.witnesses:
            assert changes_of(witness).keys() <= hidden.nodes
            assert all(alerts.value(leaf) + by >= 0 for leaf, by in witness.items())
    assert not any(
        figures.cell("alerts", "mental_attack", time, section).small
        for time, section, _ in hidden.nodes
    )


def test_a_section_with_one_operator_is_never_told_by_itself() -> None:
    facts = [fact(n, SECTIONS[n % 3], n % 12) for n in range(360)]
    operators = {(m, s): 1 if s == "道路課" else 4 for m in MONTHS for s in SECTIONS}

    figures = figures_of(placed(facts), operators, LIMITS)

    assert "道路課" in figures.merged
    assert "道路課" not in figures.sections
    assert OTHER_SECTIONS in figures.sections
    # Alone it would be known from the others: somebody stands beside it.
    assert len(figures.merged) == 2


def test_a_month_in_which_one_person_answered_is_not_told() -> None:
    facts = [fact(n, "市民課", n % 12) for n in range(360)]
    operators = {(m, "市民課"): 1 if m == "m04" else 5 for m in MONTHS}

    figures = figures_of(placed(facts), operators, LIMITS)

    assert figures.cell("calls", "", "m04", "市民課").value is None
    for section in ("市民課", ALL):
        hidden = figures.cell("outcome", "harassment_suspected", "m04", section)
        assert (hidden.value, hidden.small) == (None, False)
    assert figures.cell("calls", "", "Y", ALL).value == 360


def test_a_false_alarm_makes_no_call_suspected_and_a_calmed_one_stays_it() -> None:
    false = AlertFact(("mental_attack",), ("mental",), false=True)
    real = AlertFact(("intimidation",), ("meaning",), false=False)

    assert (
        outcome_of(fact(1, "a", 0, alerts=(false,), outcome="harassment_suspected")) == "ordinary"
    )
    assert outcome_of(fact(1, "a", 0, alerts=(real,), outcome="ordinary")) == "harassment_suspected"
    assert outcome_of(fact(1, "a", 0, outcome="legitimate_complaint")) == "legitimate_complaint"
    assert judgement_of(fact(1, "a", 0, alerts=(false,))) == "not_judged"
    assert judgement_of(fact(1, "a", 0)) == "not_needed"


def test_nothing_that_a_call_adds_names_anybody() -> None:
    cells = dict(amounts_of(fact(4711, "市民課", 0, help_asked=True, gaps=2)))

    assert {measure for measure, _ in cells} >= {"calls", "outcome", "help_asked", "gaps"}
    assert "c4711" not in str(cells)
    assert not {"operator", "login", "caller", "number"} & {one.name for one in fields(CallFact)}


def test_waits_are_counted_from_the_request_to_whoever_came_first() -> None:
    asked: Deed = ("help_requested", NOON, {})
    came: Deed = ("supervisor_joined", NOON + timedelta(seconds=41), {})
    done: Deed = ("help_withdrawn", NOON + timedelta(seconds=90), {})

    assert help_wait_s([asked, came, done]) == 41
    assert help_wait_s([asked, done]) == 90
    assert help_wait_s([asked]) is None
    assert help_wait_s([("supervisor_joined", NOON, {}), asked]) == 0
    assert help_wait_s([]) is None


def test_the_median_of_waits_is_that_of_their_steps() -> None:
    waits = [2, 7, 12, 44, 300]
    facts = [fact(n, "a", 0, help_asked=True, help_wait_s=s) for n, s in enumerate(waits)]
    (tally,) = tallied(facts).values()

    assert quantile_s(tally, 0.5) == 10
    assert quantile_s(tally, 0.9) == 300
    assert quantile_s(Tally(), 0.5) is None


@given(st.integers(2020, 2090), st.integers(1, 12), st.integers(1, 36))
def test_a_period_is_the_fewest_whole_years_quarters_and_months(
    year: int, number: int, length: int
) -> None:
    first = Month(year, number)
    period = Period(first, first.later(length - 1))

    months = [
        Month(y, 4).later(MONTHS.index(m)) for y, part in period.parts for m in months_in(part)
    ]

    assert tuple(months) == period.months
    assert all(a < b for a, b in pairwise(months))
    assert len(period.parts) <= 2 + 4 * 2 + 2


@pytest.mark.parametrize(
    "asked", [("2026-13", None), ("2026-05", "2026-04"), ("2026-04", "2030-01"), ("x", None)]
)
def test_months_that_are_none_or_too_many_are_refused(asked: tuple[str, str | None]) -> None:
    with pytest.raises(BadRequest):
        period_named(*asked, today=NOON.date())


def test_without_months_the_present_fiscal_year_is_meant() -> None:
    assert period_named(None, None, NOON.date()) == fiscal_year(2026)
    assert period_named(None, None, datetime(2027, 2, 1, tzinfo=UTC).date()) == fiscal_year(2026)
