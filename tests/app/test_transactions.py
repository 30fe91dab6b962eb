"""A transaction is whole: what is cancelled in the middle of one ends with it, and leaves nothing behind."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from sqlalchemy import func, select, text

from app.db import Database, open_database
from app.models import EventRow
from app.settings import Settings
from tests.fakes_clock import FakeClock

SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n"


async def write_slowly(database: Database, clock: FakeClock, begun: anyio.Event) -> None:
    async with database.transaction() as session:
        session.add(EventRow(type="note", call_id="c1", at=clock.now(), data={}))
        await session.flush()
        begun.set()
        await session.execute(text(SLOW))


async def write_and_fail(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        session.add(EventRow(type="note", call_id="c1", at=clock.now(), data={}))
        await session.flush()
        raise LookupError


async def test_a_transaction_that_is_cancelled_is_finished_first(
    settings: Settings, clock: FakeClock
) -> None:
    async with open_database(settings.async_database_url) as database:
        begun = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write_slowly, database, clock, begun)
            await begun.wait()
            tasks.cancel_scope.cancel()

        async with database.transaction() as session:
            written = await session.scalar(select(func.count()).select_from(EventRow))

    assert written == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_fails_within_is_rolled_back(settings: Settings, clock: FakeClock) -> None:
    async with open_database(settings.async_database_url) as database:
        with pytest.raises(LookupError):
            await write_and_fail(database, clock)

        async with database.transaction() as session:
            written = await session.scalar(select(func.count()).select_from(EventRow))

    assert written == 0
