"""The glossary, the code's ids and the words of the screens say the same."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

import pytest

import app.auth.identity
import app.calls.facts
import app.events
import asr.types
import detection.types
from app.screens import words

GLOSSARY = Path(__file__).resolve().parent.parent / "docs" / "glossary.md"
SOURCES = (asr.types, detection.types, app.events, app.auth.identity, app.calls.facts)


def enums() -> list[type[Enum]]:
    """Return every enumeration that one of the sources defines itself."""
    return [
        found
        for source in SOURCES
        for _, found in inspect.getmembers(source, inspect.isclass)
        if issubclass(found, Enum) and found.__module__ == source.__name__
    ]


def rows_under(heading: str) -> dict[str, list[str]]:
    """Return id -> the other cells, of the table under a heading."""
    _, found, rest = GLOSSARY.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    assert found, f"docs/glossary.md has no section {heading}"
    section = rest.split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if re.match(r"\| `", line)
    ]
    return {row[0].strip("`"): row[1:] for row in cells}


def labels_of(word: object) -> list[str]:
    """Return what stands in the glossary for one entry of the words: its label, and its short form if any."""
    if isinstance(word, str):
        return [word]
    return [getattr(word, name) for name in ("label", "short") if hasattr(word, name)]


def words_by_enum() -> Iterator[tuple[type[Enum], Mapping[Enum, object]]]:
    for table in vars(words).values():
        if isinstance(table, Mapping) and table and isinstance(next(iter(table)), Enum):
            yield type(next(iter(table))), table


@pytest.mark.parametrize("enum", enums(), ids=lambda enum: enum.__name__)
def test_every_id_has_a_word_and_a_meaning(enum: type[Enum]) -> None:
    rows = rows_under(f"`{enum.__name__}`")

    assert list(rows) == [str(member.value) for member in enum]
    assert [key for key, cells in rows.items() if not all(cells)] == []


def test_the_screens_use_the_words_of_the_glossary() -> None:
    tables = dict(words_by_enum())

    written = {
        (enum.__name__, member.name): rows_under(f"`{enum.__name__}`")[str(member.value)]
        for enum, table in tables.items()
        for member in table
    }
    shown = {
        (enum.__name__, member.name): labels_of(word)
        for enum, table in tables.items()
        for member, word in table.items()
    }

    # The last cell is the meaning, in English, which no screen shows.
    assert {key: cells[:-1] for key, cells in written.items()} == shown
    assert {"Category", "Severity", "Outcome", "Step", "Doubt", "GapReason", "Role", "Speaker"} <= {
        enum.__name__ for enum in tables
    }


def test_single_words_are_the_same_everywhere() -> None:
    rows = rows_under("Single words")

    assert {name: cells[0] for name, cells in rows.items()} == {
        name: getattr(words, name) for name in rows
    }
