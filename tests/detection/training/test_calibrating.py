"""Where the point of decision is placed, and how the parts are weighed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.meaning.mixing import HARM_INPUTS, Mixing, harm_inputs, probability
from detection.meaning.outputs import HARM, OUTPUTS, PLACE
from detection.training.calibrating import placed, weighed_parts

COUNT = len(OUTPUTS)


def mixing() -> Mixing:
    zeros = np.zeros(COUNT, np.float32)
    return Mixing(zeros, zeros, zeros, np.zeros(HARM_INPUTS, np.float32))


@given(
    fair=st.lists(st.floats(-10, 10, width=32), min_size=100, max_size=400),
    everyday=st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=400),
)
def test_few_fair_and_hardly_any_ordinary_sentences_cross_the_point(
    fair: list[float], everyday: list[float]
) -> None:
    _, shift = placed(
        mixing(),
        np.array(fair, np.float32),
        [True] * len(fair),
        np.array(everyday, np.float32),
    )

    assert sum(logit + shift > 0 for logit in fair) <= 0.01 * len(fair)
    assert sum(logit + shift > 0 for logit in everyday) <= 0.004 * len(everyday)


def test_harassing_sentences_do_not_move_the_point() -> None:
    logits = np.array([5.0, -1.0, -2.0], np.float32)
    everyday = np.array([-4.0], np.float32)

    _, shift = placed(mixing(), logits, [False, True, True], everyday)

    assert shift == pytest.approx(1.0, abs=1e-5)


def test_the_part_that_knows_weighs_more_than_the_part_that_guesses() -> None:
    rng = np.random.default_rng(3)
    answers = np.full((400, COUNT), np.nan, np.float32)
    answers[:, PLACE["sexual"]] = rng.integers(0, 2, 400)
    knows = np.where(answers > 0, 2.0, -2.0).astype(np.float32) + rng.normal(size=answers.shape)
    guesses = rng.normal(size=answers.shape)

    found = weighed_parts(
        knows.astype(np.float32),
        guesses.astype(np.float32),
        np.zeros(400, np.int64),
        answers,
    )

    assert found.letters[PLACE["sexual"]] > 5 * abs(found.encoder[PLACE["sexual"]])


def test_a_grave_finding_of_the_lists_is_one_sign_of_its_own() -> None:
    parts = np.zeros(COUNT, np.float32)

    signs = [harm_inputs(parts, parts, gravest).tolist() for gravest in range(4)]

    assert [sum(sign) for sign in signs] == [0, 1, 1, 1]
    assert len({tuple(sign) for sign in signs}) == 4


def test_harm_is_judged_by_more_than_its_own_answers() -> None:
    weights = mixing()
    weights.harm[2] = 1.0  # severity 3, as the letters have it
    letters = np.zeros(COUNT, np.float32)
    letters[PLACE["severity.3"]] = 4.0

    logits = weights.logits(letters, np.zeros(COUNT, np.float32), 0)

    assert logits[PLACE[HARM]] == pytest.approx(4.0 + np.log1p(np.e), abs=1e-5)


@given(st.floats(-100, 100, width=32))
def test_a_probability_lies_between_nought_and_one(logit: float) -> None:
    (found,) = probability(np.array([logit], np.float32))

    assert 0 <= found <= 1
