"""Glue: runs migrations on the address that ``app.db.migrate`` gives."""

from __future__ import annotations

import anyio
from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.db import configure_migration
from app.tables import Base


def _run(connection: Connection) -> None:
    configure_migration(connection)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _migrate() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise RuntimeError("migrations are run through app.db.migrate, which names the database")
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


anyio.run(_migrate)
