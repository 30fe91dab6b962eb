"""Pure: how alike two statements are, by their words and by their meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from detection.sentence_point import SentencePoint

MOST_WORDS: Final = 48

_WORDS_WEIGH: Final = 0.6
_MEANING_WEIGHS: Final = 1.05
_FEW_WORDS: Final = 2
_FEW_WEIGH: Final = 0.75
"""One common word of one says less than two of two."""
_LIKE_WORD: Final = 0.75
"""Two words of three letters or more count as one from here: the recogniser's slips."""
_EMPTY: Final = """
する 為る 言う 下さい 下さる くださる 呉れる くれる 願う お願い 御願い 欲しい ほしい 貰う もらう 頂く
成る なる 居る いる 有る ある 無い ない 遣る やる 致す 思う 分かる 出来る できる 良い いい 早い 駄目
何 もう 今 直ぐ すぐ 兎に角 とにかく だから そう 此れ これ 其れ それ 事 こと 物 もの 方 人 私 俺 為 訳
何度 何回 同じ 絶対 ちゃんと 話
"""
_EMPTY_WORDS: Final = frozenset(_EMPTY.split())
"""Words that any demand may hold; alone they say nothing about *which* demand."""


@dataclass(frozen=True, slots=True)
class Said:
    """A statement as it is compared: its telling words, and what it means."""

    words: frozenset[str] = frozenset()
    meaning: SentencePoint | None = None


NOTHING_SAID: Final = Said()


def said_alike(one: Said, other: Said) -> float:
    """Return how surely two statements say the same, 0..1; by words alone where a vector is missing."""
    words = worded_alike(one.words, other.words)
    if one.meaning is None or other.meaning is None:
        return words
    mine, theirs = one.meaning.packed(), other.meaning.packed()
    if not mine or not theirs:
        return words
    if min(len(one.words), len(other.words)) < _FEW_WORDS:
        words *= _FEW_WEIGH
    alike = _WORDS_WEIGH * words + _MEANING_WEIGHS * meant_alike(mine, theirs)
    return min(1.0, max(0.0, alike))


def content_words(demand: str) -> frozenset[str]:
    """Return the words of *demand* that say which demand it is."""
    return frozenset(word for word in demand.split()[:MOST_WORDS] if word not in _EMPTY_WORDS)


def meant_alike(one: bytes, other: bytes) -> float:
    """Return the cosine of two packed vectors, -1..1; 0 where one is missing."""
    if not one or len(one) != len(other):
        return 0.0
    left = np.frombuffer(one, dtype=np.int8).astype(np.float32)
    right = np.frombuffer(other, dtype=np.int8).astype(np.float32)
    lengths = float(np.sqrt(left @ left) * np.sqrt(right @ right))
    return float(left @ right) / lengths if lengths else 0.0


def worded_alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Return which share of the shorter statement's words both hold, 0..1."""
    if not one or not other:
        return 0.0
    shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
    return known_of(shorter, longer) / len(shorter)


def known_of(words: frozenset[str], known: frozenset[str]) -> int:
    """Return how many of *words* are among those *known*, slips of the recogniser forgiven."""
    return sum(any(_alike(word, candidate) for candidate in known) for word in words)


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < 3:
        return False
    return bool(Levenshtein.normalized_similarity(one, other) >= _LIKE_WORD)
