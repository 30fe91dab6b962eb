"""Adapter: the files that hold something of calls: recordings, and what was exported and not yet fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio.to_thread
from sqlalchemy import select

from app.db import Database
from app.exports.models import CallExport
from app.models import Call
from app.recordings.library import RecordingLibrary
from app.recordings.models import Recording
from app.retention.models import PersonRequest

PERSON_EXPORTS: Final = "person_exports"


@dataclass(slots=True)
class _Named:
    """Where the files of deleted calls lay: their rows are gone when a run looks again."""

    by_call: dict[str, list[Path]] = field(default_factory=dict)

    def add(self, call_id: str, files: Sequence[Path]) -> None:
        if files:
            self.by_call.setdefault(call_id, []).extend(files)

    async def left(self, call_ids: Sequence[str]) -> int:
        files = [file for one in call_ids for file in self.by_call.get(one, ())]
        return await anyio.to_thread.run_sync(lambda: sum(file.exists() for file in files))


@dataclass(frozen=True, slots=True)
class RecordingFiles:
    """The recordings, whose rows name their files."""

    library: RecordingLibrary
    name: str = "recording files"
    _named: _Named = field(default_factory=_Named)

    async def delete(self, call_id: str) -> int:
        async with self.library.database.transaction() as session:
            row = await session.get(Recording, call_id)
        if row is not None:
            self._named.add(call_id, [self.library.folder / row.file])
        return await self.library.delete(call_id)

    async def left(self, call_ids: Sequence[str]) -> int:
        return await self._named.left(call_ids)


@dataclass(frozen=True, slots=True)
class ExportFiles:
    """Exports of single calls (vCon, disclosure copies) that lie sealed until somebody fetches them."""

    database: Database
    folder: Path
    name: str = "export files"
    _named: _Named = field(default_factory=_Named)

    async def delete(self, call_id: str) -> int:
        async with self.database.transaction() as session:
            query = select(CallExport.id).where(CallExport.call_id == call_id)
            files = [self.folder / name for name in await session.scalars(query)]
        self._named.add(call_id, files)
        return await anyio.to_thread.run_sync(_unlink_all, files)

    async def left(self, call_ids: Sequence[str]) -> int:
        return await self._named.left(call_ids)


@dataclass(frozen=True, slots=True)
class PersonExportFiles:
    """Exports for one person that nobody has fetched yet, found by the number's hash."""

    database: Database
    folder: Path
    name: str = "person export files"
    _named: _Named = field(default_factory=_Named)

    async def delete(self, call_id: str) -> int:
        async with self.database.transaction() as session:
            made = select(Call.caller_hash).where(Call.id == call_id)
            known = await session.scalar(made)
            query = select(PersonRequest).where(PersonRequest.kind == "export")
            waiting = query.where(PersonRequest.state.in_(("ready", "waiting")))
            rows = (await session.scalars(waiting)).all() if known else ()
            files = [self.folder / row.id for row in rows if known in row.hashes]
        self._named.add(call_id, files)
        return await anyio.to_thread.run_sync(_unlink_all, files)

    async def left(self, call_ids: Sequence[str]) -> int:
        return await self._named.left(call_ids)


def _unlink_all(files: Sequence[Path]) -> int:
    freed = 0
    for file in files:
        try:
            size = file.stat().st_size
            file.unlink()
        except FileNotFoundError:
            continue
        freed += size
    return freed
