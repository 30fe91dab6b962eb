"""Glue: another sample rate carries the same sound, without mirror images and without drift."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.resampling import (
    UPSAMPLER_DELAY_SAMPLES,
    UPSAMPLER_REACH_SAMPLES,
    double_rate,
    resample,
)
from asr.types import Samples


def tone(hz: float, rate_hz: int, seconds: float = 1.0) -> Samples:
    at = np.arange(int(rate_hz * seconds)) / rate_hz
    return np.sin(2 * np.pi * hz * at).astype(np.float32)


def doubled(sound: Samples) -> Samples:
    """Return one track's *sound* at 16 kHz, with silence before it."""
    before = np.zeros(UPSAMPLER_REACH_SAMPLES, dtype=np.float32)
    at_16_khz: Samples = double_rate(np.concatenate((before, sound)).reshape(1, -1, 1))[0, 0]
    return at_16_khz


def level_db(samples: Samples, hz: float, rate_hz: int) -> float:
    """Level of the tone of *hz* in *samples*, 0 for a full-scale sine wave."""
    at = np.arange(len(samples)) / rate_hz
    shaped = samples * np.hanning(len(samples))
    strength = 4 * np.abs(np.mean(shaped * np.exp(-2j * np.pi * hz * at)))
    return float(20 * np.log10(strength + 1e-12))


@pytest.mark.parametrize("hz", [100, 300, 1_000, 2_000, 3_000, 3_400])
def test_live_sound_keeps_its_level_over_the_telephone_band(hz: int) -> None:
    heard = doubled(tone(hz, 8_000))

    assert abs(level_db(heard[100:], hz, 16_000)) < 0.05


@pytest.mark.parametrize("hz", [100, 300, 1_000, 2_000, 3_000, 3_400])
def test_live_sound_has_no_mirror_image_above_the_telephone_band(hz: int) -> None:
    heard = doubled(tone(hz, 8_000))

    assert level_db(heard[100:], 8_000 - hz, 16_000) < -50


def test_live_sound_is_late_by_the_stated_delay() -> None:
    heard = doubled(tone(440, 8_000))

    late = 2 * UPSAMPLER_DELAY_SAMPLES
    assert np.allclose(heard[late + 100 :], tone(440, 16_000)[100:-late], atol=2e-3)


def test_half_of_the_live_samples_are_the_old_ones() -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, 320).astype(np.float32)

    heard = doubled(sound)

    late = UPSAMPLER_DELAY_SAMPLES
    assert np.array_equal(heard[2 * late :: 2], sound[:-late])


@given(seed=st.integers(0, 99))
def test_the_other_half_are_the_sum_over_24_taps(seed: int) -> None:
    offset = np.arange(-12, 12) + 0.5
    taps = np.sinc(offset) * np.i0(5.6 * np.sqrt(1 - (offset / 12) ** 2))
    sound = np.random.default_rng(seed).uniform(-1, 1, 256).astype(np.float32)

    heard = doubled(sound)

    summed = np.convolve(np.concatenate((np.zeros(23), sound)), taps / taps.sum(), mode="valid")
    assert np.allclose(heard[1::2], summed, atol=1e-6)


@given(seed=st.integers(0, 99), later=st.integers(0, 64))
def test_a_live_sound_that_comes_later_sounds_the_same(seed: int, later: int) -> None:
    sound = np.random.default_rng(seed).uniform(-1, 1, 96).astype(np.float32)
    silence = np.zeros(64, dtype=np.float32)

    at_once = doubled(np.concatenate((sound, silence)))
    heard_later = doubled(np.concatenate((silence[:later], sound, silence[later:])))

    assert np.allclose(heard_later[2 * later :], at_once[: len(at_once) - 2 * later], atol=1e-6)


@given(seed=st.integers(0, 99), blocks=st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_any_split_of_live_sound_gives_the_same_samples(seed: int, blocks: list[int]) -> None:
    count = UPSAMPLER_REACH_SAMPLES + 32 * sum(blocks)
    sound = np.random.default_rng(seed).uniform(-1, 1, (1, count, 1)).astype(np.float32)
    whole = double_rate(sound)

    ends = np.cumsum(blocks) * 32
    pieces = [
        double_rate(sound[:, end - 32 * length : end + UPSAMPLER_REACH_SAMPLES])
        for length, end in zip(blocks, ends, strict=True)
    ]

    assert np.allclose(np.concatenate(pieces, axis=2), whole, atol=1e-6)


@given(seed=st.integers(0, 99), calls=st.integers(0, 9), tracks=st.integers(1, 2))
def test_live_sound_is_the_same_whatever_is_computed_with_it(
    seed: int, calls: int, tracks: int
) -> None:
    count = UPSAMPLER_REACH_SAMPLES + 256
    sound = np.random.default_rng(seed).uniform(-1, 1, (calls, count, tracks)).astype(np.float32)

    together = double_rate(sound)

    assert together.shape == (calls, tracks, 512)
    for call in range(calls):
        for track in range(tracks):
            alone = double_rate(sound[call : call + 1, :, track : track + 1])
            assert np.array_equal(together[call, track], alone[0, 0])


@pytest.mark.parametrize(
    ("from_hz", "to_hz"),
    [(8_000, 16_000), (11_025, 16_000), (24_000, 16_000), (44_100, 16_000), (48_000, 8_000)],
)
def test_a_recording_keeps_its_sound_and_its_time(from_hz: int, to_hz: int) -> None:
    resampled = resample(tone(1_000, from_hz), from_hz, to_hz)

    assert len(resampled) == to_hz
    assert np.allclose(resampled[400:-400], tone(1_000, to_hz)[400:-400], atol=1e-3)


@pytest.mark.parametrize(
    ("from_hz", "to_hz", "hz"), [(48_000, 16_000, 9_000), (16_000, 8_000, 4_600)]
)
def test_what_the_new_rate_cannot_carry_is_gone(from_hz: int, to_hz: int, hz: int) -> None:
    resampled = resample(tone(hz, from_hz), from_hz, to_hz)

    loudness = np.sqrt(np.mean(resampled[400:-400] ** 2))
    assert 20 * np.log10(loudness) < -60


@given(
    length=st.integers(0, 400),
    from_hz=st.sampled_from([8_000, 11_025, 22_050, 44_100, 48_000]),
    to_hz=st.sampled_from([8_000, 16_000]),
)
def test_the_new_length_covers_the_same_time(length: int, from_hz: int, to_hz: int) -> None:
    resampled = resample(np.zeros(length, dtype=np.float32), from_hz, to_hz)

    assert length * to_hz <= len(resampled) * from_hz < length * to_hz + from_hz


def test_a_long_recording_is_the_same_at_its_block_borders() -> None:
    level = resample(np.full(48_000, 0.5, dtype=np.float32), 8_000, 16_000)

    assert np.allclose(level[100:-100], 0.5, atol=1e-5)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(0, 8_000), (8_000, -1)])
def test_a_rate_that_is_none_is_refused(from_hz: int, to_hz: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        resample(tone(100, 8_000), from_hz, to_hz)
