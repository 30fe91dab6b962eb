"""A purge deletes what is due, wherever it lies, and nothing else; it proves it; cut off, the next one finishes."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, String, cast, func, select, text, update

from app.db import Database
from app.errors import Conflict
from app.models import Call
from app.retention.models import Deletion, LegalHold, PurgeRun
from app.retention.places import BY_CALL_ID, STAYS, conditions_for, rows_left
from app.retention.planning import digest_of_all
from app.retention.purging import purge_due
from app.retention.running import PurgeParts
from app.retention.settings import RetentionSettings
from app.settings import Settings
from app.tables import Base
from app.trail.models import TrailRow
from tests.app.retention.filling import MARK, fill_call
from tests.fakes_clock import FakeClock


def days_ago(clock: FakeClock, days: float) -> datetime:
    return clock.now() - timedelta(days=days)


async def ids_left(database: Database) -> set[str]:
    async with database.transaction() as session:
        return set(await session.scalars(select(Call.id)))


async def words_in_tables(database: Database) -> list[str]:
    """Return every column of every table that holds the marked word."""
    found = []
    async with database.transaction() as session:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                rows = await session.scalars(select(column))
                if any(MARK in str(value) for value in rows if value is not None):
                    found.append(f"{table.name}.{column.name}")
    return found


def files_with(folder: Path, mark: str) -> list[str]:
    """Return the files below *folder* that hold *mark*, as text or as JSON writes it."""
    forms = (mark.encode(), mark.encode("unicode_escape"), mark.encode("utf-16-le"))
    return [
        file.name
        for file in sorted(folder.rglob("*"))
        if file.is_file() and any(form in file.read_bytes() for form in forms)
    ]


async def test_a_due_call_goes_from_every_table_and_leaves_no_word_in_any_file(
    parts: PurgeParts, trailed: Database, clock: FakeClock, either: Settings
) -> None:
    async with trailed.transaction() as session:
        await fill_call(session, "old", ended_at=days_ago(clock, 366))  # it has a report
    before = await words_in_tables(trailed)

    purged = await purge_due(parts)

    assert len(before) > 30
    assert await ids_left(trailed) == set()
    assert await words_in_tables(trailed) == []
    assert files_with(either.data_dir, MARK) == []
    assert purged.failed == 0


async def test_calls_that_are_young_live_held_or_incidents_stay_as_they_are(
    parts: PurgeParts, trailed: Database, clock: FakeClock
) -> None:
    async with trailed.transaction() as session:
        await fill_call(session, "due", ended_at=days_ago(clock, 40))
        await fill_call(session, "young", ended_at=days_ago(clock, 29))
        await fill_call(session, "live", ended_at=None)
        await fill_call(session, "held", ended_at=days_ago(clock, 400))
        await fill_call(session, "incident", ended_at=days_ago(clock, 300))
        await fill_call(session, "old incident", ended_at=days_ago(clock, 366))
        for incident in ("incident", "old incident"):
            await session.execute(
                text("UPDATE judgements SET verdict = 'harassment' WHERE call_id = :call_id"),
                {"call_id": incident},
            )
        # Reports would make all of them incidents.
        await session.execute(text("DELETE FROM incident_report_steps"))
        await session.execute(text("DELETE FROM incident_reports"))
        session.add(
            LegalHold(call_id="held", reason="訴訟", by_login="kansa", at=clock.now(), until=None)
        )

    await purge_due(parts)

    assert await ids_left(trailed) == {"young", "live", "held", "incident"}
