"""Adapter: the file of a recording that is being written: only ever longer, whole up to its last chunk. Blocking."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from app.private_files import OWNER_ALONE, make_private_folder
from app.recordings.chunks import FILE_HEAD, Head, Kind, Placed, Run, following
from app.recordings.sealed_file import ChunkSeal, Contents, Damaged, opened_chunks, read_contents

_CHECKED_CHUNKS: Final = 64
"""So many at the end may have been on their way to the disk when the power went."""


class Tape:
    """Append runs; each call of ``append`` is on the disk when it returns, or has changed nothing."""

    def __init__(self, opened: int, seal: ChunkSeal, rate_hz: int, contents: Contents) -> None:
        self._opened = opened
        self._seal = seal
        self._most_samples = rate_hz
        self._good_bytes = contents.good_bytes
        self.chunks = len(contents.chunks)
        self.position = contents.samples

    @classmethod
    def begin(cls, file: Path, seal: ChunkSeal, rate_hz: int) -> Tape:
        """Make *file*, which is not there yet.

        Raises:
            OSError: it cannot be made or written; nothing is left of it.
            Unavailable: its folder cannot be made (``data_dir_unusable``).
        """
        make_private_folder(file.parent)
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ALONE)
        try:
            os.fchmod(opened, OWNER_ALONE)
            _write(opened, FILE_HEAD, 0)
            os.fsync(opened)
            _sync_folder(file.parent)
        except OSError:
            os.close(opened)
            with suppress(OSError):
                file.unlink()
            raise
        return cls(opened, seal, rate_hz, Contents((), len(FILE_HEAD), 0))

    @classmethod
    def go_on(cls, file: Path, seal: ChunkSeal, rate_hz: int) -> Tape:
        """Go on behind the last whole chunk of *file*, where a crash or a stop has left it.

        Raises:
            Damaged: more than its end is not what was written, or not with this key.
            OSError: it cannot be read or written.
        """
        opened = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            contents = _whole(opened, seal, read_contents(opened))
            os.ftruncate(opened, contents.good_bytes)
            return cls(opened, seal, rate_hz, contents)
        except BaseException:
            os.close(opened)
            raise

    def append(self, runs: Iterable[Run]) -> None:
        """Write what of *runs* goes on from ``position``, and wait until it is on the disk.

        Raises:
            OSError: it could not be written; the file is as it was before.
        """
        stored: list[bytes] = []
        number, position = self.chunks, self.position
        for run in following(runs, position):
            for piece in run.pieces(self._most_samples):
                head = Head(number, piece.kind, piece.first, piece.samples, len(piece.payload))
                stored.append(self._seal.seal(head, piece.payload))
                number, position = number + 1, piece.end
        if stored:
            self._store(b"".join(stored))
            self.chunks, self.position = number, position

    def end(self) -> None:
        """Write that the recording is finished; otherwise as ``append``."""
        head = Head(self.chunks, Kind.END, self.position, 0, 0)
        self._store(self._seal.seal(head, b""))
        self.chunks += 1

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._opened)

    def _store(self, stored: bytes) -> None:
        try:
            _write(self._opened, stored, self._good_bytes)
            os.fdatasync(self._opened)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._opened, self._good_bytes)
            raise
        self._good_bytes += len(stored)


def _whole(opened: int, seal: ChunkSeal, contents: Contents) -> Contents:
    """Return *contents* without an end mark, and without what the disk did not get before the power went."""
    chunks = contents.chunks[:-1] if contents.ended else contents.chunks
    last = chunks[-_CHECKED_CHUNKS:]
    good = len(chunks) - len(last)
    try:
        for _ in opened_chunks(opened, seal, last):
            good += 1
    except Damaged:
        if last and good == len(chunks) - len(last):
            raise  # not one of them opens: this is no torn end
    kept: tuple[Placed, ...] = chunks[:good]
    good_bytes = kept[-1].offset + kept[-1].head.stored_bytes if kept else len(FILE_HEAD)
    return Contents(kept, good_bytes, 0)


def _write(opened: int, stored: bytes, offset: int) -> None:
    rest = memoryview(stored)
    while rest:
        written = os.pwrite(opened, rest, offset)
        rest, offset = rest[written:], offset + written


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
