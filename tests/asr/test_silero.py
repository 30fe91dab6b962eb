"""Glue: live voice activity says what the model says about the whole recording, and says so when it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.vad import SileroVADModel
from numpy.typing import NDArray

from asr.errors import ModelCorrupt, ModelNotFound, VoiceActivityFailed
from asr.ports import VoiceActivityModel
from asr.silero import ONNX_ERRORS, SileroModel, SileroTrack, model_path
from asr.types import WINDOW_SAMPLES
from tests.contracts.voice_activity import SILENCE, NewTrack, VoiceActivityContract, judge
from tests.fakes import LoudnessActivity, babble, line_noise


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


def test_window_by_window_it_says_what_the_model_says_about_the_recording(
    model: SileroModel,
) -> None:
    sound = np.concatenate((line_noise(20), babble("aoieua") + line_noise(30), line_noise(20)))
    # The offline wrapper blanks the end of what it is given: judge one window more, leave it out.
    whole = SileroVADModel(str(model_path()))(np.concatenate((sound, line_noise(1)))).ravel()[:-1]

    live = judge(model.new_track(), sound)

    assert np.allclose(live, whole, atol=1e-5)


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


@pytest.mark.parametrize("content", [b"", b"<html>proxy login</html>"])
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
        self.empty_at: list[int] = []
        """The runs that began with an empty memory."""
        self._answers = iter(answers)
        self._failures = failures
        self._error = error

    def run(
        self, output_names: None, input_feed: dict[str, NDArray[np.float32]], /
    ) -> Sequence[NDArray[np.float32]]:
        self.runs += 1
        if self.runs <= self._failures:
            raise self._error("the runtime failed")
        assert input_feed["input"].shape == (1, 64 + WINDOW_SAMPLES)
        if not input_feed["h"].any() and not input_feed["c"].any():
            self.empty_at.append(self.runs)
        answer = np.array([next(self._answers, 0.01)], dtype=np.float32)
        return [answer, input_feed["h"] + 1, input_feed["c"] + 1]
