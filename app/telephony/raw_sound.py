"""Pure: sound that comes as bare 16-bit samples in binary frames, cut anywhere, with no number and no time on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.calls.protocol import Refusal, StreamRefused
from app.telephony.byte_clock import ByteClock
from app.telephony.messages import Missed, WovenSound

SAMPLE_BYTES: Final = 2


class RawSound:
    """Feed frames in order; take whole samples of every track, and the holes that a pause left.

    However the sound is cut into frames, the same bytes come out: the tracks never change places.
    """

    __slots__ = ("_clock", "_frame_bytes", "_rest")

    def __init__(self, rate_hz: int, track_count: int) -> None:
        self._frame_bytes = SAMPLE_BYTES * track_count
        self._clock = ByteClock(rate_hz, self._frame_bytes)
        self._rest = b""
        """The beginning of a sample whose end comes with the next frame."""

    def feed(self, frame: bytes, now_ms: int) -> Sequence[WovenSound | Missed]:
        joined = self._rest + frame
        whole = len(joined) - len(joined) % self._frame_bytes
        self._rest = joined[whole:]
        return self._clock.feed(joined[:whole], now_ms) if whole else ()

    def flush(self) -> Sequence[WovenSound | Missed]:
        """Nothing more will come: give what is kept back. Half a sample is no sound."""
        self._rest = b""
        return self._clock.flush()


def refuse_large(frame: bytes, max_frame_bytes: int) -> None:
    """Raises: StreamRefused: the binary frame is above the limit."""
    if len(frame) > max_frame_bytes:
        raise StreamRefused(
            Refusal.FRAME_TOO_LARGE,
            f"音声フレームが大きすぎます(上限 {max_frame_bytes} バイト)。",
        )
