"""Adapter: the recordings that are kept: found by their call, read sample by sample, deleted for good."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio.to_thread
import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.lifecycle import facts_of
from app.calls.protocol import Track
from app.db import Database
from app.errors import Unavailable
from app.models import Call
from app.recordings.chunks import Head, Kind, Placed, joined_kinds
from app.recordings.models import Recording
from app.recordings.sealed_file import (
    ChunkSeal,
    Contents,
    Damaged,
    open_to_read,
    opened_chunks,
    read_contents,
)
from app.sealing import CannotOpen, RecordKeys, Sealed
from app.telephony.weaving import silence
from asr.codec import FULL_SCALE, decode
from asr.types import AudioFormat

KIND_WORDS: Final = {
    Kind.SOUND: "sound",
    Kind.PAUSED: "paused",
    Kind.LOST: "lost",
    Kind.OFF: "off",
}

MOST_KNOWN: Final = 4
"""An index of 3 hours is 5 MB."""
KEY_MISSING: Final = "recording_key_missing"

log = structlog.get_logger()


def key_place(call_id: str) -> str:
    """Return where the key of a recording is sealed for."""
    return f"call/{call_id}/recording"


@dataclass(frozen=True, slots=True)
class Stretch:
    start_ms: int
    end_ms: int
    kind: str
    """``sound``, ``paused`` (somebody had it paused), ``lost`` (it could not be written), ``off`` (not begun yet)."""


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """What was kept of a call's sound. Times and samples are those of the call's own clock: 0 is its beginning."""

    call_id: str
    tracks: tuple[Track, ...]
    rate_hz: int
    samples: int
    """Of each track."""
    stretches: tuple[Stretch, ...]
    complete: bool
    """Finished in order. Otherwise it ends where the server was stopped, at most a second early, or is going on."""
    format: AudioFormat
    _file: Path = field(repr=False)
    _seal: ChunkSeal = field(repr=False)
    _chunks: tuple[Placed, ...] = field(repr=False)

    @property
    def duration_ms(self) -> int:
        return self.samples * 1000 // self.rate_hz

    def read(self, track: Track, first_sample: int, count: int) -> NDArray[np.int16]:
        """Return *count* samples of *track*; silence where there is none. Blocking: call it in a thread.

        Raises:
            Unavailable: it cannot be read, or is not what was written (``recording_damaged``).
        """
        values = decode(self.format.encoding, self.carried(first_sample, count)) * FULL_SCALE
        place = self.tracks.index(track)
        return np.rint(values[place :: len(self.tracks)]).astype(np.int16)

    def carried(self, first_sample: int, count: int) -> bytes:
        """Return *count* samples as the call carried them, tracks interleaved; otherwise as ``read``."""
        frame_bytes, encoding = self.format.frame_bytes, self.format.encoding
        end_sample = first_sample + count
        found = bytearray(silence(encoding, count * len(self.tracks)))
        with _told_as_damaged(self.call_id):
            for placed, payload in self._opened(first_sample, end_sample):
                begin, end = max(first_sample, placed.first), min(end_sample, placed.end)
                found[(begin - first_sample) * frame_bytes : (end - first_sample) * frame_bytes] = (
                    payload[
                        (begin - placed.first) * frame_bytes : (end - placed.first) * frame_bytes
                    ]
                )
        return bytes(found)

    def read_through(self) -> None:
        """Open every chunk; otherwise as ``read``."""
        if not any(placed.offset for placed in self._chunks):
            return  # all was lost: there is no file
        with _told_as_damaged(self.call_id):
            opened = open_to_read(self._file)
            try:
                for _ in opened_chunks(opened, self._seal, self._chunks):
                    pass
            finally:
                os.close(opened)

    def _opened(self, first: int, end: int) -> Iterator[tuple[_Span, bytes]]:
        low, high = 0, len(self._chunks)
        while low < high:  # the first chunk that ends behind *first*
            middle = (low + high) // 2
            if self._chunks[middle].head.end <= first:
                low = middle + 1
            else:
                high = middle
        wanted: list[Placed] = []
        while low < len(self._chunks) and self._chunks[low].head.first < end:
            if self._chunks[low].head.kind is Kind.SOUND:
                wanted.append(self._chunks[low])
            low += 1
        if not wanted:
            return
        opened = open_to_read(self._file)
        try:
            for head, payload in opened_chunks(opened, self._seal, tuple(wanted)):
                yield _Span(head.first, head.end), payload
        finally:
            os.close(opened)


@dataclass(frozen=True, slots=True)
class _Span:
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class RecordingLibrary:
    database: Database
    keys: RecordKeys
    folder: Path
    _known: OrderedDict[tuple[str, int, int], Contents] = field(
        default_factory=OrderedDict, init=False, repr=False, compare=False
    )
    """Where the chunks of the recordings lie that were asked for last: a player asks again and again."""

    async def find(self, call_id: str) -> StoredRecording | None:
        """Return what is kept of the call's sound so far; None where nothing is.

        Raises:
            Unavailable: its key is missing (``recording_key_missing``), or its file is not what was
                written (``recording_damaged``).
        """
        async with self.database.transaction() as session:
            row = await session.get(Recording, call_id)
            call = await session.get(Call, call_id) if row is not None else None
        if row is None or call is None:
            return None
        seal = ChunkSeal(call_id, key_of(self.keys, row))
        return await anyio.to_thread.run_sync(self._stored, row, call, seal)

    async def delete(self, call_id: str) -> int:
        """Delete the call's recording for good; return how many bytes that freed. Doing it again does nothing."""
        async with self.database.transaction() as session:
            row = await session.get(Recording, call_id)
        if row is None:
            return 0
        # The file first: a row without its file can be deleted again, a file without its row would stay for ever.
        freed = await anyio.to_thread.run_sync(_unlink, self.folder / row.file)
        async with self.database.transaction() as session:
            await _forget(session, call_id)
        return freed

    def _stored(self, row: Recording, call: Call, seal: ChunkSeal) -> StoredRecording:
        file, facts = self.folder / row.file, facts_of(call)
        with _told_as_damaged(row.call_id):
            contents = self._contents(file, row, seal)
        rate_hz = facts.format.rate_hz
        stretches = tuple(
            Stretch(first * 1000 // rate_hz, end * 1000 // rate_hz, KIND_WORDS[kind])
            for first, end, kind in joined_kinds(contents.chunks)
        )
        return StoredRecording(
            call_id=row.call_id,
            tracks=facts.tracks,
            rate_hz=rate_hz,
            samples=contents.samples,
            stretches=stretches,
            complete=row.closed_at is not None,
            format=facts.format,
            _file=file,
            _seal=seal,
            _chunks=contents.chunks,
        )

    def _contents(self, file: Path, row: Recording, seal: ChunkSeal) -> Contents:
        if not row.chunks:
            return read_whole(file, row, seal)
        try:
            facts = file.stat()
        except FileNotFoundError:
            raise Damaged("the file is gone") from None
        place = (row.file, facts.st_size, facts.st_mtime_ns)
        known = self._known.get(place)
        if known is None:
            known = read_whole(file, row, seal)
            self._known[place] = known
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return known


def key_of(keys: RecordKeys, row: Recording) -> bytes:
    """Return the key of one recording.

    Raises:
        Unavailable: as it says (``recording_key_missing``).
    """
    try:
        return keys.open(Sealed(row.key_id, row.sealed_key), key_place(row.call_id))
    except CannotOpen as error:
        log.warning("a recording's key does not open", call_id=row.call_id, key_id=row.key_id)
        raise Unavailable(
            KEY_MISSING,
            "この録音を開く鍵がありません。管理者に連絡してください"
            "(管理者の方へ:record_keys の控えを戻すと、また聞けるようになります)。",
        ) from error


def read_whole(file: Path, row: Recording, seal: ChunkSeal) -> Contents:
    """Return what *file* holds; blocking.

    Raises:
        Damaged: it is not what was written; of a finished recording, also where something is missing.
    """
    if row.closed_at is not None and row.chunks == 0:
        return Contents((Placed(Head(0, Kind.LOST, 0, row.samples or 0, 0), 0),), 0, 0)
    try:
        opened = open_to_read(file)
    except FileNotFoundError:
        raise Damaged("the file is gone") from None
    try:
        contents = read_contents(opened)
        # Nobody will open these to hear them: a pause put where there was sound is seen here, or never.
        silent = tuple(one for one in contents.chunks if one.head.kind is not Kind.SOUND)
        for _ in opened_chunks(opened, seal, silent):
            pass
    finally:
        os.close(opened)
    finished = (len(contents.chunks), contents.samples, True, 0)
    if row.closed_at is not None and finished != (
        row.chunks,
        row.samples,
        contents.ended,
        contents.torn_bytes,
    ):
        raise Damaged("it was cut")
    return contents


@contextmanager
def _told_as_damaged(call_id: str) -> Iterator[None]:
    try:
        yield
    except (Damaged, OSError) as error:
        log.error("a recording cannot be read", call_id=call_id, why=str(error))  # noqa: TRY400 - known, no traceback
        raise Unavailable(
            "recording_damaged",
            "この録音のファイルが壊れているか、書きかえられたおそれがあるため、再生できません。"
            "管理者に連絡してください(ほかの録音には影響ありません)。",
        ) from error


def _unlink(file: Path) -> int:
    try:
        size = file.stat().st_size
        file.unlink()
    except FileNotFoundError:
        return 0
    return size


async def _forget(session: AsyncSession, call_id: str) -> None:
    row = await session.get(Recording, call_id)
    if row is not None:
        await session.delete(row)
