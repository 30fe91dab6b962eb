"""Pure: where each key of a TOML text stands, so that a fault in its meaning can be told by line.

The standard library's parser tells lines for broken syntax only. Looked at on 22 November 2026: tomlkit and
rtoml keep no lines, the one parser with spans has rested since 2022. So the text is read once more,
for its keys alone, after the parser has accepted it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Final

KeyPath = tuple[str | int, ...]
"""Names from the top, and numbers where an array lies in between: ``("categories", "off", 0)``."""

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_BLANK: Final = re.compile(r"[ \t]*")
_APART: Final = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
"""What may stand between two elements of an array, two keys of an inline table, or two statements."""
_SCALAR: Final = re.compile(r"[^,\]}#\n]*")
_ONE_LINE: Final = {'"': re.compile(r'"(?:[^"\\]|\\.)*"'), "'": re.compile(r"'[^']*'")}
# Up to two quotation marks more belong to the text itself: """"She said "so""""".
_MANY_LINES: Final = {
    '"': re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}(?!")', re.DOTALL),
    "'": re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL),
}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Both count from 1, as editors do; ``column`` counts characters."""

    line: int
    column: int


def place_at(text: str, offset: int) -> Place:
    return Place(text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1)


def key_places(text: str) -> dict[KeyPath, Place]:
    """Return where every table, key and array element of *text* is first named.

    *text* must be one that ``tomllib`` accepts. A part of a dotted key stands where the whole
    key begins, a table where its header does.
    """
    return _Scan(text).statements()


class _Scan:
    """One reading from the beginning to the end; ``_at`` never goes back."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._places: dict[KeyPath, Place] = {}
        self._tables: dict[KeyPath, int] = {}
        """How many tables each array of tables holds so far."""

    def statements(self) -> dict[KeyPath, Place]:
        table: KeyPath = ()
        self._skip(_APART)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_APART)
        return self._places

    def _header(self) -> KeyPath:
        start, listed = self._at, self._text.startswith("[[", self._at)
        brackets = 2 if listed else 1
        self._at += brackets
        names = self._key()
        self._at += brackets
        path: KeyPath = ()
        for name in names[:-1]:
            path = self._within((*path, name), start)
        path = (*path, names[-1])
        self._note(path, start)
        if listed:
            number = self._tables.get(path, 0)
            self._tables[path] = number + 1
            path = (*path, number)
            self._note(path, start)
        return path

    def _within(self, path: KeyPath, start: int) -> KeyPath:
        """Return *path*, and the latest table of it where it is an array of tables."""
        self._note(path, start)
        return (*path, self._tables[path] - 1) if path in self._tables else path

    def _pair(self, table: KeyPath) -> None:
        start, path = self._at, table
        for name in self._key():
            path = (*path, name)
            self._note(path, start)
        self._at += 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _key(self) -> list[str]:
        names = []
        while True:
            self._skip(_BLANK)
            quote = _ONE_LINE.get(self._text[self._at])
            written = self._take(quote or _BARE)
            names.append(next(iter(tomllib.loads(f"{written}=0"))) if quote else written)
            self._skip(_BLANK)
            if self._text[self._at] != ".":
                return names
            self._at += 1

    def _value(self, path: KeyPath) -> None:
        first = self._text[self._at]
        if first in _ONE_LINE:
            kinds = _MANY_LINES if self._text.startswith(first * 3, self._at) else _ONE_LINE
            self._take(kinds[first])
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._take(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        number = 0
        self._skip(_APART)
        while self._text[self._at] != "]":
            self._note((*path, number), self._at)
            self._value((*path, number))
            number += 1
            self._skip(_APART)
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        self._skip(_APART)
        while self._text[self._at] != "}":
            self._pair(path)
            self._skip(_APART)
        self._at += 1

    def _note(self, path: KeyPath, offset: int) -> None:
        if path not in self._places:
            self._places[path] = place_at(self._text, offset)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        assert found is not None, "the parser accepted this text"
        self._at = found.end()
        return found.group()
