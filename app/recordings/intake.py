"""Pure: a live call's sound on its way to its recording: kept for a moment, never in the call's way."""

from __future__ import annotations

from collections.abc import Callable

from app.recordings.chunks import Kind, Run
from asr.types import AudioFormat

KEPT_MS = 60_000
"""So much may wait for the disk; what comes on top of it is lost, and said to be.

As much as a telephone sends at once that comes back at the end of our patience (``resume_seconds``).
"""
FULL_MS = 1_000
"""With so much it is worth writing now."""


class Intake:
    """Put sound in with ``hear``, take it with ``take``: in order, every sample once, none twice.

    What waits is never more than ``KEPT_MS`` of sound. While it is paused no sound is kept at all,
    not even for a moment: only how long it was.
    """

    def __init__(
        self,
        audio_format: AudioFormat,
        position_samples: int,
        write_soon: Callable[[], None] = lambda: None,
    ) -> None:
        """*position_samples*: where the call stands; *write_soon* is called when a second waits, and at the end."""
        self._frame_bytes = audio_format.frame_bytes
        self._most_samples = audio_format.rate_hz * KEPT_MS // 1000
        self._position = position_samples
        self._partial = b""
        self._waiting: list[Run] = []
        self._parts: list[bytes] = []
        """Of the last run, which goes on."""
        self._first = position_samples
        self._kind = Kind.SOUND
        self._kept_samples = 0
        self._over = False
        self._write_soon = write_soon
        self._full_samples = audio_format.rate_hz * FULL_MS // 1000
        self.paused = False
        self.overflowed = False
        """Whether sound was lost since the last ``take`` because nobody took it."""

    @property
    def position(self) -> int:
        """Samples of each track that the call has accepted."""
        return self._position

    @property
    def over(self) -> bool:
        return self._over

    # What the call tells (SoundCopy)

    def hear(self, payload: bytes) -> None:
        if self._partial:
            payload = self._partial + payload
            self._partial = b""
        rest = len(payload) % self._frame_bytes
        if rest:
            self._partial = payload[len(payload) - rest :]
            payload = payload[: len(payload) - rest]
        samples = len(payload) // self._frame_bytes
        kind = self._kind_of(samples)
        if kind is not self._kind:
            self._turn_to(kind)
        if kind is Kind.SOUND:
            self._parts.append(payload)
            before, self._kept_samples = self._kept_samples, self._kept_samples + samples
            if before < self._full_samples <= self._kept_samples:
                self._write_soon()
        self._position += samples

    def forget_partial_frame(self) -> None:
        self._partial = b""

    def end(self) -> None:
        self._over = True
        self._write_soon()

    # What people want

    def pause(self) -> None:
        """Keep nothing from here on."""
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def was_paused(self) -> None:
        """The call was paused before this process took it up: nothing of what waits may be kept."""
        self.paused = True
        samples = self._position - self._begin
        self._waiting = [Run(Kind.PAUSED, self._begin, samples)] if samples else []
        self._parts = []
        self._first, self._kind, self._kept_samples = self._position, Kind.PAUSED, 0

    # What the writer takes

    def take(self) -> tuple[Run, ...]:
        """Return what has come since the last time."""
        self._turn_to(self._kind)
        taken, self._waiting = tuple(self._waiting), []
        self._kept_samples = 0
        self.overflowed = False
        return taken

    @property
    def _begin(self) -> int:
        return self._waiting[0].first if self._waiting else self._first

    def _kind_of(self, samples: int) -> Kind:
        if self.paused:
            return Kind.PAUSED
        if self._kept_samples + samples > self._most_samples:
            self.overflowed = True
            return Kind.LOST
        return Kind.SOUND

    def _turn_to(self, kind: Kind) -> None:
        """Close the run that goes on; the next is of *kind*."""
        samples = self._position - self._first
        if samples:
            self._waiting.append(Run(self._kind, self._first, samples, b"".join(self._parts)))
        self._parts, self._first, self._kind = [], self._position, kind
