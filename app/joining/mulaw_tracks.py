"""Pure: a call's sound, whatever its format, as mu-law at 8 kHz for each track, and the frames that carry it."""

from __future__ import annotations

import struct
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.codec import decode, encode_mulaw
from asr.types import AudioFormat, Encoding, Samples

RATE_HZ: Final = 8_000
SAMPLES_PER_MS: Final = RATE_HZ // 1000
_HEAD: Final = struct.Struct(">BI")
_HALF_TAPS: Final = 16
_CUTOFF: Final = 0.44
"""Of 8 kHz: flat to 3 kHz, and what lies above 4.4 kHz is 50 dB down before every other sample goes."""


class MulawTracks:
    """Feed the call's bytes in order; take each track's mu-law.

    As many samples come out of a track as lie in the bytes, at 8 kHz. Sound at 16 kHz
    comes out 1 ms late, the same for both tracks.
    """

    def __init__(self, audio_format: AudioFormat) -> None:
        self._format = audio_format
        self._before: Samples | None = None
        """[tracks, taps]: what the filter needs from before, at 16 kHz."""

    def forget(self) -> None:
        """Sound is missing here: what was before has nothing to do with what follows."""
        self._before = None

    def feed(self, payload: bytes) -> tuple[bytes, ...]:
        """Return each track of *payload*, which holds whole frames (an even number of them at 16 kHz)."""
        count, encoding = self._format.track_count, self._format.encoding
        if self._format.rate_hz == RATE_HZ and encoding is Encoding.MULAW:
            return tuple(payload[track::count] for track in range(count))
        if self._format.rate_hz == RATE_HZ and encoding is Encoding.ALAW:
            translated = payload.translate(_alaw_to_mulaw())
            return tuple(translated[track::count] for track in range(count))
        sound = decode(encoding, payload).reshape(-1, count).T
        if self._format.rate_hz != RATE_HZ:
            sound = self._halved(sound)
        return tuple(encode_mulaw(np.ascontiguousarray(track)) for track in sound)

    def _halved(self, sound: Samples) -> Samples:
        if self._before is None:
            self._before = np.zeros((len(sound), 2 * _HALF_TAPS), dtype=np.float32)
        heard = np.concatenate((self._before, sound), axis=1)
        self._before = heard[:, -2 * _HALF_TAPS :]
        taps = _low_pass()
        halved: Samples = np.stack([np.convolve(track, taps, "valid")[1::2] for track in heard])
        return halved


@cache
def _alaw_to_mulaw() -> bytes:
    return encode_mulaw(decode(Encoding.ALAW, bytes(range(256))))


@cache
def _low_pass() -> Samples:
    offset: NDArray[np.float64] = np.arange(-_HALF_TAPS, _HALF_TAPS + 1, dtype=np.float64)
    taps = np.sinc(offset * _CUTOFF) * np.kaiser(len(offset), 5.0)
    unit_gain: NDArray[np.float64] = taps / taps.sum()
    return unit_gain.astype(np.float32)


def sound_frame(track: int, position_ms: int, mulaw: bytes) -> bytes:
    """Return the binary frame of the sound socket: track, where in the call it begins, sound."""
    return _HEAD.pack(track, position_ms & 0xFFFF_FFFF) + mulaw


def read_sound_frame(frame: bytes) -> tuple[int, int, bytes]:
    """Return track, position in milliseconds and sound of a binary frame.

    Raises:
        ValueError: it is shorter than its head.
    """
    if len(frame) < _HEAD.size:
        raise ValueError("a sound frame has a head of 5 bytes")
    track, position_ms = _HEAD.unpack_from(frame)
    return track, position_ms, frame[_HEAD.size :]
