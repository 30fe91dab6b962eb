"""Adapter: sees to it that what was deleted is no longer in the database's files.

SQLite: every connection overwrites what it deletes (``secure_delete``, app.db); here the log is emptied
into the file and cut to nothing, and the file written anew where nobody needs it meanwhile. PostgreSQL:
the touched tables are vacuumed, so that their old rows are gone for every reader and their space is used again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

_MAY_VACUUM: Final = """
SELECT coalesce(bool_and(pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE'){maintain}), true)
FROM pg_class c, pg_database d
WHERE d.datname = current_database()
AND c.oid IN (SELECT to_regclass(quote_ident(t)) FROM unnest(CAST(:tables AS text[])) t)
"""
_MAINTAIN: Final = " OR has_table_privilege(c.oid, 'MAINTAIN')"
"""A right of its own from version 17 on."""
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
    LEFT = "left"
    """PostgreSQL lets this role vacuum none of them, or not all: its own autovacuum does it later."""
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
                return await _vacuum(connection, sorted(tables))
            return await _wipe_sqlite(connection, url, compact=compact, idle=idle)
    finally:
        await engine.dispose()


async def _vacuum(connection: AsyncConnection, tables: Sequence[str]) -> Wiped:
    """Vacuum *tables*. PostgreSQL passes over those that this role may not, and calls that no error: asked before."""
    version = connection.dialect.server_version_info or ()
    maintain = _MAINTAIN if version >= (17,) else ""
    may = await connection.scalar(
        text(_MAY_VACUUM.format(maintain=maintain)), {"tables": list(tables)}
    )
    for table in tables:
        await connection.execute(text(f'VACUUM "{table}"'))
    return Wiped.VACUUMED if may else Wiped.LEFT


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
