"""A sentence's point is worked out when it is first compared, and once."""

from __future__ import annotations

from collections.abc import Sequence

from detection.likeness import Said, said_alike
from detection.sentence_point import SentencePoint


class CountedVectors:
    """Sentence vectors that note what they are asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def vector(self, text: str) -> Sequence[float]:
        self.asked.append(text)
        return [1.0, 0.0] if "減免" in text else [0.0, 1.0]


def point_of(vectors: CountedVectors, text: str) -> SentencePoint:
    return SentencePoint(lambda: vectors.vector(text))


def test_a_point_that_is_never_compared_costs_nothing() -> None:
    vectors = CountedVectors()

    point = point_of(vectors, "市民税を減免してください")

    assert point is not None
    assert vectors.asked == []


def test_a_point_is_worked_out_once_however_often_it_is_compared() -> None:
    vectors = CountedVectors()
    asked = Said(frozenset({"減免"}), point_of(vectors, "減免してください"))
    other = Said(frozenset({"道路"}), point_of(vectors, "道路を直してください"))

    first, again = said_alike(asked, other), said_alike(asked, other)

    assert first == again
    assert vectors.asked == ["減免してください", "道路を直してください"]


def test_the_same_sentence_is_the_same_point() -> None:
    vectors = CountedVectors()

    one, same, other = (point_of(vectors, text) for text in ("減免を", "減免を", "道路を"))

    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "減免を"
