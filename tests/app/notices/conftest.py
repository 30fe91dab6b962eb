"""Glue: a web receiver, a mail receiver, and an office whose calls they may be told of."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.db import Database
from tests.app.notices.office import Office, open_office
from tests.app.notices.receivers import MailReceiver, WebReceiver, mail_receiver, web_receiver
from tests.app.running import in_own_task
from tests.fakes_clock import FakeClock


@pytest.fixture
async def calls(database: Database, clock: FakeClock) -> Office:
    opened = open_office(database, clock)
    await opened.ledger.open()
    return opened


@pytest.fixture
async def web() -> AsyncIterator[WebReceiver]:
    async with in_own_task(web_receiver()) as receiver:
        yield receiver


@pytest.fixture
async def post() -> AsyncIterator[MailReceiver]:
    async with in_own_task(mail_receiver()) as receiver:
        yield receiver
