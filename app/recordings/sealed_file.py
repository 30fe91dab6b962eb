"""Adapter: one recording's file, read. Its chunks are found by their heads and opened one by one (AES-256-GCM)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.recordings.chunks import (
    FILE_HEAD,
    HEAD_BYTES,
    NONCE_BYTES,
    SEAL_BYTES,
    Head,
    Kind,
    NotAChunk,
    Placed,
    bound_to,
    read_head,
)

KEY_BYTES: Final = 32
_MOST_TORN_BYTES: Final = 1 << 22
"""A write that a crash tore is no longer than what may wait of a call."""


class Damaged(ValueError):  # noqa: N818 - named as a fact
    """The file is not what was written: a chunk was changed, moved or cut off, or the file is gone."""


@dataclass(frozen=True, slots=True)
class ChunkSeal:
    """Seals and opens the chunks of one call's recording."""

    call_id: str
    key: bytes = field(repr=False)

    def seal(self, head: Head, payload: bytes) -> bytes:
        """Return the chunk as it is stored."""
        packed, nonce = head.packed(), os.urandom(NONCE_BYTES)
        return (
            packed
            + nonce
            + AESGCM(self.key).encrypt(nonce, payload, bound_to(self.call_id, packed))
        )

    def open(self, head: Head, stored: bytes) -> bytes:
        """Return what was sealed in *stored*.

        Raises:
            Damaged: these are not the bytes that were sealed, or not in this place, call or with this key.
        """
        nonce, box = (
            stored[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES],
            stored[HEAD_BYTES + NONCE_BYTES :],
        )
        try:
            return AESGCM(self.key).decrypt(nonce, box, bound_to(self.call_id, head.packed()))
        except (InvalidTag, ValueError):
            raise Damaged(f"chunk {head.number} does not open") from None


@dataclass(frozen=True, slots=True)
class Contents:
    """The chunks of a file, as far as they are whole."""

    chunks: tuple[Placed, ...]
    good_bytes: int
    """So far the file is whole."""
    torn_bytes: int
    """What follows: the beginning of a chunk that a crash did not let be written."""

    @property
    def samples(self) -> int:
        return self.chunks[-1].head.end if self.chunks else 0

    @property
    def ended(self) -> bool:
        return bool(self.chunks) and self.chunks[-1].head.kind is Kind.END


def read_contents(opened: int) -> Contents:
    """Return what the file *opened* holds; blocking. Nothing is unsealed.

    Raises:
        Damaged: its heads do not follow each other.
        OSError: it cannot be read.
    """
    if os.pread(opened, len(FILE_HEAD), 0) != FILE_HEAD:
        raise Damaged("no recording")
    size, offset = os.fstat(opened).st_size, len(FILE_HEAD)
    chunks: list[Placed] = []
    position = 0
    while offset < size:
        try:
            head = read_head(os.pread(opened, HEAD_BYTES, offset))
        except NotAChunk:
            break
        if offset + head.stored_bytes > size:
            break
        if head.number != len(chunks) or head.first != position:
            raise Damaged(f"chunk {len(chunks)} is not in its place")
        chunks.append(Placed(head, offset))
        offset += head.stored_bytes
        position = head.end
    if size - offset > _MOST_TORN_BYTES:
        raise Damaged(f"chunk {len(chunks)} has no head")
    return Contents(tuple(chunks), offset, size - offset)


def open_to_read(file: Path) -> int:
    return os.open(file, os.O_RDONLY | os.O_CLOEXEC)


def opened_chunks(
    opened: int, seal: ChunkSeal, chunks: tuple[Placed, ...]
) -> Iterator[tuple[Head, bytes]]:
    """Yield the sound of each of *chunks*; blocking.

    Raises:
        Damaged: one does not open.
        OSError: it cannot be read.
    """
    for placed in chunks:
        stored = os.pread(opened, placed.head.stored_bytes, placed.offset)
        if len(stored) < HEAD_BYTES + SEAL_BYTES:
            raise Damaged(f"chunk {placed.head.number} is cut off")
        yield placed.head, seal.open(placed.head, stored)
