"""Which words of an utterance are quoted for a finding of the trained model."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from detection.meaning.evidence import MOST_WIDER, telling_span
from detection.types import Span

TEXT = "住民票のことですけど、家まで行くからな。"
WORDS = [Span(0, 3), Span(3, 4), Span(4, 6), Span(6, 10), Span(10, 11), Span(11, 14), Span(14, 20)]


def test_the_words_that_weigh_most_are_quoted() -> None:
    parts = [(Span(0, 3), -1.0), (Span(11, 14), 2.0), (Span(14, 19), 3.0)]

    span = telling_span(TEXT, WORDS, parts)

    assert TEXT[span.start : span.end] == "家まで行くからな"


def test_where_nothing_speaks_for_harm_the_whole_text_is_quoted() -> None:
    span = telling_span(TEXT, WORDS, [(Span(0, 3), -1.0)])

    assert span == Span(0, len(TEXT))


def test_a_fragment_is_widened_to_the_clause_that_it_stands_in() -> None:
    span = telling_span(TEXT, WORDS, [(Span(14, 16), 5.0)])

    assert TEXT[span.start : span.end] == "家まで行くからな"


def test_who_takes_no_breath_is_not_quoted_for_ever() -> None:
    text = "あ" * 200
    words = [Span(at, at + 1) for at in range(200)]

    span = telling_span(text, words, [(Span(100, 101), 5.0)])

    assert span.start <= 100 < span.end
    assert span.end - span.start <= 2 * MOST_WIDER + 1


def test_an_utterance_without_words_is_quoted_as_it_is() -> None:
    assert telling_span("……", [], []) == Span(0, 2)


@given(
    text=st.text(min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=12),
    weights=st.lists(st.floats(-5, 5), max_size=12),
)
def test_the_quotation_lies_inside_the_text(
    text: str, cuts: list[int], weights: list[float]
) -> None:
    ends = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    words = [Span(a, b) for a, b in pairwise(ends)]
    parts = [(word, weight) for word, weight in zip(words, weights, strict=False)]

    span = telling_span(text, words, parts)

    assert 0 <= span.start < span.end <= len(text)
