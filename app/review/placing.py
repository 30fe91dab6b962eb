"""Pure: where in a call's sound a moment of the clock on the wall lies."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_RECOGNITION_MS: Final = 5_000
"""A sentence that was heard no later than this after its end was not held up: its words had to be found first."""
_NEIGHBOURS: Final = 5
_MS: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class HeardAt:
    """A sentence that ended at *end_ms* of the sound was known at *at*."""

    at: datetime
    end_ms: int


class SoundPlaces:
    """Places moments on the axis of the sound, which is counted in samples, not in hours of the day.

    The two agree while the sound comes as it is spoken. They part where a line was lost and came back, or where a
    recorded call was played in faster than it was spoken; the sentences heard about that time tell by how much.
    Whatever it is asked, the answer lies within the call.
    """

    def __init__(self, started_at: datetime, duration_ms: int, heard: Sequence[HeardAt]) -> None:
        self._started_at = started_at
        self._duration_ms = max(0, duration_ms)
        self._heard = sorted(heard, key=lambda one: one.at)
        self._moments = [one.at for one in self._heard]

    def of(self, moment: datetime) -> int:
        """Return the milliseconds of the call's sound at *moment*."""
        since_start_ms = (moment - self._started_at) // _MS
        return min(max(0, since_start_ms - self._apart_ms(moment)), self._duration_ms)

    def _apart_ms(self, moment: datetime) -> int:
        """Return by how much the sound ran behind the clock (or, below zero, before it)."""
        at = bisect_left(self._moments, moment)
        about = self._heard[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS]
        if not about:
            return 0
        next_lag_ms = self._lag_ms(self._heard[min(at, len(self._heard) - 1)])
        if next_lag_ms < 0:
            return next_lag_ms  # nobody knows words before they are spoken: it was played in faster
        # Recognition may be late for any one sentence: the least of them is the line's own.
        least_ms = min(self._lag_ms(one) for one in about)
        return least_ms if least_ms > _RECOGNITION_MS else 0

    def _lag_ms(self, one: HeardAt) -> int:
        return (one.at - self._started_at) // _MS - one.end_ms
