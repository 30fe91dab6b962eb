"""How hard a decoder looks for the words."""

from __future__ import annotations

import pytest

from asr.search import Search, search_for
from asr.types import Effort


@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_a_thorough_search_is_as_wide_as_the_settings_allow(beam_size: int) -> None:
    assert search_for(Effort.THOROUGH, beam_size).beam_size == beam_size


@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_a_quick_search_is_the_same_whatever_the_settings_allow(beam_size: int) -> None:
    quick = search_for(Effort.QUICK, beam_size)

    assert quick == search_for(Effort.QUICK, 1)
    assert quick.hypotheses == 1


def test_a_quick_search_hears_shorter_windows_than_a_thorough_one() -> None:
    quick, thorough = (search_for(effort, 5).limits for effort in (Effort.QUICK, Effort.THOROUGH))

    assert quick.floor_frames < thorough.floor_frames
    assert quick.margin_frames < thorough.margin_frames


@pytest.mark.parametrize(("beam_size", "hypotheses"), [(1, 1), (2, 2), (4, 4), (10, 4)])
def test_a_search_returns_at_most_the_best_reading_and_three_others(
    beam_size: int, hypotheses: int
) -> None:
    assert Search(beam_size=beam_size).hypotheses == hypotheses


def test_a_search_that_follows_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="beam_size"):
        Search(beam_size=0)
