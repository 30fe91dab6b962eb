"""Adapter: the words of a sentence, with all that the dictionary knows of their kind (SudachiPy)."""

from __future__ import annotations

import threading
from typing import Final, NamedTuple

from sudachipy import SplitMode, Tokenizer

from detection.sudachi import shared_dictionary

LONGEST_CHARACTERS: Final = 8_000
"""SudachiPy takes 49,149 bytes at once; longer texts are cut at a place where no word can be."""


class Word(NamedTuple):
    start: int
    end: int
    surface: str
    kind: tuple[str, ...]
    """Part of speech, as UniDic names it: 名詞, 固有名詞, 人名, 姓."""
    unknown: bool


class _Own(threading.local):
    """A tokenizer is for one thread; the dictionary behind it is for all."""

    tokenizer: Tokenizer | None = None


_own: Final = _Own()


def words_of(text: str) -> list[Word]:
    """Return the words of *text* in long units, so that 江別市高砂町 is one."""
    if _own.tokenizer is None:
        _own.tokenizer = shared_dictionary().tokenizer(SplitMode.C, fields={"surface", "pos"})
    found: list[Word] = []
    for begins in range(0, len(text), LONGEST_CHARACTERS):
        found.extend(
            Word(
                begins + m.begin(),
                begins + m.end(),
                m.surface(),
                tuple(m.part_of_speech()[:4]),
                m.is_oov(),
            )
            for m in _own.tokenizer.tokenize(text[begins : begins + LONGEST_CHARACTERS])
        )
    return found
