"""Pure: how a recording lies in its file: chunk behind chunk, each with a head that says where it belongs.

A file begins with ``FILE_HEAD``. A chunk is its head, 12 bytes of nonce, and what was sealed with its
tag of 16. The head lies open and is sealed with the rest: number, kind, first sample and length of a chunk
cannot be changed, nor a chunk be moved to another place or another call, without it failing to open.
Chunks lie in the order of their numbers and of the call's clock, without holes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

FILE_HEAD: Final = b"mimamori-rec\x00\x00\x00\x01"
MARK: Final = b"\xc5\x4d"
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
_HEAD: Final = struct.Struct(">2sBIQII")
HEAD_BYTES: Final = _HEAD.size
SEAL_BYTES: Final = NONCE_BYTES + TAG_BYTES


class Kind(IntEnum):
    SOUND = 1
    PAUSED = 2
    """Somebody had it paused: nothing was written."""
    LOST = 3
    """It could not be written."""
    OFF = 4
    """It had not begun."""
    END = 5
    """The recording was finished in order: nothing follows."""


@dataclass(frozen=True, slots=True)
class Head:
    number: int
    kind: Kind
    first: int
    """Sample of the call with which it begins."""
    samples: int
    """Of each track."""
    payload_bytes: int
    """Before sealing; 0 of what has no sound."""

    @property
    def end(self) -> int:
        return self.first + self.samples

    @property
    def stored_bytes(self) -> int:
        return HEAD_BYTES + SEAL_BYTES + self.payload_bytes

    def packed(self) -> bytes:
        return _HEAD.pack(
            MARK, self.kind, self.number, self.first, self.samples, self.payload_bytes
        )


class NotAChunk(ValueError):  # noqa: N818 - named as a fact
    """These bytes are no head of a chunk."""


def read_head(stored: bytes) -> Head:
    """Return the head with which *stored* begins.

    Raises:
        NotAChunk: as it says.
    """
    if len(stored) < HEAD_BYTES:
        raise NotAChunk("too short")
    mark, kind, number, first, samples, payload_bytes = _HEAD.unpack_from(stored)
    if mark != MARK or kind not in Kind.__members__.values():
        raise NotAChunk("no mark")
    return Head(number, Kind(kind), first, samples, payload_bytes)


def bound_to(call_id: str, head: bytes) -> bytes:
    """Return what a chunk is sealed together with."""
    return call_id.encode() + b"\x00" + head


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of the call of one kind; *payload* are its bytes as the call carried them, whole frames."""

    kind: Kind
    first: int
    samples: int
    payload: bytes = b""

    @property
    def end(self) -> int:
        return self.first + self.samples

    def behind(self, sample: int) -> Run | None:
        """Return what of it lies at or behind *sample*; None where nothing does."""
        ahead = sample - self.first
        if ahead <= 0:
            return self
        if ahead >= self.samples:
            return None
        frame_bytes = len(self.payload) // self.samples
        return Run(self.kind, sample, self.samples - ahead, self.payload[ahead * frame_bytes :])

    def pieces(self, most_samples: int) -> Iterator[Run]:
        """Yield it in pieces with sound of at most *most_samples*; what has none stays whole."""
        if not self.payload:
            yield self
            return
        frame_bytes = len(self.payload) // self.samples
        for ahead in range(0, self.samples, most_samples):
            samples = min(most_samples, self.samples - ahead)
            cut = self.payload[ahead * frame_bytes : (ahead + samples) * frame_bytes]
            yield Run(self.kind, self.first + ahead, samples, cut)


def following(runs: Iterable[Run], position: int) -> tuple[Run, ...]:
    """Return *runs* as they go on from *position* without holes and without anything twice.

    What lies before it was recorded already: a telephone sends again what was not judged before a crash.
    What is missing before a run counts as lost, or as off where nothing was recorded at all.
    """
    found: list[Run] = []
    for run in runs:
        rest = run.behind(position)
        if rest is None:
            continue
        if rest.first > position:
            kind = Kind.LOST if position else Kind.OFF
            found.append(Run(kind, position, rest.first - position))
        found.append(rest)
        position = rest.end
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Placed:
    """A chunk and where it lies in its file."""

    head: Head
    offset: int


def joined_kinds(chunks: Sequence[Placed]) -> tuple[tuple[int, int, Kind], ...]:
    """Return (first sample, end sample, kind) of the stretches that *chunks* make."""
    found: list[tuple[int, int, Kind]] = []
    for placed in chunks:
        head = placed.head
        if not head.samples:
            continue
        if found and found[-1][2] is head.kind:
            found[-1] = (found[-1][0], head.end, head.kind)
        else:
            found.append((head.first, head.end, head.kind))
    return tuple(found)
