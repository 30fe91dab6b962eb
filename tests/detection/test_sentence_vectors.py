"""The sentence encoder as it is installed."""

from __future__ import annotations

import math

import pytest

from detection.likeness import meant_alike
from detection.ports import SentenceVectors
from detection.sentence_point import packed
from detection.sentence_vectors import shared_sentence_vectors


def test_a_vector_has_length_one_and_is_the_same_each_time() -> None:
    vectors: SentenceVectors = shared_sentence_vectors()

    first, again = (
        vectors.vector("市民税を減免してください"),
        vectors.vector("市民税を減免してください"),
    )

    assert len(first) == 512
    assert math.hypot(*first) == pytest.approx(1.0, abs=1e-3)
    assert packed(first) == packed(again)


def test_what_means_the_same_is_nearer_than_what_does_not() -> None:
    vectors = shared_sentence_vectors()
    asked, reworded, other = (
        packed(vectors.vector(text))
        for text in (
            "市民税を減免してください",
            "とにかく税金をまけてくれ",
            "道路の穴を直してください",
        )
    )

    assert meant_alike(asked, reworded) > meant_alike(asked, other) + 0.2


@pytest.mark.parametrize("text", ["", "。。。", " ", "…!?"])
def test_where_nothing_is_said_there_is_no_vector(text: str) -> None:
    assert tuple(shared_sentence_vectors().vector(text)) == ()


def test_the_weights_are_shared_by_the_process() -> None:
    assert shared_sentence_vectors() is shared_sentence_vectors()
