"""Pure: how words sound, for searching: what a recogniser wrote 同げざして is found by 土下座.

Lengths and doubled consonants make no difference in a sound of three morae or more (ドゲザ = ドーゲザ); a shorter
one must be as long, and end where a word ends: 金 must not be found in かねて, nor 鬱蒼 in 嘘. Every sound begins
where a word begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.privacy.sight import MASK
from detection.phonetic import morae
from detection.ports import Token
from detection.types import Span

WORD: Final = "|"
"""Stands before the morae of each word."""
PAUSE: Final = "/"
"""Stands where a sentence ends, or something is covered; no reading reaches across."""
_STOPS: Final = "。.!?！？\n"
_UNHEARD: Final = frozenset(("補助記号", "空白"))
LENGTHS: Final = "ーッ"
_SMALL: Final = "ァィゥェォャュョヮ"
_FEWEST_MORAE: Final = 2
_LOOSE_MORAE: Final = 3
"""From so many on, lengths and the ends of words make no difference."""
_LENGTHS_AT_MOST: Final = 2
"""With which a word may begin before its first mora (ッテ)."""
_NEXT: Final = f"{re.escape(WORD)}?"
_NEXT_LOOSELY: Final = rf"[{LENGTHS}]*{re.escape(WORD)}?[{LENGTHS}]*"
_WORD_ENDS: Final = rf"(?=[{re.escape(WORD + PAUSE)}\n]|\Z)"


@dataclass(frozen=True, slots=True)
class Sounding:
    """``spans[i]`` is the word in what was written that ``text[i]`` belongs to."""

    text: str
    spans: tuple[Span, ...]

    def places_of(self, wanted: re.Pattern[str]) -> list[Span]:
        return [
            Span(self.spans[found.start()].start, self.spans[found.end() - 1].end)
            for found in wanted.finditer(self.text)
        ]


def sounding(words: Iterable[Token]) -> Sounding:
    """Return how *words* sound one after the other."""
    letters, spans = list[str](), list[Span]()
    for word in words:
        made = _sound_of(word.surface, word.reading, word.part_of_speech)
        letters.extend(made)
        if made:
            span = Span(word.start, word.end)
            spans.extend(span for _ in made)
    return Sounding("".join(letters), tuple(spans))


@dataclass(frozen=True, slots=True)
class Reading:
    """The sound of what is searched."""

    letters: str
    """Its kana, without lengths."""
    pattern: re.Pattern[str]
    """Finds it in the text of a ``Sounding``."""


def reading_of(words: Iterable[Token]) -> Reading | None:
    """Return how *words* are searched by their sound; None where that is too short to mean anything."""
    heard = [
        mora
        for word in words
        if word.part_of_speech not in _UNHEARD
        for mora in morae(word.reading)
    ]
    kept = [mora for mora in heard if mora not in LENGTHS]
    if len(kept) < _FEWEST_MORAE:
        return None
    loosely = len(kept) >= _LOOSE_MORAE
    first, *rest = map(re.escape, kept if loosely else heard)
    ends = f"(?![{_SMALL}])" if loosely else _WORD_ENDS
    found = (_NEXT_LOOSELY if loosely else _NEXT).join([_beginning(first), *rest]) + ends
    return Reading("".join(kept), re.compile(found))


def _beginning(mora: str) -> str:
    """Return what finds *mora* where a word begins.

    The mora stands first and what is before it is looked at afterwards: three times as fast as trying every
    word, and this is what a search of a million utterances waits for.
    """
    before = "|".join(
        f"(?<={re.escape(WORD)}{f'[{LENGTHS}]' * lengths}{mora})"
        for lengths in range(_LENGTHS_AT_MOST + 1)
    )
    return f"{mora}(?:{before})"


@lru_cache(maxsize=16_384)
def _sound_of(surface: str, reading: str, part_of_speech: str) -> str:
    if MASK in surface:
        return PAUSE
    if part_of_speech in _UNHEARD:
        return PAUSE if any(mark in surface for mark in _STOPS) else ""
    heard = "".join(morae(reading))
    return WORD + heard if heard else ""
