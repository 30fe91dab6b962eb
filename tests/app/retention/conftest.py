"""Glue: an installation on either database whose calls can be purged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.db import Database, migrate, open_database
from app.retention.opening import open_parts
from app.retention.running import PurgeParts
from app.retention.settings import RetentionSettings
from app.settings import Settings
from app.trail.opening import open_trail_keys
from app.trail.writing import TrailWriter
from tests.fakes_clock import FakeClock

MONTH = RetentionSettings(preset="30days")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Settings:
    """Settings of an office that keeps ordinary calls 30 days and incidents a year, on both databases."""
    url: SecretStr | None = None
    if request.param == "postgres":
        url = SecretStr(request.getfixturevalue("postgres_url"))
        migrate(Settings(database_url=url).async_database_url)
    return Settings(data_dir=tmp_path, database_url=url, retention=MONTH)


@pytest.fixture
async def trailed(either: Settings, clock: FakeClock) -> AsyncIterator[Database]:
    writer = TrailWriter(open_trail_keys(either.data_dir), clock.now)
    async with open_database(either.async_database_url, trail=writer) as database:
        yield database


@pytest.fixture
async def parts(either: Settings, trailed: Database, clock: FakeClock) -> PurgeParts:
    return replace(await open_parts(either, trailed, clock))
