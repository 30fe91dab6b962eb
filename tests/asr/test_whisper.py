"""The real model: what it does with silence, tones, broken and endless sound."""

from __future__ import annotations

from pathlib import Path

import ctranslate2
import numpy as np
import pytest

from asr.errors import DeviceUnusable, ModelCorrupt, ModelNotFound
from asr.model_files import find_model
from asr.plausibility import judge
from asr.pool import PoolConfig, RecogniserPool
from asr.recogniser_process import process_recogniser, recogniser_command
from asr.search import search_for
from asr.types import MODEL_RATE_HZ, Cut, Effort, Rank, Samples, SpeechSegment, Urgency
from asr.whisper import WhisperConfig, WhisperModel, in_one_length, other_readings
from asr.windowing import token_bound
from tests.fakes import babble


def tone(seconds: float, *, pitch_hz: float = 440.0) -> Samples:
    at = np.arange(round(seconds * MODEL_RATE_HZ)) / MODEL_RATE_HZ
    return (0.2 * np.sin(2 * np.pi * pitch_hz * at)).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * MODEL_RATE_HZ), dtype=np.float32)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return find_model("offline", tmp_path_factory.mktemp("models")).path


@pytest.fixture(scope="module")
def model(directory: Path) -> WhisperModel:
    return WhisperModel(directory, name="whisper-base")


@pytest.mark.model
def test_a_segment_says_the_same_alone_and_among_others(model: WhisperModel) -> None:
    voice = babble("aoieuaoieuaoie")

    (alone,) = model.decode([voice])
    among = model.decode([silence(1), voice, tone(2)])

    assert len(among) == 3
    assert abs(among[1].avg_logprob - alone.avg_logprob) < 0.5
    assert among[1].token_count > 0


@pytest.mark.model
@pytest.mark.parametrize("count", [0, 1, 160, 400, 1_599, 1_600])
def test_hardly_any_sound_is_safe(model: WhisperModel, count: int) -> None:
    (heard,) = model.decode([np.full(count, 0.1, dtype=np.float32)])

    assert 0.0 <= heard.no_speech_probability <= 1.0


@pytest.mark.model
def test_no_sound_at_all_is_no_speech(model: WhisperModel) -> None:
    (heard,) = model.decode([silence(0)])

    assert (heard.text, heard.no_speech_probability) == ("", 1.0)


@pytest.mark.model
def test_nothing_to_decode_is_nothing(model: WhisperModel) -> None:
    assert model.decode([]) == []


@pytest.mark.model
@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e30])
def test_broken_sound_is_safe(model: WhisperModel, broken: float) -> None:
    samples = tone(1)
    samples[::100] = broken

    (heard,) = model.decode([samples])

    assert np.isfinite(heard.avg_logprob)


@pytest.mark.model
def test_more_than_thirty_seconds_are_marked_as_cut(model: WhisperModel) -> None:
    whole, cut = model.decode([tone(30), tone(31)])

    assert cut.truncated
    assert cut.token_count == whole.token_count


@pytest.mark.model
def test_what_the_model_writes_over_a_tone_is_not_believed(model: WhisperModel) -> None:
    (heard,) = model.decode([tone(3)])

    words = judge(heard, duration_ms=3_000, voice_ratio=0.0, model_name=model.name)

    assert words.confidence < 0.5


@pytest.mark.model
def test_a_beam_returns_other_readings_without_the_best(directory: Path) -> None:
    model = WhisperModel(directory, name="whisper-base", config=WhisperConfig(beam_size=4))

    (heard,) = model.decode([babble("aoieuaoieuaoie")])

    assert 1 <= len(heard.hypotheses) <= 3
    assert heard.text not in heard.hypotheses


@pytest.mark.model
async def test_the_real_pool_answers_a_voice_and_says_which_model_it_was(directory: Path) -> None:
    opens = process_recogniser(recogniser_command(directory, "whisper-base"))
    voice = babble("aoieuaoieuaoie")
    segment = SpeechSegment(0, voice.size // 16, voice, voice_ratio=1.0, cut=Cut.PAUSE)

    async with RecogniserPool(PoolConfig(open_recogniser=opens, processes=1)) as pool:
        await pool.wait_ready()
        words = await pool.transcribe(segment, urgency=Urgency("c.caller", Rank.CALLER))

    assert words.text
    assert words.model == "whisper-base"


async def test_the_real_recogniser_says_what_it_lacks(tmp_path: Path) -> None:
    opens = process_recogniser(recogniser_command(tmp_path, "nothing"))

    async with RecogniserPool(PoolConfig(open_recogniser=opens, processes=1)) as pool:
        with pytest.raises(Exception, match="holds no vocabulary"):
            await pool.wait_ready()


def test_a_directory_without_a_vocabulary_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="MIMAMORI_ASR__MODEL"):
        WhisperModel(tmp_path, name="nothing")


def test_a_directory_with_a_broken_model_says_so(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.txt").write_text("a\n", encoding="utf-8")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "model.bin").write_bytes(b"not a model")

    with pytest.raises(ModelCorrupt, match="cannot be loaded"):
        WhisperModel(tmp_path, name="broken")


@pytest.mark.model
@pytest.mark.skipif(ctranslate2.get_cuda_device_count() > 0, reason="this machine has a card")
def test_without_a_card_the_start_says_what_to_check(directory: Path) -> None:
    with pytest.raises(DeviceUnusable, match=r"libcublas.*MIMAMORI_ASR__DEVICE to cpu"):
        WhisperModel(directory, name="m", config=WhisperConfig(device="cuda"))


@pytest.mark.model
@pytest.mark.skipif(
    "float16" in ctranslate2.get_supported_compute_types("cpu"), reason="this processor has it"
)
def test_a_precision_that_the_processor_lacks_names_its_setting(directory: Path) -> None:
    with pytest.raises(DeviceUnusable, match="MIMAMORI_ASR__COMPUTE_TYPE to auto"):
        WhisperModel(directory, name="m", config=WhisperConfig(compute_type="float16"))


def test_a_beam_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="beam_size"):
        WhisperConfig(beam_size=0)


@pytest.mark.model
def test_a_quick_decode_has_one_reading_whatever_the_settings_allow(directory: Path) -> None:
    model = WhisperModel(directory, name="whisper-base", config=WhisperConfig(beam_size=4))
    voice = babble("aoieuaoieuaoie")

    (quick,) = model.decode([voice], Effort.QUICK)
    (thorough,) = model.decode([voice], Effort.THOROUGH)

    assert quick.hypotheses == ()
    assert thorough.hypotheses


@pytest.mark.model
@pytest.mark.parametrize("effort", list(Effort))
def test_a_sentence_is_never_longer_than_its_sound_allows(
    model: WhisperModel, effort: Effort
) -> None:
    voice = np.tile(babble("aoieuaoieuaoie"), 3)[: 4 * MODEL_RATE_HZ]

    (heard,) = model.decode([voice], effort)

    assert heard.token_count <= token_bound(voice.size, search_for(effort, 1).limits)


@pytest.mark.model
def test_the_probability_of_a_sentence_is_a_mean_of_its_tokens(model: WhisperModel) -> None:
    short, long = babble("aoie"), babble("aoieuaoieuaoieuaoieuaoie")

    heard = model.decode([short, long])

    assert all(-3.0 < transcript.avg_logprob < 0.0 for transcript in heard)


@pytest.mark.model
def test_leaving_other_languages_out_changes_no_word(directory: Path, model: WhisperModel) -> None:
    whole = WhisperModel(directory, name="whisper-base", config=WhisperConfig(japanese_only=False))
    voices = [babble("aoieuaoieuaoie"), babble("iiaaueo", pitch_hz=230), babble("oaoaoa")]

    of_whole = [heard.text for heard in whole.decode(voices)]
    of_trimmed = [heard.text for heard in model.decode(voices)]

    assert any(of_whole)
    assert of_trimmed == of_whole


def test_other_readings_differ_in_a_letter() -> None:
    readings = other_readings("死ね。", ["死ね", "しね", "しね!", "市ね", "", "シネ", "酢ね"])

    assert readings == ("しね", "市ね", "シネ")


def test_what_is_shorter_is_made_longer_by_its_own_last_row() -> None:
    short = np.array([[[1.0, 2.0], [3.0, 4.0]]], dtype=np.float32)
    long = np.zeros((1, 4, 2), dtype=np.float32)

    together = in_one_length([short, long])

    assert together.shape == (2, 4, 2)
    assert together[0].tolist() == [[1, 2], [3, 4], [3, 4], [3, 4]]
    assert not together[1].any()
