"""Glue: an office whose callers are known again."""

from __future__ import annotations

import pytest

from app.db import Database
from app.ledger import Ledger
from app.settings import Settings
from tests.app.callers.office import Office, TellingBus, open_office
from tests.fakes_clock import FakeClock


@pytest.fixture
async def calling(settings: Settings, database: Database, clock: FakeClock) -> Office:
    bus = TellingBus()
    ledger = Ledger(database, bus, clock)
    await ledger.open()
    office = open_office(settings, database, ledger, clock)
    office.told = bus.told
    return office
