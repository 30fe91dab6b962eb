"""What runs of letters say, in whole numbers of eight bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from detection.meaning.letters_model import LettersModel

RUNS = ("字ころす", "字ありがと", "音シネ")


def model(slopes: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> LettersModel:
    rarity = np.array([2.0, 1.0, 3.0], np.float32)
    return LettersModel.rounded(RUNS, rarity, slopes, np.array([0.25, -0.5], np.float32))


def test_a_text_of_unknown_runs_says_what_any_text_says() -> None:
    letters = model(np.ones((3, 2), np.float32))

    assert letters.logits(["字〓"]).tolist() == [0.25, -0.5]


@given(arrays.arrays(np.float32, (3, 2), elements=st.floats(-20, 20, width=32)))
def test_rounding_moves_an_answer_by_less_than_a_hundredth_of_the_largest_weight(
    slopes: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> None:
    letters = model(slopes)
    rarity = np.array([2.0, 3.0])
    shares = rarity / np.sqrt((rarity**2).sum())
    exact = shares @ slopes[[0, 2]] + np.array([0.25, -0.5])

    found = letters.logits([RUNS[0], RUNS[2]])

    assert np.abs(found - exact).max() <= 0.01 * max(1e-3, float(np.abs(slopes).max()))


def test_stored_arrays_give_the_same_model_again() -> None:
    letters = model(np.array([[1, -2], [0.5, 0], [3, 1]], np.float32))

    again = LettersModel.of_arrays(letters.arrays())

    assert again.logits(RUNS).tolist() == pytest.approx(letters.logits(RUNS).tolist())


def test_arrays_that_do_not_fit_each_other_are_refused() -> None:
    stored = model(np.ones((3, 2), np.float32)).arrays()
    stored["rarity"] = stored["rarity"][:2]

    with pytest.raises(ValueError, match="one length"):
        LettersModel.of_arrays(stored)


def test_the_weight_of_a_run_is_told_in_the_units_of_the_answer() -> None:
    letters = model(np.array([[1, 0], [0, 0], [0, 0]], np.float32))

    assert letters.weights([0], 0).tolist() == [pytest.approx(1.0, rel=0.01)]
    assert letters.weights([0, 1, 0], 0)[1] == 0.0
