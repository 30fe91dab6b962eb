"""Pure: one form for what was said and for what is searched: width, case and blanks make no difference."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.privacy.sight import MASK
from detection.types import Span

_VOICE_MARKS: Final = frozenset("ﾞﾟ")
_SILENT: Final = frozenset("PZSCM")
"""First letters of the Unicode categories that nobody hears: punctuation, blanks, symbols, control, marks."""


@dataclass(frozen=True, slots=True)
class Folded:
    """``spans[i]`` is where ``text[i]`` stands in what was written."""

    text: str
    spans: tuple[Span, ...]

    def places_of(self, wanted: str) -> list[Span]:
        """Return where *wanted* (folded, not empty) stands in what was written, without overlaps."""
        found, at = list[Span](), self.text.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            found.append(Span(self.spans[at].start, self.spans[end - 1].end))
            at = self.text.find(wanted, end)
        return found


def folded(written: str) -> Folded:
    """Fold *written*; what is covered stays a cover, which nothing that is searched can match."""
    letters, spans, at = list[str](), list[Span](), 0
    while at < len(written):
        end = at + 1
        while end < len(written) and (
            unicodedata.combining(written[end]) or written[end] in _VOICE_MARKS
        ):
            end += 1
        made = _folded_letter(written[at:end])
        if made == "." and not _between_digits(written, at):
            made = ""
        letters.extend(made)
        spans.extend(Span(at, end) for _ in made)
        at = end
    return Folded("".join(letters), tuple(spans))


@lru_cache(maxsize=16_384)
def _folded_letter(letter: str) -> str:
    if letter == MASK:
        return MASK
    # Twice: case folding can leave what NFKC then brings together.
    made = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", letter).casefold())
    if made == ".":
        return made
    return "".join(
        char for char in made if unicodedata.category(char)[0] not in _SILENT and char != MASK
    )


def _between_digits(written: str, at: int) -> bool:
    return 0 < at < len(written) - 1 and written[at - 1].isdigit() and written[at + 1].isdigit()
