"""Pure: the pieces by which the inverted index finds calls: letters and pairs of letters, of words and of readings.

It finds every call that could match, and a few more; ``app.search.matching`` decides. So both databases give
the same results, whatever their own ideas of a word are: they see only pieces like ``w5e02``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from app.privacy.sight import MASK
from app.search.sounding import LENGTHS, PAUSE, WORD

_WORD_BREAKS = re.compile(f"[{MASK}\n]")
_READING_BREAKS = re.compile(f"[{PAUSE}\n]")
_NO_MORAE = str.maketrans("", "", WORD + LENGTHS)


def pieces_of_words(lines: str) -> set[str]:
    """Return the pieces of folded *lines*: every letter and every pair."""
    return _pieces("w", _WORD_BREAKS.split(lines), single=True)


def pieces_of_readings(lines: str) -> set[str]:
    """Return the pieces of sounding *lines*: every pair of kana, words run together."""
    return _pieces("r", _READING_BREAKS.split(lines.translate(_NO_MORAE)), single=False)


def wanted_pieces(kind: str, text: str) -> tuple[str, ...]:
    """Return what a call must hold so that *text* (folded, or kana) can stand in it. *kind*: ``w`` or ``r``."""
    if len(text) == 1:
        return (_piece(kind, text),)
    return tuple(dict.fromkeys(_piece(kind, text[at : at + 2]) for at in range(len(text) - 1)))


def _pieces(kind: str, runs: Iterable[str], *, single: bool) -> set[str]:
    found = set[str]()
    for run in runs:
        found.update(map("".join, pairwise(run)))
        if single:
            found.update(run)
    return {_piece(kind, one) for one in found}


@lru_cache(maxsize=65_536)
def _piece(kind: str, text: str) -> str:
    return kind + text.encode("utf-16-be").hex()
