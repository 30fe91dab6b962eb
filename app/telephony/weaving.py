"""Pure: the tracks of a call, however they come, to the one woven stream that a live call hears.

Every track has its own clock: the samples it brought, and those it says were missing. Where a track lags too
far behind the other one it is filled with silence, so that one dead leg never holds up the other; what comes
too late for its place is dropped. A stretch that had to be filled is told (``Weave.lost``), once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from asr.types import AudioFormat, Encoding

LAG_MS: Final = 1_000
"""A track may be so far behind the other before it is filled: two TCP connections stall apart."""
TOLD_MS: Final = 200
"""A shorter hole is a click of the line, no loss of words."""
TOLD_AT_ONCE_MS: Final = 5_000
"""A hole that goes on is told in pieces of this length: a dead leg must be seen while the call is live."""

_SILENCE: Final = {Encoding.MULAW: b"\xff", Encoding.ALAW: b"\xd5", Encoding.PCM_S16LE: b"\x00"}


def silence(encoding: Encoding, samples: int) -> bytes:
    """Return so many *samples* of silence, of one track."""
    return _SILENCE[encoding] * (samples * encoding.sample_bytes)


@dataclass(frozen=True, slots=True)
class LostStretch:
    """A stretch of one track that never came, in samples of the woven stream."""

    track: int
    begin_sample: int
    end_sample: int


class Weave:
    """Feed tracks, take whole frames. Frames come in order, each place once; no track holds up another."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._format = audio_format
        self._tracks = tuple(_TrackWeave() for _ in range(audio_format.track_count))
        self._woven = 0
        """Samples of each track that were taken."""
        self._lost: list[LostStretch] = []
        self._lag = LAG_MS * audio_format.rate_hz // 1000
        self._told = TOLD_MS * audio_format.rate_hz // 1000
        self._told_at_once = TOLD_AT_ONCE_MS * audio_format.rate_hz // 1000

    @property
    def end_sample(self) -> int:
        """How far the furthest track is."""
        return max(track.end for track in self._tracks)

    def begin(self, track: int, at_sample: int) -> None:
        """A socket begins to bring *track*: its next sound without a place belongs to *at_sample*.

        Two legs are set up one after the other: that the second one begins a little later is no loss.
        """
        into = self._tracks[track]
        if not into.heard and into.hole_from is None and at_sample - into.end <= self._lag:
            into.buffer += silence(self._format.encoding, max(0, at_sample - into.end))
            into.end = max(at_sample, into.end)
        into.own = max(at_sample, into.end)

    def feed(self, track: int, payload: bytes, first_sample: int | None = None) -> None:
        """Lay *payload* of one track in its place: *first_sample*, or behind what that track brought before."""
        into, width = self._tracks[track], self._format.encoding.sample_bytes
        samples = len(payload) // width
        placed = first_sample is not None
        at = into.own if first_sample is None else first_sample
        into.own = at + samples
        into.heard = into.heard or samples > 0
        if at > into.end:
            self._fill(track, at)
        late = min(into.end - at, samples)
        into.dropping = late > 0 and not placed
        if late < samples:
            self._close(track)
            into.buffer += payload[late * width : samples * width]
            into.end += samples - late

    def miss(self, track: int, samples: int) -> None:
        """The clock of *track* goes on by so many *samples* that will not come."""
        into = self._tracks[track]
        into.own += samples
        if into.own > into.end:
            self._fill(track, into.own)

    def take(self) -> bytes:
        """Return the frames of which every track is there, or late for too long."""
        furthest = self.end_sample
        for index, track in enumerate(self._tracks):
            if furthest - track.end > self._lag:
                self._fill(index, furthest - self._lag)
                if track.dropping:  # not a burst that makes up for a stall, but a slower clock
                    track.own, track.dropping = track.end, False
        return self._weave(min(track.end for track in self._tracks))

    def flush(self) -> bytes:
        """Return all that is left; the shorter tracks end in silence."""
        furthest = self.end_sample
        for track in self._tracks:
            track.buffer += silence(self._format.encoding, furthest - track.end)
            track.end = furthest
        for index in range(len(self._tracks)):
            self._close(index)
        return self._weave(furthest)

    def lost(self) -> Sequence[LostStretch]:
        """Return the stretches that were filled and not told yet, and forget them."""
        told, self._lost = self._lost, []
        return told

    def _fill(self, index: int, until: int) -> None:
        track = self._tracks[index]
        if track.hole_from is None:
            track.hole_from = track.end
        track.buffer += silence(self._format.encoding, until - track.end)
        track.end = until
        while track.end - track.hole_from >= self._told_at_once:
            end = track.hole_from + self._told_at_once
            self._lost.append(LostStretch(index, track.hole_from, end))
            track.hole_from, track.hole_told = end, True

    def _close(self, index: int) -> None:
        """Sound is there again: tell the hole before it."""
        track = self._tracks[index]
        if track.hole_from is None:
            return
        length = track.end - track.hole_from
        if length >= self._told or (track.hole_told and length):
            self._lost.append(LostStretch(index, track.hole_from, track.end))
        track.hole_from, track.hole_told = None, False

    def _weave(self, until: int) -> bytes:
        width = self._format.encoding.sample_bytes
        length = (until - self._woven) * width
        self._woven = until
        if length <= 0:
            return b""
        pieces = []
        for track in self._tracks:
            pieces.append(bytes(track.buffer[:length]))
            del track.buffer[:length]
        if len(pieces) == 1:
            return pieces[0]
        kind = np.uint16 if width == 2 else np.uint8
        return np.stack([np.frombuffer(piece, kind) for piece in pieces], axis=1).tobytes()


class _TrackWeave:
    __slots__ = ("buffer", "dropping", "end", "heard", "hole_from", "hole_told", "own")

    def __init__(self) -> None:
        self.buffer = bytearray()
        """From the last sample taken to ``end``."""
        self.end = 0
        """Where what is known of it ends, in samples of the call."""
        self.own = 0
        """Where its next sound belongs by its own clock."""
        self.heard = False
        """It has brought sound."""
        self.dropping = False
        """Its last sound was too late for its place."""
        self.hole_from: int | None = None
        """Where the silence began that fills it now."""
        self.hole_told = False
