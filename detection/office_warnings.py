"""Glue: knows the office's own warning sentences again when the operator says them in other words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from detection.likeness import meant_alike
from detection.ports import SentenceVectors
from detection.sentence_point import packed

NEAR_ENOUGH: Final = 0.6
"""Of the corpus' operator sentences that are no warning 2 are as near as this, and both announce an end."""

_SENTENCE: Final = re.compile(r"[^。]+。?")
_CONDUCT: Final = re.compile(
    r"ハラスメント|カスハラ|迷惑行為|脅|侮辱|暴言|差別|妨害|不当な要求|繰り返し"
)
_CONSEQUENCE: Final = re.compile(
    r"終了|終わ|終え|切(?:ら|り|る)|打ち切|中止|お断り|承れ|応じ|通報|警察|できません"
)
_CONDITION: Final = re.compile(
    r"場合|なら|よう(?:で|な)|続|これ以上|このまま|次|なければ|ますと|ことが"
)
_ASKS_OR_ADVISES: Final = re.compile(r"(?:ください|ませんか|でしょうか|ですか|ましたか)[。??]?$")


class OfficeWarnings:
    """The warnings that the office wrote for its operators, as points."""

    def __init__(self, vectors: SentenceVectors, sentences: Iterable[str]) -> None:
        """Keep *sentences*, each a whole script; a sentence of it is known by itself too."""
        self._vectors = vectors
        parts = (part for text in sentences for part in {text, *_SENTENCE.findall(text)})
        self._points = tuple(packed(vectors.vector(p)) for p in parts if _names_something(p))

    def __call__(self, said: str) -> bool:
        """Say whether *said* warns: near one of the sentences, and naming the conduct or what follows it."""
        if not _names_something(said) or _ASKS_OR_ADVISES.search(said):
            return False
        point = packed(self._vectors.vector(said))
        return any(meant_alike(point, known) >= NEAR_ENOUGH for known in self._points)


def _names_something(text: str) -> bool:
    if _CONDUCT.search(text):
        return True
    return bool(_CONSEQUENCE.search(text) and _CONDITION.search(text))
