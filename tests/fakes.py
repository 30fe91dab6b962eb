"""Glue: stand-ins that keep the same contracts as the real parts (``tests/contracts``), and sound to feed them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

import numpy as np

from asr.ports import VoiceActivityModel
from asr.types import MODEL_RATE_HZ, WINDOW_SAMPLES, Samples

# --- Voice activity -----------------------------------------------------------------------


class LoudnessActivity:
    """Takes whatever is loud for speech; without memory, so a test can say where speech is."""

    def __init__(self, speech_rms: float = 0.02) -> None:
        self._speech_rms = speech_rms

    def probability(self, samples: Samples) -> float:
        if samples.shape != (WINDOW_SAMPLES,):
            raise ValueError(f"a window has {WINDOW_SAMPLES} samples")
        rms = float(np.sqrt(np.mean(np.square(samples))))
        return min(1.0, rms / (2 * self._speech_rms))


class TrackByTrack:
    """Many tracks, each judged by a model of its own: whatever one track can have, many can."""

    def __init__(self, new_track: Callable[[], VoiceActivityModel]) -> None:
        self._new_track = new_track
        self.open_places: dict[int, VoiceActivityModel] = {}
        self.rounds: list[list[int]] = []
        """The places that were judged together, round after round."""

    def open(self) -> int:
        place = next(number for number in count() if number not in self.open_places)
        self.open_places[place] = self._new_track()
        return place

    def close(self, place: int) -> None:
        del self.open_places[place]

    def probabilities(self, places: Sequence[int], windows: Samples) -> list[float]:
        self.rounds.append(list(places))
        judged = zip(places, windows, strict=True)
        return [self.open_places[place].probability(window) for place, window in judged]


_FORMANTS_HZ: Final = {
    "a": (800, 1_200),
    "i": (300, 2_300),
    "u": (350, 1_300),
    "e": (500, 1_900),
    "o": (500, 900),
}
_SYLLABLE_SECONDS: Final = 0.16


def babble(vowels: str, *, pitch_hz: float = 170.0) -> Samples:
    """Return a voice that says *vowels*, 160 ms each: speech to any voice activity, words to nobody."""
    count = int(_SYLLABLE_SECONDS * MODEL_RATE_HZ)
    at = np.arange(count) / MODEL_RATE_HZ
    frequency = np.fft.rfftfreq(count, 1 / MODEL_RATE_HZ)
    swell = np.minimum(1.0, np.minimum(at / 0.03, (_SYLLABLE_SECONDS - at) / 0.04))
    said = []
    for place, vowel in enumerate(vowels):
        falling_hz = pitch_hz * (1.1 - 0.3 * place / len(vowels)) * (1 - at)
        pulses = np.diff(np.floor(np.cumsum(falling_hz) / MODEL_RATE_HZ), prepend=0.0)
        low_hz, high_hz = _FORMANTS_HZ[vowel]
        throat = sum(
            gain / (1 + ((frequency - middle_hz) / width_hz) ** 2)
            for middle_hz, width_hz, gain in (
                (low_hz, 60, 1.0),
                (high_hz, 80, 0.5),
                (2_700, 150, 0.2),
                (3_500, 200, 0.1),
            )
        )
        sound = np.fft.irfft(np.fft.rfft(pulses) * throat, count)
        said.append(0.3 * swell * sound / np.max(np.abs(sound)))
    return np.concatenate(said).astype(np.float32)


def line_noise(window_count: int, *, rms: float = 0.0015, seed: int = 1) -> Samples:
    """Return the hiss of a quiet line, always the same one."""
    noise = np.random.default_rng(seed).standard_normal(window_count * WINDOW_SAMPLES)
    return (noise * rms).astype(np.float32)
