"""Adapter: a file that is written once, lies sealed on the disk, and is read once: opening it deletes it.

Chunks of a megabyte, each sealed with the record keys for its place in this file; the last says that it is.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from app.private_files import make_private_file
from app.sealing import CannotOpen, RecordKeys, Sealed

CHUNK_BYTES: Final = 1 << 20
_HEAD: Final = struct.Struct(">I")
_MORE: Final = b"\x00"
_LAST: Final = b"\x01"


class SealedWriter:
    """Takes bytes as an open file does; whole only after ``close``."""

    def __init__(self, file: Path, keys: RecordKeys) -> None:
        make_private_file(file)
        self._keys = keys
        self._name = file.name
        self._opened = file.open("wb")
        self._opened.write(keys.key_id.encode("ascii"))
        self._waiting = bytearray()
        self._chunks = 0

    def write(self, given: bytes) -> int:
        self._waiting += given
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(_MORE, bytes(self._waiting[:CHUNK_BYTES]))
            del self._waiting[:CHUNK_BYTES]
        return len(given)

    def flush(self) -> None:
        """Nothing is kept back that could be written yet."""

    def close(self) -> None:
        self._seal(_LAST, bytes(self._waiting))
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._opened.close()

    def _seal(self, mark: bytes, plain: bytes) -> None:
        box = self._keys.seal(mark + plain, _place(self._name, self._chunks)).box
        self._opened.write(_HEAD.pack(len(box)) + box)
        self._chunks += 1


def taken_once(file: Path, keys: RecordKeys) -> Iterator[bytes]:
    """Open *file*, delete it, and return what it holds, a chunk at a time; blocking.

    Raises:
        FileNotFoundError: somebody was first.
        CannotOpen: it is not whole, or not what was written.
    """
    opened = os.fdopen(os.open(file, os.O_RDONLY | os.O_CLOEXEC), "rb")
    file.unlink(missing_ok=True)
    chunks = _chunks(opened, file.name, keys)
    # What cannot be opened at all is told now, not when the answer has begun.
    return chain((next(chunks),), chunks)


def _chunks(opened: IO[bytes], name: str, keys: RecordKeys) -> Iterator[bytes]:
    with opened as stored:
        key_id = stored.read(len(keys.key_id)).decode("ascii", "replace")
        number = 0
        while True:
            head = stored.read(_HEAD.size)
            if len(head) < _HEAD.size:
                raise CannotOpen("cut off")
            box = stored.read(_HEAD.unpack(head)[0])
            plain = keys.open(Sealed(key_id, box), _place(name, number))
            yield plain[1:]
            if plain[:1] == _LAST:
                return
            number += 1


def _place(name: str, number: int) -> str:
    return f"person_export/{name}/{number}"
