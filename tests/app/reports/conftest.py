"""Glue: an office with one ended call, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from app.bootstrap import open_services
from app.services import Services
from app.settings import Settings
from tests.app.review.filled import add_ended_call
from tests.app.running import in_own_task
from tests.fakes_transcriber import ScriptedTranscriber

CALL = "r-1"


@asynccontextmanager
async def services_on(settings: Settings) -> AsyncIterator[Services]:
    async with open_services(settings, transcriber=ScriptedTranscriber()) as services:
        async with services.database.transaction() as session:
            await add_ended_call(session, services.clock.now(), CALL)
        yield services


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    async with in_own_task(services_on(settings)) as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def settings_on_both(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    if request.param == "sqlite":
        return settings
    url = SecretStr(request.getfixturevalue("postgres_url"))
    return settings.model_copy(update={"database_url": url})


@pytest.fixture
async def on_both(settings_on_both: Settings) -> AsyncIterator[Services]:
    """The same on either database."""
    async with in_own_task(services_on(settings_on_both)) as opened:
        yield opened
