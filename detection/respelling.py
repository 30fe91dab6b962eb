"""Pure: read what a recogniser habitually writes for a word as the word that was said.

「あやまれ」 is 謝れ, and 「お前をさせてやる」 can only have been 刺してやる. Each pair is an expression on the normal
text with enough of its neighbours that ordinary words stay what they are; what is put in stands for the very
characters it replaces, so that a quotation always shows what was really written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from detection.text import NormalText
from detection.types import Span


@dataclass(frozen=True, slots=True)
class Respelling:
    """Words as they are often written by mistake, and the word that was said."""

    id: str
    pattern: re.Pattern[str]
    said: str
    sure: bool
    """Only another spelling of the same sound (あやまれ); otherwise a guess from the neighbours."""


@dataclass(frozen=True, slots=True)
class Respelt:
    """A text with its mistaken words put right, and where that took a guess."""

    text: NormalText
    guessed: tuple[tuple[int, int], ...]

    def is_guess(self, start: int, end: int) -> bool:
        """Whether ``text.normal[start:end]`` rests on a guess."""
        return any(a < end and start < b for a, b in self.guessed)


def respell(text: NormalText, respellings: Iterable[Respelling]) -> Respelt:
    """Return *text* with every respelling made, one after the other."""
    normal, spans = text.normal, text.spans
    guessed: list[tuple[int, int]] = []
    for respelling in respellings:
        found = _first(respelling.pattern, normal, 0)
        while found:
            start, end = found.span()
            whole = Span(spans[start].start, spans[end - 1].end)
            said = respelling.said
            grown = len(said) - (end - start)
            guessed = [(a + grown, b + grown) if a >= end else (a, b) for a, b in guessed]
            if not respelling.sure:
                guessed.append((start, start + len(said)))
            normal = f"{normal[:start]}{said}{normal[end:]}"
            spans = (*spans[:start], *(whole for _ in said), *spans[end:])
            found = _first(respelling.pattern, normal, start + len(said))
    return Respelt(NormalText(text.original, normal, spans), tuple(guessed))


def _first(pattern: re.Pattern[str], normal: str, start: int) -> re.Match[str] | None:
    """Return the first match from *start* that holds a letter: what is put in between two would have no end."""
    return next((found for found in pattern.finditer(normal, start) if found.group()), None)
