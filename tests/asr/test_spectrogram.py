"""What Whisper is shown of a sentence and of the silence behind it."""

from __future__ import annotations

import numpy as np
import pytest

from asr.spectrogram import SILENCE, Spectrograph
from asr.types import MODEL_RATE_HZ, Samples
from tests.fakes import babble

VOICE = babble("aoieuao")


def quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * MODEL_RATE_HZ), dtype=np.float32)


@pytest.mark.parametrize("mel_count", [80, 128])
@pytest.mark.parametrize("frames", [600, 750, 3_000])
def test_a_window_has_the_bands_and_the_length_that_are_asked_for(
    mel_count: int, frames: int
) -> None:
    window = Spectrograph(mel_count).window(VOICE, frames)

    assert window.shape == (1, mel_count, frames)
    assert window.dtype == np.float32


def test_what_follows_the_words_looks_as_if_silence_had_been_recorded() -> None:
    spectrograph = Spectrograph(80)
    recorded = np.concatenate([VOICE, quiet(3)])
    frames = recorded.size // 160

    filled = spectrograph.window(VOICE, frames)

    # The last frame with a voice in it still hears the edge.
    end = VOICE.size // 160 + 3
    assert np.allclose(
        filled[0, :, end:], spectrograph.window(recorded, frames)[0, :, end:], atol=1e-6
    )


def test_nothing_but_silence_is_silence_from_beginning_to_end() -> None:
    window = Spectrograph(80).window(quiet(1), 600)

    assert np.allclose(window, SILENCE)


def test_sound_that_is_longer_than_its_window_is_cut() -> None:
    spectrograph = Spectrograph(80)
    frames = VOICE.size // 160 - 20

    cut, whole = spectrograph.window(VOICE, frames), spectrograph.window(VOICE, frames + 20)

    assert cut.shape[2] == frames
    assert whole.shape[2] == frames + 20


def test_one_sentence_changes_nothing_for_the_next() -> None:
    spectrograph = Spectrograph(80)
    first = spectrograph.window(VOICE, 750)

    spectrograph.window(quiet(2), 3_000)

    assert np.array_equal(spectrograph.window(VOICE, 750), first)
