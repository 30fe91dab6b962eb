"""Pure: what the caller's own words do in the conversation: complain, demand, miss, need help, calm down.

A demand also says *which* demand, in words of normal spelling, so that it is known again when it comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from detection.lexicon import CueEntry
from detection.ports import Token
from detection.text import NormalText
from detection.types import Cue

_SENTENCE_ENDS: Final = "。?"
_CONTENT: Final = frozenset({"名詞", "動詞", "形容詞", "形状詞"})
_SAYS_LITTLE: Final = frozenset(
    [
        "為る",
        "言う",
        "下さる",
        "呉れる",
        "貰う",
        "頂く",
        "居る",
        "有る",
        "成る",
        "来る",
        "行く",
        "出来る",
        "思う",
        "事",
        "物",
        "訳",
        "方",
        "人",
        "今",
        "今すぐ",
        "何度",
        "何回",
        "話",
        "済む",
        "見る",
        "遣る",
    ]
)
_FEW_WORDS: Final = 2
"""A demand with fewer telling words (「すぐ取りに来い」) leans on the sentence before it."""


def caller_cues(
    text: NormalText, tokens: Sequence[Token], entries: Iterable[CueEntry]
) -> tuple[tuple[Cue, ...], str]:
    """Return what a caller's utterance does, each kind once, and the words of its demand."""
    cues: dict[Cue, None] = {}
    demands: list[tuple[int, int]] = []
    for entry in entries:
        if entry.cue is Cue.DEMAND:
            demands += [found.span() for found in entry.pattern.finditer(text.normal)]
        elif entry.cue not in cues and entry.pattern.search(text.normal):
            cues[entry.cue] = None
    if demands:
        cues[Cue.DEMAND] = None
        # 「わかりました。でも枝は切ってください」 has not given up the demand.
        cues.pop(Cue.CALMED, None)
    return tuple(cues), _demand(text, tokens, sorted(demands))


def content_of(tokens: Sequence[Token]) -> str:
    """Return the words of an utterance that say what it is about, in normal form."""
    return " ".join(token.normal for token in tokens if token.part_of_speech in _CONTENT)


def _demand(text: NormalText, tokens: Sequence[Token], demands: list[tuple[int, int]]) -> str:
    words: dict[str, None] = {}
    for start, end in demands:
        sentence = _sentence(text.normal, start, end)
        said = _content(text, tokens, sentence)
        if len([w for w in said if w not in _SAYS_LITTLE]) < _FEW_WORDS and sentence[0] > 0:
            before = _sentence(text.normal, sentence[0] - 1, sentence[0] - 1)
            said = _content(text, tokens, before) + said
        words |= dict.fromkeys(said)
    return " ".join(words)


def _sentence(normal: str, start: int, end: int) -> tuple[int, int]:
    """Return the sentence around a range; the mark that closes it is not part of it."""
    first = max(normal.rfind(mark, 0, start) for mark in _SENTENCE_ENDS) + 1
    closing = [at for mark in _SENTENCE_ENDS if (at := normal.find(mark, end)) >= 0]
    return first, min(closing, default=len(normal))


def _content(text: NormalText, tokens: Sequence[Token], sentence: tuple[int, int]) -> list[str]:
    span = text.locate(*sentence)
    return [
        token.normal
        for token in tokens
        if token.part_of_speech in _CONTENT and span.start <= token.start < span.end
    ]
