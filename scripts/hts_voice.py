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
_FULL_SCALE: Final = 32_768.0


def spoken_by_hts(text: str, *, speed: float, size: float, half_tones: float) -> Samples:
    """Return *text* at ``VOICE_HZ``; *size* and *half_tones* leave the speed as it is."""
    sound, rate_hz = pyopenjtalk.tts(text, speed=speed / size, half_tone=half_tones)
    scaled = (sound / _FULL_SCALE).astype(np.float32)
    return resample(scaled, round(rate_hz * size), VOICE_HZ)
