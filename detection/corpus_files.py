"""Adapter: the corpus in ``detection/corpus``: utterances written by hand, and what was heard (docs/corpus.md)."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from math import inf
from typing import Final

from detection.errors import CorpusInvalid
from detection.types import Category, Severity

STYLES: Final = frozenset(
    (
        "plain",
        "polite",
        "blunt",
        "wrapped",
        "euphemism",
        "sarcasm",
        "hokkaido",
        "tohoku",
        "kansai",
        "elongated",
        "filler",
        "misheard",
        "unpunctuated",
        "long",
        "short",
    )
)
_SUBTYPE: Final = "# subtype:"
_COLUMNS: Final = 5
HEARD_FILE: Final = "heard.tsv"
KEY_LETTERS: Final = 12
"""48 bits: among 100,000 texts two meet by chance once in 56,000 corpora."""
_FIRST_READING: Final = 3


class Kind(StrEnum):
    """What a line is an example of; each has a folder of its own."""

    HARASSMENT = "harassment"
    LEGITIMATE = "legitimate"
    HARD_NEGATIVE = "hard_negatives"


@dataclass(frozen=True, slots=True)
class CorpusLine:
    """One utterance of a caller, or of an operator among the hard negatives."""

    kind: Kind
    file: str
    """Name without ending: the leading category, or the group of fair sentences."""
    subtype: str
    template: str
    """Paraphrases, dialects and mis-hearings of one sentence share it: never split them."""
    style: str
    severity: Severity
    labels: tuple[Category, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What the recogniser made of one utterance that was spoken over a simulated telephone line."""

    character_error_rate: float
    """0.0 when every letter is right; above 1.0 where more was heard than said."""
    confidence: float
    """0..1, the recogniser's own."""
    text: str
    """Its first reading; empty where it heard no words."""
    others: tuple[str, ...] = ()
    """Its other readings, best first."""


def read_corpus() -> tuple[CorpusLine, ...]:
    """Return every utterance that is shipped, in the order of the files.

    Raises:
        CorpusInvalid: a line breaks the rules.
    """
    return tuple(
        line for kind in Kind for file in _files(kind.value) for line in _lines(kind, file)
    )


def read_heard() -> Mapping[str, Heard]:
    """Return what was heard of the lines that are shipped, by ``text_key``.

    A line that was reworded since it was heard has another key: what was heard of its
    old words is left out. Not every line need have been heard.

    Raises:
        CorpusInvalid: a row breaks the rules.
    """
    file = resources.files("detection").joinpath("corpus", HEARD_FILE)
    if not file.is_file():
        return {}
    shipped = {text_key(line.text) for line in read_corpus()}
    rows = read_heard_rows(file.read_text(encoding="utf-8").splitlines())
    return {key: heard for key, heard in rows.items() if key in shipped}


def text_key(text: str) -> str:
    """Return the name under which ``heard.tsv`` knows *text*."""
    return sha256(text.encode("utf-8")).hexdigest()[:KEY_LETTERS]


def read_heard_rows(written: Iterable[str]) -> dict[str, Heard]:
    """Return what *written* holds, by ``text_key``.

    Raises:
        CorpusInvalid: a row breaks the rules, or a text was heard twice.
    """
    rows = dict[str, Heard]()
    for number, row in enumerate(written, start=1):
        if not row or row.startswith("#"):
            continue
        try:
            key, heard = _heard(row, rows)
        except ValueError as error:
            raise CorpusInvalid(f"{HEARD_FILE}, line {number}: {error}") from error
        rows[key] = heard
    return rows


def heard_row(key: str, heard: Heard) -> str:
    """Return the row that ``read_heard_rows`` reads, without a line end."""
    readings = (" ".join(reading.split()) for reading in (heard.text, *heard.others))
    figures = f"{heard.character_error_rate:.2f}", f"{heard.confidence:.2f}"
    return "\t".join((key, *figures, *readings))


def _heard(row: str, before: Container[str]) -> tuple[str, Heard]:
    columns = row.split("\t")
    if len(columns) <= _FIRST_READING:
        raise ValueError("key, error rate, confidence and a first reading are wanted")
    key, errors, confidence, text, *others = columns
    heard = Heard(float(errors), float(confidence), text, tuple(others))
    if not re.fullmatch(f"[0-9a-f]{{{KEY_LETTERS}}}", key):
        raise ValueError(f"the key must be {KEY_LETTERS} hexadecimal digits")
    if key in before:
        raise ValueError(f"{key} was heard before")
    if not (0 <= heard.character_error_rate < inf and 0 <= heard.confidence <= 1):
        raise ValueError("the error rate is 0 or more, the confidence 0 to 1")
    if not all(others) or (others and not text):
        raise ValueError("another reading is not empty, and there is none of nothing")
    return key, heard


def read_lines(kind: Kind, file: str, written: Iterable[str]) -> Iterator[CorpusLine]:
    """Yield the utterances that *written* holds.

    Raises:
        CorpusInvalid: a line breaks the rules.
    """
    subtype = ""
    for number, row in enumerate(written, start=1):
        if row.startswith(_SUBTYPE):
            subtype = row.removeprefix(_SUBTYPE).split("—")[0].strip()
        elif row.strip() and not row.startswith("#"):
            try:
                yield _line(kind, file, subtype, row)
            except ValueError as error:
                raise CorpusInvalid(f"{kind}/{file}.tsv, line {number}: {error}") from error


def _line(kind: Kind, file: str, subtype: str, row: str) -> CorpusLine:
    columns = row.rstrip("\n").split("\t")
    if len(columns) != _COLUMNS:
        raise ValueError(f"{_COLUMNS} columns are wanted, there are {len(columns)}")
    template, style, severity, labels, text = (column.strip() for column in columns)
    line = CorpusLine(
        kind=kind,
        file=file,
        subtype=subtype,
        template=template,
        style=style,
        severity=Severity(int(severity)),
        labels=() if labels == "-" else tuple(Category(label) for label in labels.split(",")),
        text=text,
    )
    if not subtype or not template or not text:
        raise ValueError("subtype, template and text must not be empty")
    if style not in STYLES:
        raise ValueError(f"the style {style!r} is not known")
    harmful = kind is Kind.HARASSMENT
    if harmful != bool(line.labels) or harmful != bool(line.severity):
        raise ValueError("harassment has labels and a severity, everything else has none")
    if harmful and line.labels[0].value != file:
        raise ValueError("the first label must be the file's category")
    return line


def _files(folder_name: str) -> list[Traversable]:
    folder = resources.files("detection").joinpath("corpus", folder_name)
    found = (file for file in folder.iterdir() if file.name.endswith(".tsv"))
    return sorted(found, key=lambda file: file.name)


def _lines(kind: Kind, file: Traversable) -> Iterator[CorpusLine]:
    written = file.read_text(encoding="utf-8").splitlines()
    return read_lines(kind, file.name.removesuffix(".tsv"), written)
