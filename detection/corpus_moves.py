"""Adapter: what utterances *do* in a call, from ``detection/corpus/moves`` (docs/corpus.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Final

from detection.corpus_files import STYLES
from detection.errors import CorpusInvalid
from detection.types import Cue, Speaker

_COLUMNS: Final = 4
_PAIR: Final = "pair"
_PAIR_COLUMNS: Final = 5


@dataclass(frozen=True, slots=True)
class CorpusMove:
    """One utterance of either side with all that it does."""

    speaker: Speaker
    template: str
    style: str
    cues: tuple[Cue, ...]
    text: str


@dataclass(frozen=True, slots=True)
class CorpusPair:
    """Two statements of a caller in one call: one demand, or two."""

    template: str
    same: bool
    first: str
    second: str


def read_moves() -> tuple[CorpusMove, ...]:
    """Return every utterance of both sides.

    Raises:
        CorpusInvalid: a line breaks the rules.
    """
    return tuple(move for speaker in Speaker for move in moves_in(speaker, _written(speaker)))


def read_pairs() -> tuple[CorpusPair, ...]:
    """Return the pairs of statements.

    Raises:
        CorpusInvalid: a line breaks the rules.
    """
    return tuple(pairs_in(_written(Speaker.CALLER)))


def moves_in(speaker: Speaker, written: Iterable[str]) -> Iterator[CorpusMove]:
    """Yield the moves that the rows of *written* hold; pairs are passed over."""
    for number, columns in _rows(written):
        if len(columns) > 1 and columns[1] == _PAIR:
            continue
        where = f"moves/{speaker.value}.tsv, line {number}"
        if len(columns) != _COLUMNS:
            raise CorpusInvalid(f"{where}: {_COLUMNS} columns are wanted, there are {len(columns)}")
        template, style, cues, text = columns
        if style not in STYLES or not template or not text:
            raise CorpusInvalid(f"{where}: the style {style!r} is not known, or a column is empty")
        try:
            known = () if cues == "-" else tuple(Cue(cue) for cue in cues.split(","))
        except ValueError as error:
            raise CorpusInvalid(f"{where}: {error}") from error
        yield CorpusMove(speaker, template, style, known, text)


def pairs_in(written: Iterable[str]) -> Iterator[CorpusPair]:
    """Yield the pairs that the rows of *written* hold; moves are passed over."""
    for number, columns in _rows(written):
        if len(columns) < 2 or columns[1] != _PAIR:
            continue
        if len(columns) != _PAIR_COLUMNS or columns[2] not in ("same", "other"):
            raise CorpusInvalid(f"moves/caller.tsv, line {number}: a pair is 'same' or 'other'")
        yield CorpusPair(columns[0], columns[2] == "same", columns[3], columns[4])


def _rows(written: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(written, start=1):
        if row.strip() and not row.startswith("#"):
            yield number, [column.strip() for column in row.split("\t")]


def _written(speaker: Speaker) -> list[str]:
    file = resources.files("detection").joinpath("corpus", "moves", f"{speaker.value}.tsv")
    return file.read_text(encoding="utf-8").splitlines()
