"""Glue: the voice that comes with pyopenjtalk-plus, for sentences by the thousand. Development only.

HTS voice "Mei", (c) 2009-2013 Nagoya Institute of Technology, MMDAgent Project Team, CC BY 3.0. It speaks a
second of sound in 0.03 core-seconds and draws no random numbers.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyopenjtalk

from asr.resampling import resample
from asr.types import Samples
from scripts.telephone_speech import VOICE_HZ

NAME: Final = "mei"
SIZE: Final = (0.84, 1.02)
"""Of the voice: resampling moves formants and pitch together, down to those of a man. The recogniser
gets .42 of the letters wrong at 0.9, .44 at 1.0, .47 at 1.1 and .53 at 1.15 (64 lines)."""
HALF_TONES: Final = (-4.0, 3.0)
"""Of the pitch alone, beside that."""
RISE_DB: Final = (3.0, 7.0)
"""An octave, between 200 Hz and 4 kHz. A handset's own rise is about 3; more makes up for what the voice
lacks in clearness: of the same 64 lines in the line's noise .43 of the letters are wrong without it, .39 at 3,
.38 at 5, .35 at 8, and .21 without noise; a neural voice has .28 where this one without rise has .44."""
_RISES_HZ: Final = (200.0, 4_000.0)
_FULL_SCALE: Final = 32_768.0


def spoken_by_hts(
    text: str, *, speed: float, size: float, half_tones: float, rise_db: float
) -> Samples:
    """Return *text* at ``VOICE_HZ``; of the rest, only *speed* changes how long it takes."""
    sound, rate_hz = pyopenjtalk.tts(text, speed=speed / size, half_tone=half_tones)
    scaled = (sound / _FULL_SCALE).astype(np.float32)
    return risen(resample(scaled, round(rate_hz * size), VOICE_HZ), rise_db)


def risen(sound: Samples, rise_db: float) -> Samples:
    """Return *sound* at ``VOICE_HZ`` with *rise_db* more in each octave, unchanged at 1 kHz."""
    if not len(sound):
        return sound
    hertz = np.clip(np.fft.rfftfreq(len(sound), 1 / VOICE_HZ), *_RISES_HZ)
    gain = 10 ** (rise_db * np.log2(hertz / 1_000) / 20)
    return np.fft.irfft(np.fft.rfft(sound) * gain, len(sound)).astype(np.float32)
