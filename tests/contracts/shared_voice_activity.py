"""Glue: what every ``SharedVoiceActivity`` must do, the real one and the fake."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import numpy as np
import pytest

from asr.ports import SharedVoiceActivity
from asr.types import WINDOW_SAMPLES, Samples
from tests.contracts.voice_activity import NewTrack, judge
from tests.fakes import babble, line_noise

NewShared = Callable[[], SharedVoiceActivity]

SILENT = np.zeros(12 * WINDOW_SAMPLES, dtype=np.float32)
SOUNDS: tuple[Samples, ...] = (
    np.concatenate((babble("aoieua")[: 26 * WINDOW_SAMPLES], SILENT)),
    np.concatenate((SILENT, line_noise(10), babble("aie")[: 12 * WINDOW_SAMPLES])),
    line_noise(36, rms=0.01, seed=3),
    np.concatenate((line_noise(4), SILENT, babble("ou")[: 8 * WINDOW_SAMPLES], SILENT)),
    np.concatenate((line_noise(150), babble("aie")[: 12 * WINDOW_SAMPLES])),
)
"""A voice, silence on the line, noise, and longer quiet than a model's memory is kept."""


def windows_in(sound: Samples) -> Samples:
    return sound.reshape(-1, WINDOW_SAMPLES)


def heard_in(rounds: Iterable[Collection[int]], shared: SharedVoiceActivity) -> list[list[float]]:
    """Return what is said of each of ``SOUNDS`` if those in a round are judged together.

    Each round takes the next window of its members; who has none left sits it out.
    """
    places = [shared.open() for _ in SOUNDS]
    heard: list[list[float]] = [[] for _ in SOUNDS]
    for members in rounds:
        left = [track for track in members if len(heard[track]) < len(windows_in(SOUNDS[track]))]
        windows = [windows_in(SOUNDS[track])[len(heard[track])] for track in left]
        judged = np.array(windows, dtype=np.float32).reshape(len(left), WINDOW_SAMPLES)
        answers = shared.probabilities([places[track] for track in left], judged)
        for track, answer in zip(left, answers, strict=True):
            heard[track].append(answer)
    return heard


class SharedVoiceActivityContract:
    """Derive from this and give the fixtures ``new_shared`` and ``new_track``: one alone."""

    def test_tracks_heard_together_are_heard_as_alone(
        self, new_shared: NewShared, new_track: NewTrack
    ) -> None:
        # Now one sits a round out, now another.
        rounds = [[track for track in range(len(SOUNDS)) if (n + track) % 7] for n in range(240)]

        heard = heard_in(rounds, new_shared())

        for sound, together in zip(SOUNDS, heard, strict=True):
            assert np.allclose(together, judge(new_track(), sound), atol=1e-4)

    def test_a_place_that_was_given_back_remembers_nothing(
        self, new_shared: NewShared, new_track: NewTrack
    ) -> None:
        shared = new_shared()
        first = shared.open()
        for window in windows_in(babble("aoieuaoie")):
            shared.probabilities([first], window[np.newaxis])
        shared.close(first)

        second = shared.open()
        heard = [shared.probabilities([second], w[np.newaxis])[0] for w in windows_in(SOUNDS[1])]

        assert np.allclose(heard, judge(new_track(), SOUNDS[1]), atol=1e-4)

    def test_there_is_a_place_for_however_many_come(self, new_shared: NewShared) -> None:
        shared = new_shared()

        places = [shared.open() for _ in range(300)]
        answers = shared.probabilities(places, np.zeros((300, WINDOW_SAMPLES), dtype=np.float32))

        assert len(set(places)) == 300
        assert len(answers) == 300

    def test_more_places_take_nothing_from_those_that_were_there(
        self, new_shared: NewShared, new_track: NewTrack
    ) -> None:
        shared = new_shared()
        place, heard = shared.open(), []

        for window in windows_in(SOUNDS[0]):
            heard += shared.probabilities([place], window[np.newaxis])
            for _ in range(10):
                shared.open()

        assert np.allclose(heard, judge(new_track(), SOUNDS[0]), atol=1e-4)

    def test_nobody_waiting_is_no_failure(self, new_shared: NewShared) -> None:
        answers = new_shared().probabilities([], np.zeros((0, WINDOW_SAMPLES), dtype=np.float32))

        assert answers == []

    @pytest.mark.parametrize("samples", [WINDOW_SAMPLES - 1, WINDOW_SAMPLES + 1])
    def test_what_is_not_a_window_is_refused(self, new_shared: NewShared, samples: int) -> None:
        shared = new_shared()

        with pytest.raises(ValueError, match="512"):
            shared.probabilities([shared.open()], np.zeros((1, samples), dtype=np.float32))
