"""How much of Whisper's 30 seconds a segment is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.types import MODEL_RATE_HZ
from asr.windowing import (
    FULL_WINDOW_FRAMES,
    WindowLimits,
    token_bound,
    window_frames,
    windows,
)

LIMITS = WindowLimits(floor_frames=800, margin_frames=150, tokens_a_second=10, tokens_extra=20)


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [(0.0, 800), (6.5, 800), (6.51, 802), (8.0, 950), (28.5, 3_000), (400.0, 3_000)],
)
def test_a_window_is_the_speech_and_a_margin_between_floor_and_thirty_seconds(
    seconds: float, frames: int
) -> None:
    assert window_frames(round(seconds * MODEL_RATE_HZ), LIMITS) == frames


@given(
    sample_count=st.integers(0, 60 * MODEL_RATE_HZ),
    floor=st.integers(2, 3_000),
    margin=st.integers(0, 500),
)
def test_a_window_is_even_holds_the_speech_and_never_more_than_the_model_takes(
    sample_count: int, floor: int, margin: int
) -> None:
    frames = window_frames(sample_count, WindowLimits(floor_frames=floor, margin_frames=margin))

    assert frames % 2 == 0
    assert frames <= FULL_WINDOW_FRAMES
    assert frames * MODEL_RATE_HZ >= 100 * min(sample_count, 30 * MODEL_RATE_HZ)


BATCH = [MODEL_RATE_HZ, 10 * MODEL_RATE_HZ, 2 * MODEL_RATE_HZ]


def test_a_batch_that_is_encoded_together_gets_what_the_longest_needs() -> None:
    assert windows(BATCH, LIMITS, together=True) == [1_150] * 3


def test_a_batch_that_is_encoded_one_by_one_gets_what_each_needs() -> None:
    assert windows(BATCH, LIMITS, together=False) == [800, 1_150, 800]


def test_a_batch_of_nobody_needs_no_window() -> None:
    assert windows([], LIMITS, together=True) == []


@pytest.mark.parametrize(("seconds", "tokens"), [(0.0, 20), (1.0, 30), (1.01, 31), (8.0, 100)])
def test_a_sentence_cannot_be_longer_than_its_sound(seconds: float, tokens: int) -> None:
    assert token_bound(round(seconds * MODEL_RATE_HZ), LIMITS) == tokens


def test_impossible_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="floor_frames"):
        WindowLimits(floor_frames=3_001)
