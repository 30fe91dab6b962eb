"""Adapter: the corpus in ``detection/corpus`` as values: utterances by hand, one a line (docs/corpus.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

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


class CorpusInvalid(ValueError):  # noqa: N818 - named as a fact, like the errors of this package
    """A line of the corpus breaks the rules; the message names file, line and rule."""


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


def read_corpus() -> tuple[CorpusLine, ...]:
    """Return every utterance that is shipped, in the order of the files.

    Raises:
        CorpusInvalid: a line breaks the rules.
    """
    return tuple(line for kind in Kind for file in _files(kind) for line in _lines(kind, file))


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


def _files(kind: Kind) -> list[Traversable]:
    folder = resources.files("detection").joinpath("corpus", kind.value)
    found = (file for file in folder.iterdir() if file.name.endswith(".tsv"))
    return sorted(found, key=lambda file: file.name)


def _lines(kind: Kind, file: Traversable) -> Iterator[CorpusLine]:
    written = file.read_text(encoding="utf-8").splitlines()
    return read_lines(kind, file.name.removesuffix(".tsv"), written)
