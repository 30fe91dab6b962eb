"""Adapter: sees to it that what was deleted is no longer in the database's files.

SQLite: every connection overwrites what it deletes (``secure_delete``, app.db); here the log is emptied
into the file and cut to nothing, and the file written anew where nobody needs it meanwhile. PostgreSQL:
the touched tables are vacuumed, so that their old rows are gone for every reader and their space is used again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

_BUSY_MS: Final = 5_000
_ROOM: Final = 2.2
"""Writing it anew needs a copy beside the file, and another in the log."""


class Wiped(StrEnum):
    COMPACTED = "compacted"
    """The file was written anew: it holds what is there, and nothing else."""
    WIPED = "wiped"
    """Overwritten and the log cut; the file keeps its size until nobody is on the telephone."""
    VACUUMED = "vacuumed"
    """PostgreSQL has given the space of the old rows free."""
    BUSY = "busy"
    """A reader kept the log open; the next run tries again."""


async def wipe(
    url: str, tables: Collection[str], *, compact: bool, idle: Callable[[], bool]
) -> Wiped:
    """Do so for the database at *url*, whose *tables* were touched."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", hide_parameters=True)
    sqlite = engine.dialect.name == "sqlite"
    if sqlite:
        event.listen(engine.sync_engine, "connect", _prepare)
    try:
        async with engine.connect() as connection:
            if not sqlite:
                for table in sorted(tables):
                    await connection.execute(text(f'VACUUM "{table}"'))
                return Wiped.VACUUMED
            return await _wipe_sqlite(connection, url, compact=compact, idle=idle)
    finally:
        await engine.dispose()


async def _wipe_sqlite(
    connection: AsyncConnection, url: str, *, compact: bool, idle: Callable[[], bool]
) -> Wiped:
    done = Wiped.WIPED
    if compact and idle() and _has_room(url):
        try:
            await connection.execute(text("VACUUM"))
            done = Wiped.COMPACTED
        except OperationalError:
            done = Wiped.WIPED  # somebody writes: the next night is as good
    try:
        row = (await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))).one()
    except OperationalError:
        return Wiped.BUSY
    return Wiped.BUSY if row[0] else done


def _has_room(url: str) -> bool:
    path = make_url(url).database
    if not path or path == ":memory:" or path.startswith("file:"):
        return True
    file = Path(path)
    return shutil.disk_usage(file.parent).free > file.stat().st_size * _ROOM


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - DBAPI connections have no common type
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()
