"""The same on PostgreSQL: owed once, delivered once, seen by the administrator."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from app.db import open_database
from app.errors import NotFound
from app.notices.repository import overview
from app.settings import Settings
from tests.app.notices.office import open_office, webhook
from tests.app.notices.receivers import WebReceiver
from tests.fakes_clock import FakeClock


@pytest.mark.postgres
async def test_two_servers_on_postgresql_tell_once_and_remember_it(
    postgres_url: str, web: WebReceiver
) -> None:
    address = Settings(database_url=SecretStr(postgres_url)).async_database_url
    async with open_database(address) as database:
        calls = open_office(database, FakeClock())
        await calls.ledger.open()
        async with calls.desk(cti=webhook(web.url)), calls.desk(cti=webhook(web.url)) as desk:
            await calls.begin()
            for level in (1, 2, 3):
                await calls.rise(level)
            await web.has(2)
            await desk.test("cti")
            with pytest.raises(NotFound):
                await desk.retry("a\x00")
        seen = await overview(database)

    assert len(web.arrived) == 3
    assert [row.state for row in seen.latest] == ["sent"] * 3
    assert seen.records["cti"].last_sent_at is not None
