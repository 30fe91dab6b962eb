"""Pure: what stands in a WAV file before its sound."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

from asr.types import Encoding

PCM: Final = 1
ENCODINGS: Final[Mapping[tuple[int, int], Encoding]] = {
    (PCM, 16): Encoding.PCM_S16LE,
    (6, 8): Encoding.ALAW,
    (7, 8): Encoding.MULAW,
}
"""By the tag of the format and the bits of a sample."""
_TAGS: Final = {encoding: tag for (tag, _), encoding in ENCODINGS.items()}
WAV_HEAD_BYTES: Final = 58
UNKNOWN_SIZE: Final = 0xFFFF_FFFF
"""What a program writes that does not know the length, or cannot say it: read to the end."""


def wav_head(encoding: Encoding, rate_hz: int, channel_count: int, frame_count: int) -> bytes:
    """Return what stands before *frame_count* frames, whose channels are interleaved; ``WAV_HEAD_BYTES`` of it.

    Behind an odd number of bytes of sound stands one more.
    """
    frame_bytes = encoding.sample_bytes * channel_count
    sound_bytes = frame_count * frame_bytes
    form = struct.pack(
        "<HHIIHHH",
        _TAGS[encoding],
        channel_count,
        rate_hz,
        rate_hz * frame_bytes,
        frame_bytes,
        encoding.sample_bytes * 8,
        0,  # bytes of extension; the field is required for everything but PCM
    )
    return b"".join(
        (
            b"RIFF" + _size(WAV_HEAD_BYTES - 8 + sound_bytes + sound_bytes % 2) + b"WAVE",
            b"fmt " + _size(len(form)) + form,
            b"fact" + _size(4) + _size(frame_count),
            b"data" + _size(sound_bytes),
        )
    )


def _size(count: int) -> bytes:
    return struct.pack("<I", min(count, UNKNOWN_SIZE))
