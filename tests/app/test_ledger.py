"""The one door through which calls are written: what it waits for, and what it does not."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import anyio
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession

from app.basis.models import BasisText
from app.bus.memory import MemoryBus
from app.clock import SystemClock
from app.db import Database
from app.events import Audience, EventType
from app.ledger import Entry, Ledger, event_of, is_passing
from app.models import EventRow
from app.settings import Settings
from tests.app.exchange import exchange
from tests.app.sounds import call_bytes, sentences
from tests.fakes_transcriber import ScriptedTranscriber

AUDIENCE = Audience(operator="sato", section="市民課")


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (OperationalError("x", {}, Exception()), True),
        (ConnectionRefusedError(), True),
        (PoolTimeoutError(), True),
        (IntegrityError("x", {}, Exception()), False),
        (DataError("x", {}, Exception()), False),
        (RuntimeError(), False),
    ],
)
def test_only_a_database_that_may_be_back_in_a_moment_is_asked_again(
    error: Exception, passing: bool
) -> None:
    assert is_passing(error) is passing


def test_a_postgresql_that_is_starting_up_is_asked_again() -> None:
    asyncpg = pytest.importorskip("asyncpg")

    assert is_passing(asyncpg.exceptions.CannotConnectNowError())


async def test_a_write_that_is_tried_again_is_written_and_told_once(database: Database) -> None:
    bus = MemoryBus(8)
    ledger = Ledger(database, bus, SystemClock(), retry_seconds=(0, 0))
    tries = 0

    async def change(entry: Entry) -> None:
        nonlocal tries
        tries += 1
        entry.tell(EventType.NOTE, "c1", AUDIENCE, {"try": tries})
        await entry.session.flush()
        if tries < 3:
            raise OperationalError("x", {}, Exception("busy"))

    async with bus.subscribe() as happening:
        await ledger.write(change)
        told = await happening.receive()
    async with database.transaction() as session:
        row = await session.get(EventRow, told.seq)

    assert told.data == {"try": 3}
    assert told.seq == 1
    assert row is not None
    assert event_of(row) == told


class LosesTheAnswer(Database):
    """A database that is restarted once in the moment in which it has committed a write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loses_next = True

    @property
    def is_postgresql(self) -> bool:
        return self._database.is_postgresql

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with self._database.transaction() as session:
            yield session
        self._lose()

    def _lose(self) -> None:
        loses, self._loses_next = self._loses_next, False
        if loses:
            raise OperationalError("COMMIT", {}, Exception("the connection is gone"))


async def test_a_write_whose_commit_was_not_answered_is_not_made_twice(database: Database) -> None:
    bus = MemoryBus(8)
    ledger = Ledger(LosesTheAnswer(database), bus, SystemClock(), retry_seconds=(0,))

    async def change(entry: Entry) -> str:
        entry.session.add(BasisText(digest="d", text="once"))  # a second one is refused
        entry.tell(EventType.NOTE, "c1", AUDIENCE, {"kind": "help_requested"})
        return "made"

    async def later(entry: Entry) -> None:
        entry.tell(EventType.NOTE, "c2", AUDIENCE, {})

    results: list[str] = []

    async def write() -> None:
        results.append(await ledger.write(change))

    async with bus.subscribe() as happening, anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        tasks.start_soon(ledger.write, later)
        told = [await happening.receive() for _ in range(2)]

    assert results == ["made"]
    assert [(event.seq, event.call_id) for event in told] == [(1, "c1"), (2, "c2")]


async def test_a_write_that_was_rolled_back_is_made_again_though_another_took_its_number(
    database: Database,
) -> None:
    other = Ledger(database, MemoryBus(8), SystemClock())
    tries = 0

    async def theirs(entry: Entry) -> None:
        entry.tell(EventType.NOTE, "c2", AUDIENCE, {})

    class RollsBack(LosesTheAnswer):
        @asynccontextmanager
        async def transaction(self) -> AsyncIterator[AsyncSession]:
            try:
                async with self._database.transaction() as session:
                    yield session
                    self._lose()
            except OperationalError:
                await other.write(theirs)
                raise

    async def mine(entry: Entry) -> None:
        nonlocal tries
        tries += 1
        entry.tell(EventType.NOTE, "c1", AUDIENCE, {})

    await Ledger(RollsBack(database), MemoryBus(8), SystemClock(), retry_seconds=(0,)).write(mine)
    async with database.transaction() as session:
        stored = (await session.scalars(select(EventRow.call_id).order_by(EventRow.seq))).all()

    assert tries == 2
    assert stored == ["c2", "c1"]


async def test_a_write_that_fails_for_good_leaves_nothing_and_the_next_one_works(
    database: Database,
) -> None:
    ledger = Ledger(database, MemoryBus(8), SystemClock(), retry_seconds=())

    async def broken(entry: Entry) -> None:
        entry.tell(EventType.NOTE, "c1", AUDIENCE, {})
        raise LookupError

    async def whole(entry: Entry) -> datetime:
        entry.tell(EventType.NOTE, "c1", AUDIENCE, {})
        return entry.now

    with pytest.raises(LookupError):
        await ledger.write(broken)
    written_at = await ledger.write(whole)

    assert ledger.last_seq == 1
    assert written_at.tzinfo is UTC


async def test_tables_that_another_process_is_writing_to_are_waited_for(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber("言葉")
    async with exchange(settings, transcriber) as office:
        attached = await office.attach("c1")
        other = sqlite3.connect(settings.data_dir / "mimamori.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        attached.call.hear(call_bytes(sentences(1)))
        await office.until(lambda: len(transcriber.heard) == 1)
        other.execute("COMMIT")
        other.close()
        await office.registry.stop(attached, "stop")

        assert await office.texts("c1") == ["言葉"]
