"""The arithmetic behind the figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bench.latency import SpokenTurn, end_of_words_ms, percentile, summary_ms


def test_the_nearest_rank_is_a_value_that_was_measured() -> None:
    values = [10.0, 20.0, 30.0, 40.0]

    assert percentile(values, 0.50) == 20.0
    assert percentile(values, 0.95) == 40.0
    assert percentile([7.0], 0.01) == 7.0


def test_a_percentile_of_nothing_is_an_error_and_a_summary_of_nothing_is_a_count() -> None:
    with pytest.raises(ValueError, match="needs values"):
        percentile([], 0.5)

    assert summary_ms([]) == {"count": 0}


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_leaves_at_most_the_rest_above_it(values: list[float], share: float) -> None:
    found = percentile(values, share)

    above = sum(value > found for value in values)
    assert above <= (1 - share) * len(values) + 1


def test_words_end_where_the_script_says_if_the_utterance_holds_that_end() -> None:
    turns = [SpokenTurn("caller", 0, 2_000), SpokenTurn("operator", 2_500, 4_000)]

    assert end_of_words_ms(turns, "caller", 0, 2_200) == (2_000, True)
    assert end_of_words_ms(turns, "operator", 2_400, 4_300) == (4_000, True)


def test_words_cut_from_the_middle_of_a_turn_end_where_the_cut_is() -> None:
    turns = [SpokenTurn("caller", 0, 12_000)]

    assert end_of_words_ms(turns, "caller", 0, 7_000) == (7_000, False)
    assert end_of_words_ms([], "caller", 0, 7_000) == (7_000, False)


def test_an_utterance_that_is_cut_inside_the_next_turn_ends_at_the_cut() -> None:
    turns = [SpokenTurn("caller", 0, 3_000), SpokenTurn("caller", 3_300, 12_000)]

    assert end_of_words_ms(turns, "caller", 0, 7_000) == (7_000, False)
