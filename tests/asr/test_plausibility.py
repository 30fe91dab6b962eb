"""What is believed, what is doubted and what nobody said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.plausibility import PHANTOM_SENTENCES, is_silence, judge
from asr.types import MODEL_RATE_HZ, Doubt, RawTranscript, Transcript


def said(
    text: str,
    *,
    seconds: float = 3.0,
    logprob: float = -0.3,
    no_speech: float = 0.05,
    voice: float = 0.9,
    truncated: bool = False,
) -> Transcript:
    raw = RawTranscript(text, logprob, no_speech, token_count=8, truncated=truncated)
    return judge(raw, duration_ms=round(seconds * 1000), voice_ratio=voice, model_name="test")


@pytest.mark.parametrize(
    "text",
    [
        "死ね死ね死ね",
        "死ね、死ね、死ね、死ね、死ね!",
        "ふざけるなふざけるなふざけるなふざけるな",
        "バカバカバカバカバカ",
        "早くしろ早くしろ早くしろ早くしろ早くしろ",
        "殺すぞ",
        "はい",
        "窓口でお待ちいただき、ありがとうございました。",
    ],
)
@pytest.mark.parametrize("logprob", [-0.2, -1.4])
@pytest.mark.parametrize("no_speech", [0.1, 0.9])
def test_what_people_say_is_kept_however_unsure_the_model_was(
    text: str, logprob: float, no_speech: float
) -> None:
    words = said(text, logprob=logprob, no_speech=no_speech)

    assert words.text == text


def test_a_repeated_insult_is_marked_and_not_trusted_less() -> None:
    words = said("死ね死ね死ね死ね", seconds=2.0)

    assert words.doubts == (Doubt.REPETITIVE,)
    assert words.confidence == said("死ねと言われました", seconds=2.0).confidence


@pytest.mark.parametrize("phantom", PHANTOM_SENTENCES)
def test_a_phantom_sentence_without_a_voice_was_said_by_nobody(phantom: str) -> None:
    words = said(phantom, voice=0.1)

    assert words.text == ""
    assert words.confidence == 0.0
    assert Doubt.PHANTOM_PHRASE in words.doubts
    assert Doubt.LITTLE_VOICE in words.doubts


@pytest.mark.parametrize(
    "text",
    ["ご視聴ありがとうございました。", "ご視聴ありがとうございました チャンネル登録お願いします!"],
)
@pytest.mark.parametrize(
    "sign", [{"no_speech": 0.9}, {"logprob": -1.5}, {"voice": 0.1}, {"seconds": 0.3}]
)
def test_any_second_sign_is_enough_against_a_phantom_sentence(
    text: str, sign: dict[str, float]
) -> None:
    assert said(text, **sign).text == ""  # type: ignore[arg-type]


def test_a_phantom_sentence_that_was_clearly_spoken_is_kept_with_a_doubt() -> None:
    words = said("ご視聴ありがとうございました")

    assert words.text == "ご視聴ありがとうございました"
    assert words.doubts == (Doubt.PHANTOM_PHRASE,)
    assert words.confidence < said("ご説明ありがとうございました").confidence


def test_thanks_are_ordinary_in_an_office() -> None:
    clear = said("ありがとうございました。")
    mumbled = said("ありがとうございました。", logprob=-1.5)

    assert clear.doubts == ()
    assert mumbled.text == "ありがとうございました。"


def test_thanks_that_two_signs_speak_against_were_said_by_nobody() -> None:
    words = said("ありがとうございました。", no_speech=0.9, voice=0.05)

    assert words.text == ""


def test_a_phantom_inside_a_real_sentence_is_no_phantom() -> None:
    words = said("字幕が読めないと母が言っています", voice=0.2)

    assert words.text == "字幕が読めないと母が言っています"


def test_more_than_anybody_can_say_is_doubted_and_kept() -> None:
    words = said("何をやっているのか説明してください" * 3, seconds=1.0)

    assert Doubt.TOO_FAST in words.doubts
    assert words.text


@pytest.mark.parametrize("text", ["はい。", "いいえ、違います。", "バカ野郎"])
def test_short_words_are_never_too_fast(text: str) -> None:
    assert Doubt.TOO_FAST not in said(text, seconds=0.6).doubts


def test_each_sign_against_a_sentence_lowers_its_confidence() -> None:
    sure = said("窓口で待っています").confidence
    doubted = [
        said("窓口で待っています", logprob=-1.2).confidence,
        said("窓口で待っています", no_speech=0.8).confidence,
        said("窓口で待っています", voice=0.1).confidence,
        said("窓口で待っています", truncated=True).confidence,
    ]

    assert all(confidence < sure for confidence in doubted)


@pytest.mark.parametrize(
    ("text", "seconds"), [("はい", 0.7), ("あ。", 6.5), ("ん", 1.3), ("うん", 0.6)]
)
@pytest.mark.parametrize("sign", [{"no_speech": 0.7}, {"voice": 0.2}])
def test_a_filler_that_was_hardly_a_voice_was_said_by_nobody(
    text: str, seconds: float, sign: dict[str, float]
) -> None:
    words = said(text, seconds=seconds, logprob=-2.4, **sign)  # type: ignore[arg-type]

    assert words.text == ""
    assert Doubt.PHANTOM_PHRASE in words.doubts


@pytest.mark.parametrize(
    "signs",
    [{"logprob": -1.8, "no_speech": 0.9}, {"logprob": -2.4}, {"no_speech": 0.9, "voice": 0.1}],
)
def test_one_sign_alone_takes_no_answer_away(signs: dict[str, float]) -> None:
    assert said("はい", seconds=0.6, **signs).text == "はい"  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["死ね", "しね", "市ね", "殺す", "黙れ", "いや"])
def test_a_short_word_that_is_no_filler_is_kept_whatever_speaks_against_it(text: str) -> None:
    words = said(text, seconds=0.6, logprob=-3.0, no_speech=0.95, voice=0.1)

    assert words.text == text


def test_a_decoder_in_a_loop_is_trusted_less_than_its_tokens_are() -> None:
    looping = said("私が" + "いろ" * 20, seconds=7.7)

    assert looping.text
    assert looping.confidence < said("私が電話しました", seconds=7.7).confidence


@given(lower=st.floats(-4, 0), higher=st.floats(-4, 0))
def test_surer_words_are_never_trusted_less(lower: float, higher: float) -> None:
    lower, higher = sorted((lower, higher))

    assert (
        said("窓口で待っています", logprob=lower).confidence
        <= said("窓口で待っています", logprob=higher).confidence
    )


@pytest.mark.parametrize("text", ["", "  ", "。", "…", "!?"])
def test_nothing_but_punctuation_is_nothing(text: str) -> None:
    words = said(text)

    assert (words.text, words.confidence, words.doubts) == ("", 0.0, ())


@given(
    text=st.text(max_size=60),
    logprob=st.floats(-20, 0.5),
    no_speech=st.floats(0, 1),
    voice=st.floats(0, 1),
    duration_ms=st.integers(0, 30_000),
)
def test_confidence_stays_between_nothing_and_certainty(
    text: str, logprob: float, no_speech: float, voice: float, duration_ms: int
) -> None:
    raw = RawTranscript(text, logprob, no_speech, token_count=3)

    words = judge(raw, duration_ms=duration_ms, voice_ratio=voice, model_name="test")

    assert 0.0 <= words.confidence <= 1.0
    assert words.text in (text.strip(), "")


def test_the_hiss_of_a_line_is_silence_and_a_whispered_word_is_not() -> None:
    hiss = np.random.default_rng(1).normal(0, 0.0005, MODEL_RATE_HZ).astype(np.float32)
    whisper = hiss.copy()
    whisper[8_000:9_600] += np.random.default_rng(2).normal(0, 0.01, 1_600).astype(np.float32)

    assert is_silence(hiss)
    assert not is_silence(whisper)


@pytest.mark.parametrize("count", [0, 1, 1_599, 1_600])
def test_however_short_nothing_is_silence(count: int) -> None:
    assert is_silence(np.zeros(count, dtype=np.float32))
