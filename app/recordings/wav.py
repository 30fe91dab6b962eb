"""Pure: a recording as a WAV file of two tracks of mu-law at 8 kHz, left the caller, any part of it alone.

What was carried as mu-law comes out byte for byte. Sound at 16 kHz is halved as it is for those who
listen live (``app.joining.mulaw_tracks``), without the millisecond by which that is late.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from app.calls.protocol import Track
from app.joining.mulaw_tracks import RATE_HZ, MulawTracks
from asr.types import AudioFormat, Encoding
from asr.wav_head import WAV_HEAD_BYTES, wav_head

CHANNELS: Final = (Track.CALLER, Track.OPERATOR)
HEAD_BYTES: Final = WAV_HEAD_BYTES
BLOCK_FRAMES: Final = 60 * RATE_HZ
"""What is read at once of a long recording."""
_SILENT: Final = b"\xff"
_REACH: Final = 16
"""Samples at 16 kHz on either side of one at 8 kHz that its filter looks at."""
_LATE: Final = 16
"""Samples at 8 kHz that come out before the filter has seen what it needs."""
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)

Carried = Callable[[int, int], bytes]
"""Returns so many samples from a sample on, as the call carried them."""


@dataclass(frozen=True, slots=True)
class Wav:
    """The file that *samples* of each of *tracks* in *format* make."""

    format: AudioFormat
    tracks: tuple[Track, ...]
    samples: int

    @property
    def frames(self) -> int:
        return self.samples * RATE_HZ // self.format.rate_hz

    @property
    def length(self) -> int:
        """Of the whole file, in bytes."""
        return HEAD_BYTES + self.frames * len(CHANNELS)

    def head(self) -> bytes:
        return wav_head(Encoding.MULAW, RATE_HZ, len(CHANNELS), self.frames)

    def blocks(self, carried: Carried) -> Iterator[tuple[int, bytes]]:
        """Yield the sound behind the head, a minute at a time, each with its first frame."""
        for first in range(0, self.frames, BLOCK_FRAMES):
            yield first, self._woven(first, min(first + BLOCK_FRAMES, self.frames), carried)

    def part(self, begin: int, end: int, carried: Carried) -> bytes:
        """Return the bytes *begin* to *end* of the file; only the sound that lies there is asked for."""
        head = self.head()[begin:end] if begin < HEAD_BYTES else b""
        first, last = max(begin, HEAD_BYTES) - HEAD_BYTES, end - HEAD_BYTES
        if last <= first:
            return head
        width = len(CHANNELS)
        first_frame, end_frame = first // width, -(-last // width)
        sound = self._woven(first_frame, end_frame, carried)
        ahead = first - first_frame * width
        return head + sound[ahead : ahead + last - first]

    def _woven(self, first: int, end: int, carried: Carried) -> bytes:
        found = dict(zip(self.tracks, self._mulaw(first, end, carried), strict=True))
        woven = bytearray(_SILENT * ((end - first) * len(CHANNELS)))
        for place, track in enumerate(CHANNELS):
            if track in found:
                woven[place :: len(CHANNELS)] = found[track]
        return bytes(woven)

    def _mulaw(self, first: int, end: int, carried: Carried) -> tuple[bytes, ...]:
        if self.format.rate_hz == RATE_HZ:
            return MulawTracks(self.format).feed(carried(first, end - first))
        # The filter needs what lies around; its first samples are of silence before, and left out.
        around = carried(2 * first - _REACH, 2 * (end - first) + 2 * _REACH)
        return tuple(track[_LATE:] for track in MulawTracks(self.format).feed(around))


class NotThere(ValueError):  # noqa: N818 - named as a fact
    """The part that was asked for lies beyond the end."""


def asked_range(header: str | None, length: int) -> tuple[int, int] | None:
    """Return the bytes that a ``Range`` asks for, as begin and end; None where it asks for the whole.

    What is not understood, several parts among it, counts as asking for the whole (RFC 9110, 14.2).

    Raises:
        NotThere: as it says.
    """
    found = _RANGE.fullmatch(header.strip()) if header is not None else None
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        wanted = int(found[2])
        if not wanted or not length:
            raise NotThere
        return max(0, length - wanted), length
    begin = int(found[1])
    if found[2] and int(found[2]) < begin:
        return None
    if begin >= length:
        raise NotThere
    return begin, min(int(found[2]) + 1, length) if found[2] else length
