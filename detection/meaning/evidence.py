"""Pure: which words of an utterance speak for harm, so that a finding can quote them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from detection.types import Span

MOST_WIDER = 16
"""Letters on either side; who takes no breath is not quoted for ever."""
_CLOSERS = "。、,.!?！？ 　"


def telling_span(text: str, words: Sequence[Span], parts: Iterable[tuple[Span, float]]) -> Span:
    """Return the run of *words* of *text* whose parts weigh most together.

    *parts*: ranges of *text* with what each speaks for harm, against it below 0. What is common to
    all of them is taken off first: a quotation is what stands out. The whole text where nothing does.
    """
    weights = _letter_weights(len(text), parts)
    if not words or not len(weights):
        return Span(0, len(text))
    inside = np.array([weights[word.start : word.end].sum() for word in words])
    lengths = np.array([max(1, word.end - word.start) for word in words])
    if not inside.max() > 0:
        return Span(0, len(text))
    mean = inside.sum() / lengths.sum()
    first, last = _best_run(inside - mean * lengths if mean > 0 else inside)
    first, last = _to_its_clause(text, words, first, last)
    start, end = words[first].start, words[last].end
    while end > start + 1 and text[end - 1] in _CLOSERS:
        end -= 1
    while start < end - 1 and text[start] in _CLOSERS:
        start += 1
    return Span(start, end)


def _to_its_clause(text: str, words: Sequence[Span], first: int, last: int) -> tuple[int, int]:
    """Widen the run to where a breath is taken: 「てやるからな」 alone can be read out to nobody."""

    def pauses(place: int) -> bool:
        return not text[words[place].start : words[place].end].strip(_CLOSERS)

    start, end = words[first].start, words[last].end
    while first > 0 and not pauses(first - 1) and start - words[first - 1].start <= MOST_WIDER:
        first -= 1
    while (
        last < len(words) - 1 and not pauses(last + 1) and words[last + 1].end - end <= MOST_WIDER
    ):
        last += 1
    return first, last


def _letter_weights(length: int, parts: Iterable[tuple[Span, float]]) -> npt.NDArray[np.float64]:
    weights = np.zeros(length)
    for span, weight in parts:
        if span.start < span.end <= length:
            weights[span.start : span.end] += weight / (span.end - span.start)
    return weights


def _best_run(values: npt.NDArray[np.float64]) -> tuple[int, int]:
    """Return first and last place of the run with the largest sum (Kadane)."""
    best, best_run = -np.inf, (0, len(values) - 1)
    running, start = 0.0, 0
    for place, value in enumerate(values):
        if running <= 0:
            running, start = 0.0, place
        running += value
        if running > best:
            best, best_run = running, (start, place)
    return best_run
