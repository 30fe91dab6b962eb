"""Pure: changes the sample rate: live from 8 to 16 kHz window by window, and whole recordings from any rate.

Live, half of the new samples are the old ones and the other half comes from
24 taps. Measured: flat within 0.02 dB to 3.4 kHz, mirror images (4.6 kHz and up)
at least 57 dB down, 1 µs a window in company and 2 alone. The sound comes out 12 carrier
samples (1.5 ms) late: a twentieth of a window, and the same for both tracks.
"""

from __future__ import annotations

from math import ceil, gcd
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from asr.types import Samples

UPSAMPLER_DELAY_SAMPLES: Final = 12
"""Samples at 8 kHz by which the upsampled sound is late."""

UPSAMPLER_REACH_SAMPLES: Final = 23
"""Samples at 8 kHz from before that the upsampler needs."""

_HALF_TAPS: Final = UPSAMPLER_DELAY_SAMPLES
_BLOCK_SAMPLES_LIVE: Final = 32
"""Measured: blocks of 64 and 128 samples cost 2 and 8 times as much, because most of a matrix is zeros."""
_UPSAMPLER_BETA: Final = 5.6
_RESAMPLER_BETA: Final = 8.0
_ZERO_CROSSINGS: Final = 24
"""On either side of the middle, for recordings."""
_CUTOFF_MARGIN: Final = 0.95
"""Moves the middle of the transition below the band's edge: measured, nothing folds back above -86 dB."""
_BLOCK_SAMPLES: Final = 16_384
"""Output samples computed at a time; keeps a long recording's working memory at some MB."""


def _kaiser(offset: NDArray[np.float64], half_width: float, beta: float) -> NDArray[np.float64]:
    inside = np.clip(1.0 - (offset / half_width) ** 2, 0.0, None)
    return np.where(np.abs(offset) <= half_width, np.i0(beta * np.sqrt(inside)) / np.i0(beta), 0.0)


def _between_taps() -> Samples:
    """Taps that give the sound half-way between two samples."""
    offset = np.arange(-_HALF_TAPS, _HALF_TAPS, dtype=np.float64) + 0.5
    taps = np.sinc(offset) * _kaiser(offset, _HALF_TAPS, _UPSAMPLER_BETA)
    unit_gain: NDArray[np.float64] = taps / taps.sum()
    return unit_gain.astype(np.float32)


def _doubling() -> Samples:
    """Return the matrix that makes 64 samples out of 32, with the 23 around them that the taps reach."""
    matrix = np.zeros((_BLOCK_SAMPLES_LIVE + UPSAMPLER_REACH_SAMPLES, 2 * _BLOCK_SAMPLES_LIVE))
    taps = _between_taps()[::-1]
    for place in range(_BLOCK_SAMPLES_LIVE):
        matrix[place + _HALF_TAPS - 1, 2 * place] = 1.0
        matrix[place : place + len(taps), 2 * place + 1] = taps
    return matrix.astype(np.float32)


_DOUBLING: Final = _doubling()


def double_rate(heard: Samples) -> Samples:
    """Return sound at 8 kHz, *heard* [N, 23 + n, tracks], at 16 kHz: [N, tracks, 2n].

    Each row begins with the 23 samples that came before, and comes out
    ``UPSAMPLER_DELAY_SAMPLES`` late. *n* is a multiple of 32.

    Every row and track is a product of matrices by itself, so that it comes out the same,
    bit for bit, whatever it is computed with. And one large product would be shared out
    among threads, who wait for each other: that cost 8 ms instead of 0.1.
    """
    heard = np.ascontiguousarray(heard)
    rows, length, tracks = heard.shape
    blocks = (length - UPSAMPLER_REACH_SAMPLES) // _BLOCK_SAMPLES_LIVE
    row, sample, track = heard.strides
    neighbourhoods = np.ndarray(
        (rows, tracks, blocks, len(_DOUBLING)),
        dtype=np.float32,
        buffer=heard,
        strides=(row, track, _BLOCK_SAMPLES_LIVE * sample, sample),
    )
    doubled: Samples = np.matmul(np.ascontiguousarray(neighbourhoods), _DOUBLING)
    return doubled.reshape(rows, tracks, blocks * 2 * _BLOCK_SAMPLES_LIVE)


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Return the whole recording at *to_hz*, in step with the original (no delay).

    What the new rate cannot carry is filtered out first, so nothing folds back.

    Raises:
        ValueError: a rate is not positive.
    """
    if from_hz <= 0 or to_hz <= 0:
        raise ValueError("sample rates must be positive")
    if from_hz == to_hz or len(samples) == 0:
        return np.asarray(samples, dtype=np.float32)
    common = gcd(from_hz, to_hz)
    up, down = to_hz // common, from_hz // common
    taps, reach = _phase_taps(up, down)
    length = -(-len(samples) * up // down)

    padded = np.pad(np.asarray(samples, dtype=np.float32), (reach - 1, reach + 1))
    neighbourhoods = sliding_window_view(padded, 2 * reach)
    resampled = np.empty(length, dtype=np.float32)
    for begin in range(0, length, _BLOCK_SAMPLES):
        position = np.arange(begin, min(begin + _BLOCK_SAMPLES, length), dtype=np.int64) * down
        resampled[begin : begin + len(position)] = np.einsum(
            "ij,ij->i", neighbourhoods[position // up], taps[position % up]
        )
    return resampled


def _phase_taps(up: int, down: int) -> tuple[Samples, int]:
    """Taps for each of the *up* positions between two samples, and their reach to either side."""
    cutoff = min(1.0, up / down)
    half_width = _ZERO_CROSSINGS / cutoff
    reach = ceil(half_width)
    phase = np.arange(up, dtype=np.float64)[:, None] / up
    offset = phase - np.arange(-reach + 1, reach + 1)[None, :]
    taps = np.sinc(offset * cutoff * _CUTOFF_MARGIN) * _kaiser(offset, half_width, _RESAMPLER_BETA)
    return (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32), reach
