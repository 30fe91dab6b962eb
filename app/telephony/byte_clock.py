"""Pure: the clock of a stream that has none but its bytes: a pause of the exchange becomes a hole of the right length.

A stream without numbers and times tells by nothing that its exchange paused it; only that for a while
nothing comes. After a mere delay the network delivers everything at once, after a pause nothing more than the present.
So what follows a hole is kept back for a moment: what has not been made up for by then is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.telephony.messages import Missed, WovenSound

HOLE_MS: Final = 1_000
"""Nothing for so long may be a pause."""
CATCH_UP_MS: Final = 400
"""For so long after it is waited for what was only late."""
SMALLEST_MS: Final = 200
"""A difference below it is the jitter of the network."""


class ByteClock:
    """Feed sound in order; take it back with the holes in their places. No byte is lost or doubled."""

    __slots__ = (
        "_begun_ms",
        "_bytes_a_second",
        "_fed",
        "_frame_bytes",
        "_hole_from_ms",
        "_kept",
        "_last_ms",
    )

    def __init__(self, rate_hz: int, frame_bytes: int) -> None:
        """*frame_bytes*: of one sample of every track."""
        self._frame_bytes = frame_bytes
        self._bytes_a_second = rate_hz * frame_bytes
        self._begun_ms: int | None = None
        self._last_ms = 0
        self._fed = 0
        """Bytes since ``_begun_ms``, holes included."""
        self._hole_from_ms: int | None = None
        """When the first frame after a hole came, while it is not known what the hole was."""
        self._kept: list[bytes] = []

    def feed(self, payload: bytes, now_ms: int) -> Sequence[WovenSound | Missed]:
        before: Sequence[WovenSound | Missed] = ()
        if self._begun_ms is None:
            self._begun_ms = now_ms
        elif now_ms - self._last_ms > HOLE_MS:
            before = self.flush()  # a second hole behind a first: what lies between belongs there
            self._hole_from_ms = now_ms
        self._last_ms = now_ms
        self._fed += len(payload)
        if self._hole_from_ms is None:
            return (WovenSound(payload),)
        self._kept.append(payload)
        if now_ms - self._hole_from_ms < CATCH_UP_MS:
            return before
        return (*before, *self._release(now_ms))

    def flush(self) -> Sequence[WovenSound | Missed]:
        """Nothing more will come: give what is kept back."""
        return self._release(self._last_ms) if self._kept else ()

    def _release(self, now_ms: int) -> Sequence[WovenSound | Missed]:
        begun_ms = self._begun_ms if self._begun_ms is not None else now_ms
        behind_ms = now_ms - begun_ms - self._fed * 1000 // self._bytes_a_second
        payload = b"".join(self._kept)
        self._kept, self._hole_from_ms = [], None
        if behind_ms < SMALLEST_MS:
            return (WovenSound(payload),)
        samples = behind_ms * self._bytes_a_second // 1000 // self._frame_bytes
        self._fed += samples * self._frame_bytes
        return (Missed(samples), WovenSound(payload))
