"""What is asked and how it is asked are judged apart, as the two parts of the policy's list are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.types import CONTENT, Category, Outcome, Severity
from tests.detection.calls import PLAIN, Turn, caller, play

NOTHING, CAUTION, WARNING, STOP = Severity


@pytest.mark.parametrize("category", sorted(Category))
def test_one_of_the_two_alone_carries_the_whole_level(category: Category) -> None:
    (decision,) = play(caller("…", (category, 2)))

    both = (decision.content, decision.manner)
    assert decision.level > NOTHING
    assert both == ((decision.level, NOTHING) if category in CONTENT else (NOTHING, decision.level))


def test_an_unjust_demand_in_bad_words_counts_on_both_sides_for_what_each_is() -> None:
    first, second = play(
        caller("私道も除雪しろ", (Category.DEMAND_NO_FAULT, 2)),
        caller("殺すぞ", (Category.PHYSICAL_ATTACK, 3)),
    )

    assert (second.content, second.manner, second.level) == (first.level, STOP, STOP)


def test_both_together_may_stand_higher_than_each() -> None:
    decision = play(
        caller("私道も除雪しろ", (Category.DEMAND_NO_FAULT, 2)),
        caller("早くしろ", (Category.INTIMIDATION, 2)),
        policy=replace(PLAIN, first_severe_level=CAUTION),
    )[-1]

    assert (decision.content, decision.manner, decision.level) == (CAUTION, CAUTION, WARNING)


def test_a_fair_complaint_counts_on_neither() -> None:
    (decision,) = play(caller("除雪が来なくて困っています"))

    assert (decision.content, decision.manner) == (NOTHING, NOTHING)
    assert decision.outcome is not Outcome.HARASSMENT_SUSPECTED


found = st.tuples(st.sampled_from(Category), st.integers(1, 3))
turns = st.lists(
    st.lists(found, max_size=2, unique_by=lambda each: each[0]).map(
        lambda findings: caller("…", *sorted(findings, key=lambda each: -each[1]))
    ),
    min_size=1,
    max_size=8,
)


@given(turns)
def test_neither_side_stands_above_the_level_and_there_is_no_level_without_a_side(
    said: list[Turn],
) -> None:
    for decision in play(*said):
        assert max(decision.content, decision.manner) <= decision.level
        assert (decision.level > NOTHING) is (max(decision.content, decision.manner) > NOTHING)
