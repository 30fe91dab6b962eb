"""Adapter: Japanese words and their readings from SudachiPy with the core dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sudachipy import Dictionary, SplitMode

from detection.ports import Token
from detection.text import encodable

LONGEST_CHARACTERS = 8_000
"""SudachiPy takes 49,149 bytes at once. Nobody says so much in one breath; a file may hold it."""
_WORD_FIELDS = {"surface", "pos", "normalized_form", "reading_form"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the dictionary knows it."""

    start: int
    end: int
    surface: str
    normal: str
    reading: str
    part_of_speech: str


class SudachiReadings:
    """Reads Japanese with one dictionary, opened when this is made (25-100 ms, 90 MB mapped).

    Long units (mode C): 住民票 stays one word, which makes two wordings of one demand alike, and leaves
    fewer word starts at which a reading could ring by chance.
    """

    def __init__(self) -> None:
        self._tokenizer = shared_dictionary().tokenizer(SplitMode.C, fields=_WORD_FIELDS)

    def tokens(self, text: str) -> tuple[Token, ...]:
        written = encodable(text)
        return tuple(
            Word(
                start=begins + m.begin(),
                end=begins + m.end(),
                surface=m.surface(),
                normal=m.normalized_form(),
                reading=m.reading_form(),
                part_of_speech=m.part_of_speech()[0],
            )
            for begins in range(0, len(written), LONGEST_CHARACTERS)
            for m in self._tokenizer.tokenize(written[begins : begins + LONGEST_CHARACTERS])
        )


@cache
def shared_dictionary() -> Dictionary:
    """Return the dictionary of this process; a tokenizer of it is for one thread."""
    return Dictionary(dict="core")


@cache
def shared_readings() -> SudachiReadings:
    """Return the readings of this process: each would hold the dictionary (100 MB) for itself."""
    return SudachiReadings()
