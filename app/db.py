"""Adapter: one database, SQLite (WAL) or PostgreSQL, migrated when it is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from app.private_files import make_private_file
from app.trail.writing import INFO, TrailedSession, TrailWriter

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
SQLITE_BUSY_MS = 10_000
TURN_WAIT_MS = 2_000
LOCK_NOT_AVAILABLE = "55P03"
"""What PostgreSQL says when ``lock_timeout`` is over."""
MIGRATION_LOCK = 0x6D696D61
"""Number of the advisory lock on PostgreSQL: any, as long as it stays the same."""


class Database:
    """Hands out sessions. One message is one session is one transaction; none outlives its message."""

    def __init__(self, engine: AsyncEngine, trail: TrailWriter | None = None) -> None:
        """*trail* writes down who did what, in the transaction of the deed; None where nobody acts (tests, figures)."""
        self._engine = engine
        self._sessions = async_sessionmaker(
            engine, expire_on_commit=False, sync_session_class=TrailedSession, info={INFO: trail}
        )

    @property
    def is_postgresql(self) -> bool:
        return self._engine.dialect.name == "postgresql"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Commit when the block ends well, roll back when it does not. Cancellation waits for its end.

        A query that is cancelled half way makes SQLAlchemy end its connection, and cancelled again in that
        – as anyio does until a task is gone – it leaves a task that waits for ever: the server never stopped.
        """
        with anyio.CancelScope(shield=True):
            async with self._sessions.begin() as session:
                yield session

    @asynccontextmanager
    async def turn(self, key: int) -> AsyncIterator[bool]:
        """Hold PostgreSQL's advisory lock *key* until the block ends; say whether it was free, or soon was.

        Not in a ``transaction``: what goes on meanwhile may be long, and must be cancelled with the server.
        """
        async with AsyncExitStack() as held:
            with anyio.CancelScope(shield=True):
                connection = await self._engine.connect()
                held.push_async_callback(_closed, connection)
                taken = await _locked(connection, key)
            yield taken

    async def answers(self) -> bool:
        try:
            async with self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True


async def _locked(connection: AsyncConnection, key: int) -> bool:
    # PostgreSQL takes a moment to notice that who held it was killed.
    await connection.execute(text(f"SET LOCAL lock_timeout = {TURN_WAIT_MS}"))
    try:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") != LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


async def _closed(connection: AsyncConnection) -> None:
    with anyio.CancelScope(shield=True):
        await connection.close()


@asynccontextmanager
async def open_database(url: str, *, trail: TrailWriter | None = None) -> AsyncIterator[Database]:
    """Bring the tables of *url* up to date and serve sessions until the block ends."""
    if url.startswith("sqlite"):
        path = make_url(url).database
        if path and path != ":memory:" and not path.startswith("file:"):
            await anyio.to_thread.run_sync(make_private_file, Path(path))
    await anyio.to_thread.run_sync(migrate, url)
    engine = create_async_engine(
        url,
        pool_pre_ping=not url.startswith("sqlite"),
        hide_parameters=True,  # parameters hold speech; errors end in logs
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    try:
        yield Database(engine, trail)
    finally:
        # Also when it is cancelled: connections that are cut off in their thread end in tracebacks.
        with anyio.CancelScope(shield=True):
            await engine.dispose()


def migrate(url: str, revision: str = "head") -> None:
    """Bring the tables of *url* to *revision*; blocking, runs its own event loop."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    if revision == "base":
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - DBAPI connections have no common type
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # NORMAL: a killed process loses nothing; only a power cut may cost the last transactions.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is deleted or written over is zeroed in the file: a purge must not leave speech in free pages.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
    cursor.close()


def configure_migration(connection: Connection) -> None:
    """Let one migration run at a time, as servers and commands may start together on a new database.

    On PostgreSQL give up soon rather than lock the office out.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    else:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
