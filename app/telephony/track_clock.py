"""Pure: where a track's sound belongs, by the exchange's timestamps and by the bytes themselves.

Bytes are exact about length and know nothing of loss; timestamps know of loss and are not exact. So sound follows
sound, and a timestamp is believed only where it differs by more than it may by chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.calls.protocol import Track

SEAMLESS_MS: Final = 60
"""Three usual frames. Timestamps are whole milliseconds taken when a frame is passed on, and jitter by up to about
a frame either way; one frame lost is 20 ms of silence, which no sentence depends on. A smaller figure would cut
clicks and false gaps into speech, a larger one would shift the two voices against each other. The difference is
taken between the time and *all* bytes since the last jump: a drift is made good as soon as it amounts to this."""
BELIEVED_MS: Final = 60_000
"""A jump further than this beyond the time that has passed is no loss: the exchange counts from somewhere else."""


@dataclass(frozen=True, slots=True)
class Place:
    first_sample: int | None
    """None: behind what this track brought before."""
    noticed: str = ""
    """What was odd about its time."""


class TrackClock:
    """Ask for the place of each stretch in the order in which it comes.

    The places of a track never overlap and never go back, and are never further ahead than the call's own
    time allows. The first timestamp may be anything: near zero it counts from the stream's beginning, else from itself.
    """

    __slots__ = ("_asked_ms", "_ends", "_origin_ms", "_per_ms")

    def __init__(self, rate_hz: int) -> None:
        self._per_ms = rate_hz // 1000
        self._ends: dict[Track, int] = {}
        self._origin_ms = 0
        """What the exchange's clock says at the stream's first sample."""
        self._asked_ms: int | None = None

    @property
    def ends(self) -> Mapping[Track, int]:
        return self._ends

    def place(self, track: Track, samples: int, time_ms: int | None, now_ms: int) -> Place:
        passed_ms = now_ms - self._asked_ms if self._asked_ms is not None else 0
        self._asked_ms = now_ms
        end = self._ends.get(track, 0)
        if time_ms is None:
            self._ends[track] = end + samples
            return Place(None)
        place = self._timed(end, time_ms, passed_ms)
        self._ends[track] = (place.first_sample or 0) + samples
        return place

    def _timed(self, end: int, time_ms: int, passed_ms: int) -> Place:
        noticed = ""
        furthest = max(self._ends.values(), default=0)
        told = (time_ms - self._origin_ms) * self._per_ms
        if abs(told - furthest) > (BELIEVED_MS + passed_ms) * self._per_ms:
            # Plivo counts from 1970: not worth a word at the beginning of a stream.
            noticed = "clock_set" if self._ends else ""
            self._origin_ms = time_ms - furthest // self._per_ms
            told = furthest
        if told > end + SEAMLESS_MS * self._per_ms:
            return Place(told, noticed)
        if told < end - SEAMLESS_MS * self._per_ms:
            # Speech is not thrown away over a timestamp: a burst after a stall looks like this too.
            return Place(end, noticed or "clock_behind")
        return Place(end, noticed)
