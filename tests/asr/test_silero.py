"""Glue: live voice activity says what the model says about the whole recording, and says so when it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from faster_whisper.vad import SileroVADModel
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from asr.errors import ModelCorrupt, ModelNotFound, VoiceActivityFailed
from asr.onnx_file import GraphWriter
from asr.ports import VoiceActivityModel
from asr.silero import ONNX_ERRORS, SileroModel, SileroTrack, SileroTracks, model_path
from asr.silero_graph import for_many_tracks
from asr.types import WINDOW_SAMPLES
from tests.contracts.shared_voice_activity import (
    SOUNDS,
    NewShared,
    SharedVoiceActivityContract,
    heard_in,
    windows_in,
)
from tests.contracts.voice_activity import SILENCE, NewTrack, VoiceActivityContract, judge
from tests.fakes import LoudnessActivity, TrackByTrack, babble, line_noise


@pytest.fixture(scope="module")
def model() -> SileroModel:
    return SileroModel.load()


class TestSilero(VoiceActivityContract):
    @pytest.fixture
    def new_track(self, model: SileroModel) -> Callable[[], VoiceActivityModel]:
        return model.new_track


class TestLoudness(VoiceActivityContract):
    @pytest.fixture
    def new_track(self) -> NewTrack:
        return LoudnessActivity


class TestSileroTogether(SharedVoiceActivityContract):
    @pytest.fixture
    def new_shared(self, model: SileroModel) -> NewShared:
        return model.many_tracks

    @pytest.fixture
    def new_track(self, model: SileroModel) -> NewTrack:
        return model.new_track


class TestLoudnessTogether(SharedVoiceActivityContract):
    @pytest.fixture
    def new_shared(self) -> NewShared:
        return lambda: TrackByTrack(LoudnessActivity)

    @pytest.fixture
    def new_track(self) -> NewTrack:
        return LoudnessActivity


def test_window_by_window_it_says_what_the_model_says_about_the_recording(
    model: SileroModel,
) -> None:
    sound = np.concatenate((line_noise(20), babble("aoieua") + line_noise(30), line_noise(20)))
    # The offline wrapper blanks the end of what it is given: judge one window more, leave it out.
    whole = SileroVADModel(str(model_path()))(np.concatenate((sound, line_noise(1)))).ravel()[:-1]

    live = judge(model.new_track(), sound)

    assert np.allclose(live, whole, atol=1e-5)


@pytest.mark.parametrize("together", [1, 2, 7, 128])
def test_every_window_of_a_run_is_what_the_published_model_says_of_it_alone(together: int) -> None:
    published = onnxruntime.InferenceSession(str(model_path()), providers=["CPUExecutionProvider"])
    written_anew = onnxruntime.InferenceSession(
        for_many_tracks(model_path().read_bytes()), providers=["CPUExecutionProvider"]
    )
    chance = np.random.default_rng(together)
    heard = chance.uniform(-0.3, 0.3, (together, 64 + WINDOW_SAMPLES)).astype(np.float32)
    h, c = chance.uniform(-0.9, 0.9, (2, 1, together, 128)).astype(np.float32)

    answers = written_anew.run(None, {"heard": heard, "h": h, "c": c})

    for track in range(together):
        one = slice(track, track + 1)
        alone = published.run(None, {"input": heard[one], "h": h[:, one], "c": c[:, one]})
        for together_, alone_ in zip(answers, alone, strict=True):
            assert np.allclose(together_.reshape(together, -1)[track], alone_.ravel(), atol=1e-5)


@settings(max_examples=15)
@given(rounds=st.lists(st.sets(st.integers(0, len(SOUNDS) - 1)), max_size=60))
def test_whoever_is_judged_together_a_track_is_heard_as_alone(
    model: SileroModel, rounds: list[set[int]]
) -> None:
    everyone = [range(len(SOUNDS))] * max(len(windows_in(sound)) for sound in SOUNDS)

    heard = heard_in([*rounds, *everyone], model.many_tracks())

    for sound, together in zip(SOUNDS, heard, strict=True):
        assert np.allclose(together, judge(model.new_track(), sound), atol=1e-4)


def test_a_run_takes_no_more_windows_than_memory_is_kept_for() -> None:
    session = CountingSession()
    tracks = SileroTracks(session, places=300)
    places = [tracks.open() for _ in range(300)]

    tracks.probabilities(places, np.full((300, WINDOW_SAMPLES), 0.1, dtype=np.float32))

    assert session.together == [64, 64, 64, 64, 44]


def test_tracks_without_sound_are_not_part_of_a_run() -> None:
    session = CountingSession()
    tracks = SileroTracks(session, places=3)
    places = [tracks.open() for _ in range(3)]
    windows = np.zeros((3, WINDOW_SAMPLES), dtype=np.float32)
    windows[1] = 0.1

    for _ in range(10):
        tracks.probabilities(places, windows)

    assert session.together == [3] * 8 + [1] * 2


def test_a_line_without_sound_is_judged_for_256_ms_only() -> None:
    session = CountingSession()

    judge(SileroTrack(session), SILENCE)

    assert session.runs == 8


def test_the_idle_code_of_an_alaw_line_counts_as_no_sound() -> None:
    session = CountingSession()

    judge(SileroTrack(session), SILENCE + np.float32(8 / 32_768))

    assert session.runs == 8


def test_a_silence_that_the_model_takes_for_speech_is_judged_until_it_does_not() -> None:
    session = CountingSession(answers=[0.9] * 20)

    judge(SileroTrack(session), SILENCE)

    assert session.runs == 21


def test_the_memory_is_emptied_after_each_four_seconds_without_speech() -> None:
    session = CountingSession(answers=[0.05] * 100 + [0.5])

    judge(SileroTrack(session), line_noise(400))

    assert session.empty_at == [1, 1 + 101 + 128, 1 + 101 + 256]


def test_a_failure_of_the_model_is_a_failed_window_and_the_next_one_works() -> None:
    session = CountingSession(failures=1)
    track = SileroTrack(session)
    window = line_noise(1)

    with pytest.raises(VoiceActivityFailed):
        track.probability(window)

    assert track.probability(window) == pytest.approx(0.01)


@pytest.mark.parametrize("foreign", ONNX_ERRORS)
def test_every_error_of_the_runtime_is_translated(foreign: type[Exception]) -> None:
    track = SileroTrack(CountingSession(failures=1, error=foreign))

    with pytest.raises(VoiceActivityFailed) as failure:
        track.probability(line_noise(1))

    assert isinstance(failure.value.__cause__, foreign)


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound) as refusal:
        SileroModel.load(tmp_path / "nowhere.onnx")

    assert "install" in str(refusal.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>proxy login</html>", model_path().read_bytes()[:-100], GraphWriter().model()],
    ids=["nothing", "a page", "cut off", "another network"],
)
def test_a_file_that_is_not_the_model_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "silero_vad_v6.onnx"
    path.write_bytes(content)

    with pytest.raises(ModelCorrupt) as refusal:
        SileroModel.load(path)

    assert str(path) in str(refusal.value)


class CountingSession:
    """Answers as told and then finds no speech; its memory is how often it was asked."""

    def __init__(
        self,
        *,
        answers: Sequence[float] = (),
        failures: int = 0,
        error: type[Exception] = ONNX_ERRORS[0],
    ) -> None:
        self.runs = 0
        self.together: list[int] = []
        """How many windows each run was given."""
        self.empty_at: list[int] = []
        """The runs that began with an empty memory."""
        self._answers = iter(answers)
        self._failures = failures
        self._error = error

    def run(
        self, output_names: Sequence[str], input_feed: dict[str, NDArray[np.float32]], /
    ) -> Sequence[NDArray[np.float32]]:
        self.runs += 1
        if self.runs <= self._failures:
            raise self._error("the runtime failed")
        count = len(input_feed["heard"])
        assert input_feed["heard"].shape == (count, 64 + WINDOW_SAMPLES)
        self.together.append(count)
        if not input_feed["h"].any() and not input_feed["c"].any():
            self.empty_at.append(self.runs)
        answer = np.full(count, next(self._answers, 0.01), dtype=np.float32)
        return [answer, input_feed["h"] + 1, input_feed["c"] + 1]
