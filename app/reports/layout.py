"""Pure: what a printed report consists of. DOCX and PDF are two ways to write down the same one."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

EMPTY: Final = "(記載なし)"
GETA: Final = "〓"
"""Stands for a letter that the typeface lacks, as printers do."""


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One field: what it is, and what it says."""

    label: str
    text: str
    """``EMPTY`` where nothing was written."""
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Quotes:
    """The sentences word for word, in columns."""

    columns: tuple[str, ...]
    shares: tuple[int, ...]
    """Of the width, in percent."""
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Note:
    text: str


Block = Heading | Row | Quotes | Note


@dataclass(frozen=True, slots=True)
class Approval:
    """One box of 承認欄."""

    title: str
    lines: tuple[str, ...]
    """Who, and on which day; empty where a stamp will stand."""


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    office: str
    form_number: str
    number: str
    """Of the report."""
    version: str
    state: str
    draft: bool
    """Marked 「案」 on every page."""
    about: tuple[tuple[str, str], ...]
    approvals: tuple[Approval, ...]
    blocks: tuple[Block, ...]
    care: str
    """At the foot of every page."""
    number_label: str = "報告書番号"

    @property
    def standing(self) -> tuple[str, ...]:
        """What stands at the head of every page, at the right."""
        number = f"{self.number_label} {self.number}" if self.number else ""
        return tuple(one for one in (number, self.version, self.state) if one)


def printable(text: str) -> str:
    """Return *text* without control letters and direction marks, which no page shows; 外字 stay."""
    shown = []
    for letter in text.replace("\r\n", "\n").replace("\t", " "):
        if ord(letter) & 0xFFFE == 0xFFFE:
            shown.append(GETA)  # no letter, and no XML holds it
        elif letter == "\n" or unicodedata.category(letter) not in {"Cc", "Cf", "Cs"}:
            shown.append(letter)
    return "".join(shown)


def texts_of(document: Document) -> list[str]:
    """Return every text of *document*, for whoever must know its letters."""
    texts = [
        document.title,
        document.office,
        document.form_number,
        document.number,
        *document.standing,
        document.care,
    ]
    for label, value in document.about:
        texts += [label, value]
    for box in document.approvals:
        texts += [box.title, *box.lines]
    for block in document.blocks:
        match block:
            case Heading() | Note():
                texts.append(block.text)
            case Row():
                texts += [block.label, block.text]
            case Quotes():
                texts += [*block.columns, *(cell for row in block.rows for cell in row)]
    return texts
