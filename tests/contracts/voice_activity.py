"""Glue: what every ``VoiceActivityModel`` must do, the real one and the fake."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from asr.ports import VoiceActivityModel
from asr.types import WINDOW_SAMPLES, Samples
from tests.fakes import babble, line_noise

NewTrack = Callable[[], VoiceActivityModel]

SILENCE = np.zeros(40 * WINDOW_SAMPLES, dtype=np.float32)


def judge(model: VoiceActivityModel, sound: Samples) -> list[float]:
    whole = len(sound) // WINDOW_SAMPLES * WINDOW_SAMPLES
    return [model.probability(window) for window in sound[:whole].reshape(-1, WINDOW_SAMPLES)]


class VoiceActivityContract:
    """Derive from this and give a fixture ``new_track``."""

    @pytest.mark.parametrize("loudness", [0.0, 0.0003, 0.01, 0.3, 10.0])
    def test_an_answer_is_a_probability(self, new_track: NewTrack, loudness: float) -> None:
        sound = np.clip(line_noise(3, rms=loudness), -1, 1)

        answers = judge(new_track(), sound)

        assert all(0.0 <= answer <= 1.0 for answer in answers)

    def test_a_voice_is_speech(self, new_track: NewTrack) -> None:
        answers = judge(new_track(), babble("aoieuaoie"))

        assert np.mean(np.array(answers) >= 0.5) > 0.9

    def test_a_silent_line_and_a_hissing_line_are_not_speech(self, new_track: NewTrack) -> None:
        answers = judge(new_track(), SILENCE) + judge(new_track(), line_noise(40))

        assert max(answers) < 0.35

    def test_speech_is_over_soon_after_the_voice_falls_silent(self, new_track: NewTrack) -> None:
        answers = judge(new_track(), np.concatenate((babble("aoieua"), SILENCE)))

        assert max(answers[-len(SILENCE) // WINDOW_SAMPLES + 3 :]) < 0.35

    def test_a_voice_behind_a_long_silence_is_speech(self, new_track: NewTrack) -> None:
        quiet = np.concatenate((SILENCE, line_noise(400), SILENCE))

        answers = judge(new_track(), np.concatenate((quiet, babble("aoieuaoie"))))

        behind = np.array(answers[len(quiet) // WINDOW_SAMPLES :])
        assert np.mean(behind >= 0.5) > 0.9

    def test_two_tracks_do_not_hear_each_other(self, new_track: NewTrack) -> None:
        caller, operator = babble("aoieua"), line_noise(30)
        alone = judge(new_track(), caller), judge(new_track(), operator)

        first, second = new_track(), new_track()
        windows = zip(
            caller.reshape(-1, WINDOW_SAMPLES), operator.reshape(-1, WINDOW_SAMPLES), strict=True
        )
        together = [(first.probability(a), second.probability(b)) for a, b in windows]

        assert together == list(zip(*alone, strict=True))

    def test_what_is_not_a_window_is_refused(self, new_track: NewTrack) -> None:
        with pytest.raises(ValueError, match="512"):
            new_track().probability(np.zeros(WINDOW_SAMPLES - 1, dtype=np.float32))
