"""Which verdict stands when people judge one call after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.judgements.opinions import Opinion, Verdict, opinion_of, standing

YES, NO, OPEN = Verdict.HARASSMENT, Verdict.NOT_HARASSMENT, Verdict.UNDECIDED


@dataclass(frozen=True, slots=True)
class Said:
    by_login: str
    verdict: Verdict
    second_wanted: bool = False
    call_id: str = "c"


def told(*words: tuple[str, Verdict]) -> list[Said]:
    return [Said(by, verdict) for by, verdict in words]


def test_a_call_that_nobody_judged_stands_as_nothing() -> None:
    assert standing([]) is None


@pytest.mark.parametrize(
    ("judged", "verdict", "differing"),
    [
        ([("a", YES)], YES, False),
        ([("a", YES), ("a", NO)], NO, False),
        ([("a", YES), ("b", YES)], YES, False),
        ([("a", YES), ("b", NO)], OPEN, True),
        ([("a", OPEN), ("b", NO)], OPEN, True),
        ([("a", YES), ("b", NO), ("b", YES)], YES, False),
        ([("a", YES), ("b", NO), ("a", YES)], YES, False),
        ([("a", YES), ("b", NO), ("c", NO)], OPEN, True),
        ([("a", YES), ("b", NO), ("c", NO), ("c", NO)], NO, False),
        ([("a", YES), ("b", NO), ("a", YES), ("b", NO)], OPEN, True),
    ],
    ids=str,
)
def test_what_stands_is_what_its_judges_agree_on_or_what_settled_it(
    judged: Sequence[tuple[str, Verdict]],
    verdict: Verdict,
    differing: bool,
) -> None:
    stands = standing(told(*judged))

    assert stands is not None
    assert (stands.verdict, stands.differing) == (verdict, differing)


def test_an_opinion_that_was_asked_for_is_wanted_until_somebody_else_gives_one() -> None:
    asked = Said("a", YES, second_wanted=True)

    alone = standing([asked])
    again = standing([asked, Said("a", YES)])
    given_ = standing([asked, Said("b", YES)])

    assert [one.second_wanted for one in (alone, again, given_) if one] == [True, True, False]


def test_who_judged_first_stays_the_first_and_everybody_else_is_a_second_opinion() -> None:
    before = told(("a", YES), ("b", NO))

    assert opinion_of("a", []) is Opinion.FIRST
    assert opinion_of("a", before) is Opinion.FIRST
    assert opinion_of("b", before) is Opinion.SECOND
    assert opinion_of("c", before) is Opinion.SECOND


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(Verdict)), min_size=1))
def test_a_call_stands_as_something_only_while_nobody_is_left_unheard(
    judged: list[tuple[str, Verdict]],
) -> None:
    stands = standing(told(*judged))

    assert stands is not None
    assert stands.judged == len(judged)
    if stands.differing:
        assert stands.verdict is OPEN
    elif len(stands.judges) == 1:
        assert stands.verdict is judged[-1][1]
