"""Pure: how far the difference between two decoders may be chance of the sentences (paired bootstrap)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detection.measures import Share, total

RESAMPLES: Final = 2_000
_SEED: Final = 2_000
_OUTSIDE_PERCENT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Of two error rates, the second taken from the first."""

    rate: float
    low: float
    high: float
    """95 % of the resamples lie between *low* and *high*."""

    @property
    def is_clear(self) -> bool:
        return not self.low <= 0.0 <= self.high


def difference(first: Sequence[Share], second: Sequence[Share]) -> Difference:
    """Return how *first* differs from *second*: errors of the same sentences, in the same order.

    Sentences are drawn with replacement, the same ones for both: what makes a
    sentence hard is hard for both and does not count as a difference.

    Raises:
        ValueError: they are not the same sentences, or nothing was said in any.
    """
    said = np.array([share.of for share in first], dtype=np.int64)
    if [share.of for share in second] != said.tolist() or not said.sum():
        raise ValueError("both need the errors of the same sentences, with words in them")
    more = np.array([a.count - b.count for a, b in zip(first, second, strict=True)])
    drawn = np.random.default_rng(_SEED).integers(len(said), size=(RESAMPLES, len(said)))
    letters = said[drawn].sum(axis=1)
    # A resample of nothing but empty sentences says nothing; it needs a list of nearly nothing else.
    rates = more[drawn].sum(axis=1)[letters > 0] / letters[letters > 0]
    low, high = np.percentile(rates, (_OUTSIDE_PERCENT / 2, 100 - _OUTSIDE_PERCENT / 2))
    return Difference((total(first).rate or 0.0) - (total(second).rate or 0.0), low, high)
