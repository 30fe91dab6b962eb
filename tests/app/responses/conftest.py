"""Glue: an office that words its own sentences."""

from __future__ import annotations

import pytest

from app.db import Database
from app.ledger import Ledger
from app.responses import script_endpoints, script_pages
from app.responses.live_scripts import LiveScripts
from app.responses.scripts import load_scripts
from app.settings import Settings
from tests.app.callers.office import Office, TellingBus, open_office
from tests.fakes_clock import FakeClock


@pytest.fixture
async def wording_office(settings: Settings, database: Database, clock: FakeClock) -> Office:
    ledger = Ledger(database, TellingBus(), clock)
    await ledger.open()
    office = open_office(settings, database, ledger, clock)
    office.services.scripts = LiveScripts(load_scripts())
    office.app.include_router(script_endpoints.router)
    office.app.include_router(script_pages.router)
    return office
