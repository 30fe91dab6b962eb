"""Pure: how far to trust what the model wrote, and what it wrote although nobody spoke.

Nothing is dropped for being repeated, rude or short: 「死ね死ね死ね」 is evidence, not a stutter of
the decoder. A sentence is dropped only when it is one that Whisper learnt from video subtitles
*and* another sign says that nobody spoke it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import numpy as np

from asr.types import MODEL_RATE_HZ, Doubt, RawTranscript, Samples, Transcript

SILENT_RMS: Final = 0.002
"""-54 dBFS in the loudest 100 ms; mu-law's own smallest step is at 0.00024."""

LOW_LOGPROB: Final = -1.0
LIKELY_NO_SPEECH: Final = 0.6
LITTLE_VOICE: Final = 0.3
FASTEST_CHARACTERS_A_SECOND: Final = 15.0
"""Synthesised sentences at 1.2 times their speed reach 8.9."""
REPEATS: Final = 4

PHANTOM_SENTENCES: Final = (
    "ご視聴ありがとうございました",
    "ご視聴いただきありがとうございました",
    "ご視聴いただきありがとうございます",
    "ご視聴ありがとうございます",
    "ご清聴ありがとうございました",
    "最後までご視聴いただきありがとうございました",
    "最後までご覧いただきありがとうございました",
    "ご覧いただきありがとうございました",
    "ご覧いただきありがとうございます",
    "チャンネル登録お願いします",
    "チャンネル登録をお願いします",
    "チャンネル登録よろしくお願いします",
    "チャンネル登録をよろしくお願いします",
    "チャンネル登録よろしくお願いいたします",
    "チャンネル登録高評価よろしくお願いします",
    "チャンネル登録と高評価をよろしくお願いします",
    "高評価とチャンネル登録をお願いします",
    "高評価よろしくお願いします",
    "次の動画でお会いしましょう",
    "また次の動画でお会いしましょう",
    "次回の動画でお会いしましょう",
    "それではまた次の動画で",
    "次回もお楽しみに",
    "字幕視聴ありがとうございました",
    "字幕作成者",
    "字幕",
    "提供はご覧のスポンサーでお送りしました",
    "この動画の字幕は視聴者によって作成されました",
    "おやすみなさい",
    "thankyouforwatching",
    "thanksforwatching",
)
"""Subtitles that nobody says to a city office; compared without spaces and punctuation."""

ORDINARY_SENTENCES: Final = (
    "ありがとうございました",
    "ありがとうございます",
    "失礼します",
    "失礼いたします",
    "お疲れ様でした",
)
"""Also written by the model over noise, but said in every second call: two signs are asked for."""

FILLERS: Final = ("あ", "ああ", "あん", "い", "う", "うん", "え", "お", "は", "はい", "ん", "2")
"""What is left of a murmur: all nine texts over 12 minutes of office ambience. Said by people too, who
are surer: the least sure of 160 real short and long sentences had -1.9."""

VERY_LOW_LOGPROB: Final = -1.9
UNCERTAIN_SPEECH: Final = 0.5

_AGAINST_SPEECH: Final = frozenset(
    {Doubt.LOW_PROBABILITY, Doubt.NO_SPEECH, Doubt.TOO_FAST, Doubt.LITTLE_VOICE}
)
_TRUST_BY_LOGPROB: Final = (
    (-3.0, 0.0),
    (-1.35, 0.32),
    (-1.1, 0.4),
    (-0.8, 0.5),
    (-0.6, 0.66),
    (-0.4, 0.79),
    (-0.2, 0.93),
    (0.0, 1.0),
)
"""Mean log probability of a token, and the share of characters that were then right: 160 sentences on a
simulated line, three times each."""
_TRUST_LEFT: Final = {
    Doubt.NO_SPEECH: 0.5,
    Doubt.PHANTOM_PHRASE: 0.5,
    Doubt.TOO_FAST: 0.6,
    Doubt.TRUNCATED: 0.6,
    Doubt.LITTLE_VOICE: 0.7,
}
"""Repetition alone costs nothing: people do repeat themselves when they shout."""
_LOOP_LETTERS: Final = 30
_TRUST_LEFT_IN_A_LOOP: Final = 0.5
"""「死ね」 five times is ten letters; a decoder in a loop over murmur is sure of itself and writes on."""

_NOT_A_LETTER: Final = re.compile(r"[\W_]+")
_REPEATED: Final = re.compile(rf"(.{{1,12}}?)\1{{{REPEATS - 1},}}")


def is_silence(samples: Samples) -> bool:
    """Say whether even the loudest 100 ms of *samples* are too quiet to be speech."""
    stride = MODEL_RATE_HZ // 10
    whole = samples.size // stride * stride
    if whole == 0:
        return not samples.size or float(np.sqrt(np.mean(np.square(samples)))) < SILENT_RMS
    loudest = float(np.max(np.mean(np.square(samples[:whole].reshape(-1, stride)), axis=1)))
    # Not `loudest < …`: broken samples (NaN) must not be mistaken for sound.
    return not loudest >= SILENT_RMS**2


def judge(
    raw: RawTranscript, *, duration_ms: int, voice_ratio: float, model_name: str
) -> Transcript:
    """Return *raw* with a confidence and doubts; without its text when nobody said it."""
    letters = letters_of(raw.text)
    text = raw.text.strip() if letters else ""
    doubts = _doubts(raw, letters, duration_ms, voice_ratio)
    against = sum(doubt in _AGAINST_SPEECH for doubt in doubts)
    phantom = _PHANTOM.fullmatch(letters) is not None
    ordinary = _ORDINARY.fullmatch(letters) is not None
    if phantom or (ordinary and against >= 2) or _is_murmur(raw, letters, voice_ratio):
        doubts.append(Doubt.PHANTOM_PHRASE)
        # A filler has its second sign already.
        if not phantom or against >= 1:
            text = ""
    return Transcript(
        text=text,
        confidence=_confidence(raw, letters, doubts) if text else 0.0,
        doubts=tuple(doubts),
        hypotheses=raw.hypotheses if text else (),
        model=model_name,
        avg_logprob=raw.avg_logprob,
        no_speech_probability=raw.no_speech_probability,
    )


def letters_of(text: str) -> str:
    """Return *text* without spaces and punctuation, in one width and case."""
    return _NOT_A_LETTER.sub("", unicodedata.normalize("NFKC", text)).lower()


def characters_a_second(text: str, duration_ms: int) -> float:
    return len(letters_of(text)) * 1_000 / max(duration_ms, 1)


def too_fast(text: str, duration_ms: int) -> bool:
    """Say whether nobody can have said *text* in that time; short calls (「はい」) never are."""
    # Padding ends a word up to 100 ms early, which matters only for the shortest.
    return characters_a_second(text, duration_ms + 200) > FASTEST_CHARACTERS_A_SECOND


def _doubts(raw: RawTranscript, letters: str, duration_ms: int, voice_ratio: float) -> list[Doubt]:
    if not letters:
        return []
    signs = {
        Doubt.LOW_PROBABILITY: raw.avg_logprob < LOW_LOGPROB,
        Doubt.NO_SPEECH: raw.no_speech_probability > LIKELY_NO_SPEECH,
        Doubt.REPETITIVE: _REPEATED.search(letters) is not None,
        Doubt.TOO_FAST: too_fast(letters, duration_ms),
        Doubt.LITTLE_VOICE: voice_ratio < LITTLE_VOICE,
        Doubt.TRUNCATED: raw.truncated,
    }
    return [doubt for doubt, seen in signs.items() if seen]


def _is_murmur(raw: RawTranscript, letters: str, voice_ratio: float) -> bool:
    """Say whether a filler was written of something that was hardly a voice: two signs beside the word."""
    return (
        letters in FILLERS
        and raw.avg_logprob < VERY_LOW_LOGPROB
        and (raw.no_speech_probability > UNCERTAIN_SPEECH or voice_ratio < LITTLE_VOICE)
    )


def _confidence(raw: RawTranscript, letters: str, doubts: list[Doubt]) -> float:
    logprobs, shares = zip(*_TRUST_BY_LOGPROB, strict=True)
    # A share of right characters, lowered by what the tokens cannot know.
    confidence = float(np.interp(raw.avg_logprob, logprobs, shares))
    for doubt in doubts:
        confidence *= _TRUST_LEFT.get(doubt, 1.0)
    repeated = _REPEATED.search(letters)
    if repeated is not None and len(repeated[0]) >= _LOOP_LETTERS:
        confidence *= _TRUST_LEFT_IN_A_LOOP
    return round(confidence, 3)


def _any_of(sentences: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(map(letters_of, sentences), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, longest_first))})+")


_PHANTOM: Final = _any_of(PHANTOM_SENTENCES)
_ORDINARY: Final = _any_of(ORDINARY_SENTENCES)
