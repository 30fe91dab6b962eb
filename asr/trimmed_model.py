"""Pure: a Whisper model that knows only the tokens in which Japanese is written.

Of Whisper's 51 865 tokens 46 000 spell other languages, and yet each step of the decoder weighs
all of them. Without their rows a sentence takes a third less time (0.037 to 0.025 core-seconds
per second, Whisper base, alone) and says the same: 84 of 84 sentences measured.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from asr.vocabulary import token_bytes

TRIM_AT_MOST_BYTES: Final = 600 << 20
"""Whisper small. Trimming holds the file twice for a second, in each process."""

_LAYOUT_VERSION: Final = 6
_ROWS_BY_TOKEN: Final = ("decoder/embeddings/", "decoder/projection/")
_TOKEN_LISTS: Final = ("lang_ids", "suppress_ids", "suppress_ids_begin")
_LONGEST_ACRONYM: Final = 4


class UnknownLayout(ValueError):  # noqa: N818 - named as a fact, like the errors of this package
    """The file is not one whose rows can be found: use it untrimmed."""


@dataclass(frozen=True, slots=True)
class TrimmedModel:
    files: Mapping[str, bytes]
    """By the names under which CTranslate2 looks for them."""
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    shape: tuple[int, ...]
    type_id: int
    content: memoryview


def trim_to_japanese(
    model: bytes, config: Mapping[str, Any], tokens: Sequence[str]
) -> TrimmedModel:
    """Return *model* with the rows of Japanese tokens, digits, letters and marks alone.

    Raises:
        UnknownLayout: it was written by a version of CTranslate2 that this does not know.
    """
    kept = [number for number, token in enumerate(tokens) if writes_japanese(token)]
    renumbered = {old: new for new, old in enumerate(kept)}
    trimmed_config = {
        key: [renumbered[old] for old in value if old in renumbered]
        if key in _TOKEN_LISTS
        else value
        for key, value in config.items()
    }
    kept_tokens = tuple(tokens[number] for number in kept)
    return TrimmedModel(
        files={
            "model.bin": _with_rows(model, np.array(kept), len(tokens)),
            "config.json": json.dumps(trimmed_config).encode(),
            "vocabulary.json": json.dumps(kept_tokens, ensure_ascii=False).encode(),
        },
        tokens=kept_tokens,
    )


def writes_japanese(token: str) -> bool:
    """Say whether *token* may stand in a Japanese sentence; marks such as ``<|ja|>`` may."""
    written = token_bytes(token)
    if len(written) <= 1:
        # Marks, and the single bytes from which everything else can still be spelled.
        return True
    text = written.decode("utf-8", errors="replace")
    whole = text.strip("\ufffd").strip()
    if not whole:
        # A part of a character: those that can begin or continue one of three bytes from U+3000.
        return len(text) <= 2 and (
            0xE3 <= written[0] <= 0xE9 or written[0] == 0xEF or written[0] < 0xC0
        )
    if whole.isascii():
        acronym = whole.isupper() and len(whole) <= _LONGEST_ACRONYM and text[0] != " "
        marks = len(whole) <= 3 and not any(character.isalnum() for character in whole)
        return whole.isdigit() or len(whole) == 1 or acronym or marks
    return all(_is_japanese(character) for character in whole)


def _is_japanese(character: str) -> bool:
    return (
        "\u3000" <= character <= "\u30ff"  # punctuation, hiragana, katakana
        or "\u4e00" <= character <= "\u9fff"  # kanji
        or "\uff00" <= character <= "\uffef"  # full-width forms
    )


def _with_rows(model: bytes, rows: Any, token_count: int) -> bytes:  # noqa: ANN401 - an index
    reader = _Reader(model)
    head = reader.take_header()
    parts: list[bytes | memoryview] = [head]
    trimmed = 0
    for variable in reader.variables():
        if variable.name.startswith(_ROWS_BY_TOKEN) and variable.shape[:1] == (token_count,):
            by_token = np.frombuffer(variable.content, dtype=np.uint8).reshape(token_count, -1)
            content = by_token[rows].tobytes()
            parts += [_variable_head(variable, (len(rows), *variable.shape[1:]), len(content))]
            parts += [content]
            trimmed += 1
        else:
            parts += [_variable_head(variable, variable.shape, variable.content.nbytes)]
            parts += [variable.content]
    if not trimmed:
        raise UnknownLayout("no variable has a row for each token")
    return b"".join([*parts, reader.rest()])


def _variable_head(variable: _Variable, shape: tuple[int, ...], byte_count: int) -> bytes:
    name = variable.name.encode() + b"\0"
    return (
        struct.pack("<H", len(name))
        + name
        + struct.pack(f"<B{len(shape)}I", len(shape), *shape)
        + struct.pack("<BI", variable.type_id, byte_count)
    )


class _Reader:
    """Walks once through a model file as CTranslate2 writes it."""

    def __init__(self, model: bytes) -> None:
        self._model = memoryview(model)
        self._at = 0
        self._variable_count = 0

    def take_header(self) -> memoryview:
        (version,) = self._unpack("<I")
        if version != _LAYOUT_VERSION:
            raise UnknownLayout(f"layout {version} is not known")
        self._text()
        _, self._variable_count = self._unpack("<II")
        return self._model[: self._at]

    def variables(self) -> Iterator[_Variable]:
        for _ in range(self._variable_count):
            name = self._text()
            (rank,) = self._unpack("<B")
            shape = self._unpack(f"<{rank}I")
            type_id, byte_count = self._unpack("<BI")
            yield _Variable(name, shape, type_id, self._take(byte_count))

    def rest(self) -> memoryview:
        """Return the aliases, which name variables and hold no rows."""
        return self._model[self._at :]

    def _text(self) -> str:
        (length,) = self._unpack("<H")
        return bytes(self._take(length)).rstrip(b"\0").decode("utf-8", errors="replace")

    def _unpack(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))

    def _take(self, count: int) -> memoryview:
        end = self._at + count
        if end > len(self._model):
            raise UnknownLayout("the file ends too early")
        taken, self._at = self._model[self._at : end], end
        return taken
