"""Where the point of decision is placed, and how the parts are weighed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.meaning.mixing import HARM_INPUTS, Mixing, harm_inputs, probability
from detection.meaning.outputs import HARM, OUTPUTS, PLACE
from detection.training.calibrating import Limit, placed, weighed_parts

COUNT = len(OUTPUTS)


def mixing() -> Mixing:
    zeros = np.zeros(COUNT, np.float32)
    return Mixing(zeros, zeros, zeros, np.zeros(HARM_INPUTS, np.float32))


limits = st.tuples(
    st.sampled_from([0.01, 0.02, 0.1]),
    st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=300),
)


@given(st.lists(limits, min_size=1, max_size=3))
def test_no_more_than_was_allowed_crosses_the_point(given: list[tuple[float, list[float]]]) -> None:
    _, shift = placed(mixing(), [Limit(most, np.array(found, np.float32)) for most, found in given])

    for most, found in given:
        assert sum(logit + shift > 0 for logit in found) <= most * len(found)


def test_the_strictest_limit_places_the_point() -> None:
    loose = Limit(0.01, np.array([-3.0, -4.0], np.float32))
    strict = Limit(0.01, np.array([-1.0, -2.0], np.float32))

    _, shift = placed(mixing(), (loose, strict))

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
