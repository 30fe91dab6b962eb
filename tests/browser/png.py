"""Pure: pixels to a small PNG with a palette; text on plain ground loses nothing that an eye would miss."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Height, width, red-green-blue."""
MOST_COLOURS = 256
GROUNDS = 48


def palette_png(pixels: Pixels) -> bytes:
    """Return *pixels* as a PNG of at most 256 colours; the others go to the nearest."""
    height, width, _ = pixels.shape
    flat = pixels.reshape(-1, 3)
    packed = flat.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    colours, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    kept = colours[_one_of_each_kind(colours, counts)]
    distances = (_rgb(colours)[:, None, :].astype(int) - _rgb(kept)[None, :, :].astype(int)) ** 2
    indices = distances.sum(axis=2).argmin(axis=1)[places].astype(np.uint8).reshape(height, width)
    rows = np.hstack([np.zeros((height, 1), np.uint8), indices])  # each row says "no filter"
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", _rgb(kept).tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _one_of_each_kind(colours: NDArray[np.uint32], counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the places of the palette's colours.

    Only the most frequent of those that look alike: otherwise the greys at the edges of letters
    leave no room for a small green dot.
    """
    by_count = np.argsort(counts)[::-1]
    kinds = (_rgb(colours[by_count]) >> 4).astype(np.uint32) @ np.array([256, 16, 1], np.uint32)
    _, first = np.unique(kinds, return_index=True)
    # Grounds differ by little and cover much: the commonest colours are kept as they are.
    chosen = np.union1d(np.arange(min(GROUNDS, len(by_count))), first)
    return by_count[chosen[:MOST_COLOURS]]


def _rgb(packed: NDArray[np.uint32]) -> Pixels:
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=1).astype(np.uint8)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
