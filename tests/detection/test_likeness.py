"""How alike two statements are, by words and by meaning."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.likeness import (
    Said,
    content_words,
    known_of,
    meant_alike,
    said_alike,
    worded_alike,
)
from detection.sentence_point import SentencePoint, packed

NUMBERS = st.lists(st.floats(-1, 1, allow_nan=False, width=32), min_size=16, max_size=16).filter(
    lambda vector: max(map(abs, vector)) > 0.01
)


def cosine(one: list[float], other: list[float]) -> float:
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return dot / (math.hypot(*one) * math.hypot(*other))


@given(NUMBERS, NUMBERS)
def test_packing_keeps_the_cosine(one: list[float], other: list[float]) -> None:
    assert meant_alike(packed(one), packed(other)) == pytest.approx(cosine(one, other), abs=0.03)


@given(NUMBERS)
def test_a_vector_takes_one_byte_a_number_and_is_like_itself(vector: list[float]) -> None:
    kept = packed(vector)

    assert len(kept) == len(vector)
    assert meant_alike(kept, kept) == pytest.approx(1.0)


def test_a_missing_vector_is_like_nothing() -> None:
    assert packed([]) == packed([0.0, 0.0]) == b""
    assert meant_alike(b"", packed([1.0, 0.0])) == 0.0
    assert meant_alike(packed([1.0]), packed([1.0, 0.0])) == 0.0


def test_without_a_vector_the_words_decide() -> None:
    one, other = (
        Said(frozenset({"減免", "市民税"})),
        Said(frozenset({"減免"}), SentencePoint.at([1.0, 0.0])),
    )

    assert said_alike(one, other) == 1.0


def test_words_and_meaning_are_weighed_together() -> None:
    here, there = SentencePoint.at([1.0, 0.0]), SentencePoint.at([0.0, 1.0])
    words = frozenset({"減免", "市民税"})

    both = said_alike(Said(words, here), Said(words, here))
    words_only = said_alike(Said(words, here), Said(words, there))
    meaning_only = said_alike(Said(words, here), Said(frozenset({"道路"}), here))

    assert both == meaning_only == 1.0
    assert words_only == pytest.approx(0.6)


def test_a_single_common_word_says_less_than_two() -> None:
    here, there = SentencePoint.at([1.0, 0.0]), SentencePoint.at([0.0, 1.0])
    one_word = said_alike(Said(frozenset({"減免"}), here), Said(frozenset({"減免"}), there))

    assert one_word == pytest.approx(0.45)


def test_words_that_any_demand_may_hold_are_left_out() -> None:
    assert content_words("兎に角 減免 為る 下さる") == {"減免"}


def test_known_words_are_counted_with_slips_forgiven() -> None:
    assert known_of(frozenset({"固定資産性", "道路"}), frozenset({"固定資産税"})) == 1


@given(NUMBERS, NUMBERS, st.frozensets(st.sampled_from(["減免", "道路", "返金"]), max_size=3))
def test_likeness_is_a_share_whatever_is_compared(
    one: list[float], other: list[float], words: frozenset[str]
) -> None:
    here = Said(words, SentencePoint.at(one))
    there = Said(frozenset({"減免"}), SentencePoint.at(other))

    assert 0.0 <= said_alike(here, there) <= 1.0
    assert said_alike(here, there) == said_alike(there, here)
    assert worded_alike(words, words) == (1.0 if words else 0.0)
