"""Pure: a carrier's bytes to samples and back (ITU-T G.711 mu-law and A-law, PCM 16 bit little-endian).

Everything is a table look-up: a call sends 50 to 100 messages a second, and
there are tens of calls on a core.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.types import Encoding, Samples

FULL_SCALE: Final = 32_768
"""16-bit steps in 1.0. G.711 codes stand for values on the same scale."""

_MULAW_BIAS: Final = 132
"""Added before the logarithm and taken off after it; 33 on the 14-bit scale of the standard."""
_MULAW_CLIP: Final = 32_635
_ALAW_TOGGLE: Final = 0x55
"""A-law inverts every other bit on the line."""


def _mulaw_values() -> NDArray[np.int32]:
    """The 16-bit value of each of the 256 mu-law codes."""
    codes = ~np.arange(256, dtype=np.int32) & 0xFF
    chord, step = (codes >> 4) & 7, codes & 15
    magnitude = (((step << 3) + _MULAW_BIAS) << chord) - _MULAW_BIAS
    return np.where(codes & 0x80, -magnitude, magnitude)


def _alaw_values() -> NDArray[np.int32]:
    """The 16-bit value of each of the 256 A-law codes."""
    codes = np.arange(256, dtype=np.int32) ^ _ALAW_TOGGLE
    chord, step = (codes >> 4) & 7, codes & 15
    # Chord 0 has no leading one; from chord 1 on the steps double with each chord.
    magnitude = np.where(
        chord == 0, (step << 4) + 8, ((step << 4) + 0x108) << np.maximum(chord - 1, 0)
    )
    return np.where(codes & 0x80, magnitude, -magnitude)


def _steps() -> NDArray[np.int32]:
    """Every 16-bit value, in the order of its bit pattern."""
    return np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _magnitudes(steps: NDArray[np.int32]) -> NDArray[np.int32]:
    """Distance from zero with the two signs alike: -1 counts as 0, as in the ITU's own tool."""
    return np.where(steps < 0, ~steps, steps)


def _chords(magnitude: NDArray[np.int32], lowest_bit: int) -> NDArray[np.int32]:
    """Where the leading one stands, counted from *lowest_bit*."""
    return np.frexp(magnitude.astype(np.float64))[1].astype(np.int32) - 1 - lowest_bit


def _mulaw_codes() -> NDArray[np.uint8]:
    """The mu-law code of every 16-bit bit pattern."""
    steps = _steps()
    magnitude = np.minimum(_magnitudes(steps), _MULAW_CLIP) + _MULAW_BIAS
    chord = _chords(magnitude, lowest_bit=7)
    code = (chord << 4) | ((magnitude >> (chord + 3)) & 15) | np.where(steps < 0, 0x80, 0)
    return (~code & 0xFF).astype(np.uint8)


def _alaw_codes() -> NDArray[np.uint8]:
    """The A-law code of every 16-bit bit pattern."""
    steps = _steps()
    magnitude = _magnitudes(steps)
    chord = np.maximum(_chords(np.maximum(magnitude, 1), lowest_bit=7), 0)
    step = (magnitude >> np.where(chord == 0, 4, chord + 3)) & 15
    code = (chord << 4) | step | np.where(steps < 0, 0, 0x80)
    return ((code ^ _ALAW_TOGGLE) & 0xFF).astype(np.uint8)


def _as_samples(values: NDArray[np.int32]) -> Samples:
    return (values / FULL_SCALE).astype(np.float32)


_DECODE: Final = {
    Encoding.MULAW: _as_samples(_mulaw_values()),
    Encoding.ALAW: _as_samples(_alaw_values()),
}
_MULAW_CODES: Final = _mulaw_codes()
_ALAW_CODES: Final = _alaw_codes()
_PCM_STEP: Final = np.float32(1 / FULL_SCALE)


def decode(encoding: Encoding, payload: bytes) -> Samples:
    """Return the samples in *payload*, tracks still interleaved, -1.0 to 1.0.

    Raises:
        ValueError: *payload* ends in the middle of a sample.
    """
    if encoding is Encoding.PCM_S16LE:
        return np.frombuffer(payload, dtype="<i2").astype(np.float32) * _PCM_STEP
    return np.take(_DECODE[encoding], np.frombuffer(payload, dtype=np.uint8))


def encode_mulaw(samples: Samples) -> bytes:
    """Return one byte a sample; what lies outside -1.0 to 1.0 is clipped."""
    return np.take(_MULAW_CODES, _bit_patterns(samples)).tobytes()


def encode_alaw(samples: Samples) -> bytes:
    """Return one byte a sample; what lies outside -1.0 to 1.0 is clipped."""
    return np.take(_ALAW_CODES, _bit_patterns(samples)).tobytes()


def encode_pcm_s16le(samples: Samples) -> bytes:
    """Return two bytes a sample; what lies outside -1.0 to 1.0 is clipped."""
    return _to_int16(samples).astype("<i2").tobytes()


def encode(encoding: Encoding, samples: Samples) -> bytes:
    """Return *samples* as a carrier would send them."""
    match encoding:
        case Encoding.MULAW:
            return encode_mulaw(samples)
        case Encoding.ALAW:
            return encode_alaw(samples)
        case Encoding.PCM_S16LE:
            return encode_pcm_s16le(samples)


def _to_int16(samples: Samples) -> NDArray[np.int16]:
    return np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def _bit_patterns(samples: Samples) -> NDArray[np.uint16]:
    return _to_int16(samples).view(np.uint16)
