"""Pure: how loud a recording is along its time: what a picture of it is drawn from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from asr.codec import decode
from asr.types import AudioFormat

_BLOCK_SECONDS = 30
_FULL = 255

Carried = Callable[[int, int], bytes]


def peaks_of(
    audio_format: AudioFormat, samples: int, bins: int, carried: Carried
) -> tuple[bytes, ...]:
    """Return one byte a bin for each track: its greatest amplitude, 255 being the loudest there is.

    Bin *i* of *n* holds the samples from ``i * samples // n`` to the next; one without samples is 0.
    """
    width = audio_format.track_count
    edges = np.arange(bins + 1, dtype=np.int64) * samples // bins
    found: NDArray[np.float32] = np.zeros((width, bins), dtype=np.float32)
    block = _BLOCK_SECONDS * audio_format.rate_hz
    for first in range(0, samples, block):
        count = min(block, samples - first)
        sound = np.abs(decode(audio_format.encoding, carried(first, count))).reshape(-1, width).T
        low = int(np.searchsorted(edges, first, side="right")) - 1
        high = int(np.searchsorted(edges, first + count, side="left"))
        starts = np.maximum(edges[low:high] - first, 0)
        wanted = np.flatnonzero(np.diff(np.append(starts, count)) > 0)
        loudest = np.maximum.reduceat(sound, starts[wanted], axis=1)
        places = low + wanted
        found[:, places] = np.maximum(found[:, places], loudest)
    scaled = np.minimum(np.ceil(found * _FULL), _FULL).astype(np.uint8)
    return tuple(track.tobytes() for track in scaled)
