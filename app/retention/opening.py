"""Glue: what a purge of this installation needs, for the server and for commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.to_thread
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.exports.keeping import FOLDER as EXPORTS
from app.ports import Clock
from app.recordings.library import RecordingLibrary
from app.retention.file_places import (
    PERSON_EXPORTS,
    ExportFiles,
    PersonExportFiles,
    RecordingFiles,
)
from app.retention.running import PurgeParts, nobody_calls
from app.sealing import RecordKeys, open_record_keys
from app.search.index import forget, overwrite_step
from app.search.models import SearchedCall
from app.settings import Settings
from app.statistics.rollup import keep
from app.trail.opening import open_trail_keys

GAP_SECONDS: Final = 0.02
"""Between two steps: who waits for SQLite's one writer asks again and again, and must find it free."""


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """The index of what was said."""

    name: str = "search index"

    async def forget(self, session: AsyncSession, call_id: str) -> None:
        await forget(session, call_id)

    async def left(self, session: AsyncSession, call_ids: Sequence[str]) -> int:
        query = select(func.count()).select_from(SearchedCall)
        return await session.scalar(query.where(SearchedCall.call_id.in_(list(call_ids)))) or 0

    async def overwrite(self, database: Database) -> None:
        first, more = True, True
        while more:
            async with database.transaction() as session:
                more = await overwrite_step(session, first=first)
            first = False
            await anyio.sleep(GAP_SECONDS)


async def keep_counts(session: AsyncSession, call_id: str) -> None:
    """Let what the statistics count of a call outlive it: numbers, neither words nor persons."""
    await keep(session, [call_id])


async def open_parts(
    settings: Settings,
    database: Database,
    clock: Clock,
    *,
    record_keys: RecordKeys | None = None,
    calls_are_live: Callable[[], bool] = nobody_calls,
) -> PurgeParts:
    """Return what purges of the installation of *settings* work with.

    Raises:
        Unavailable: a file of keys cannot be read.
    """
    keys = await anyio.to_thread.run_sync(open_trail_keys, settings.data_dir)
    if record_keys is None:
        record_keys = await anyio.to_thread.run_sync(open_record_keys, settings.data_dir)
    folder = settings.recordings_folder
    return PurgeParts(
        database=database,
        database_url=settings.async_database_url,
        clock=clock,
        settings=settings.retention,
        data_dir=settings.data_dir,
        keys=keys,
        files=(
            RecordingFiles(RecordingLibrary(database, record_keys, folder)),
            ExportFiles(database, settings.data_dir / EXPORTS),
            PersonExportFiles(database, settings.data_dir / PERSON_EXPORTS),
        ),
        indexes=(SearchIndex(),),
        farewells=(keep_counts,),
        calls_are_live=calls_are_live,
    )
