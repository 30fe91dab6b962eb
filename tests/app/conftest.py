"""Glue: what tests of the application share: a real database in a temporary folder, and a clock they move."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.db import Database, migrate, open_database
from app.settings import Settings
from tests.app.running import RunningServer, in_own_task, running_server
from tests.app.small_office import Office, open_office
from tests.fakes_clock import FakeClock
from tests.fakes_transcriber import ScriptedTranscriber
from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Creating the tables takes 0.6 s, copying them a millisecond.
    file = tmp_path_factory.mktemp("tables") / "mimamori.db"
    migrate(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture
def settings(tmp_path: Path, migrated_file: Path) -> Settings:
    """Settings of a small office: SQLite in a folder of its own, tables already made."""
    shutil.copy(migrated_file, tmp_path / "mimamori.db")
    return Settings(data_dir=tmp_path)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with open_database(settings.async_database_url) as opened:
        yield opened


@pytest.fixture
def office(settings: Settings, database: Database, clock: FakeClock) -> Office:
    return open_office(settings, database, clock)


@pytest.fixture
async def transcriber() -> ScriptedTranscriber:
    """What the server hears: nothing, until a test says it."""
    return ScriptedTranscriber()


@pytest.fixture
async def server(
    settings: Settings, transcriber: ScriptedTranscriber
) -> AsyncIterator[RunningServer]:
    async with in_own_task(running_server(settings, transcriber)) as running:
        yield running
