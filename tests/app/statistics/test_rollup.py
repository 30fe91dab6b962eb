"""Counts outlive their calls: a deleted call is counted as it was, once, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, insert, select, text

from app.db import Database, open_database
from app.models import Call
from app.settings import Settings
from app.statistics.facts import Tally, tallied
from app.statistics.gathering import facts_between, hold_still
from app.statistics.models import StatisticsMonth
from app.statistics.rollup import OPERATORS, keep, kept, month_span
from tests.app.statistics.year import APRIL, call_row, fill_month, stream_token

SECTIONS = ("市民課", "道路課")
NOON = datetime(2026, 4, 10, 3, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, settings: Settings) -> str:
    """Address of one database and of the other."""
    if request.param == "sqlite":
        return settings.async_database_url
    plain = SecretStr(request.getfixturevalue("postgres_url"))
    return settings.model_copy(update={"database_url": plain}).async_database_url


@pytest.fixture
async def either(address: str) -> AsyncIterator[Database]:
    async with open_database(address) as database:
        yield database


async def counted(database: Database) -> dict[tuple[str, str], Tally]:
    """Return what living and deleted calls of April count together."""
    start, end = month_span("2026-04")
    async with database.transaction() as session:
        facts, _ = await facts_between(session, start, end)
        found = await kept(session, "2026-04", "2026-04")
    for place, tally in tallied(facts).items():
        found[place] = found.get(place, Tally()) + tally
    return {
        place: Tally({c: a for c, a in tally.cells.items() if c[0] != OPERATORS})
        for place, tally in found.items()
    }


async def purge(database: Database, call_ids: list[str]) -> None:
    async with database.transaction() as session:
        await keep(session, call_ids)
        await session.execute(delete(Call).where(Call.id.in_(call_ids)))


async def test_figures_stay_when_calls_are_deleted_day_by_day(either: Database) -> None:
    await fill_month(either, APRIL, SECTIONS, 150)
    before = await counted(either)
    async with either.transaction() as session:
        ids = list(await session.scalars(select(Call.id).order_by(Call.started_at)))

    for first in range(0, len(ids), 40):
        await purge(either, ids[first : first + 40])

    async with either.transaction() as session:
        assert (await session.scalars(select(Call.id))).all() == []
        people = await kept(session, "2026-04", "2026-04")
    assert await counted(either) == before
    assert {tally.count(OPERATORS) for tally in people.values()} == {4}


async def test_what_is_kept_holds_neither_words_nor_persons(either: Database) -> None:
    await fill_month(either, APRIL, SECTIONS, 40)
    async with either.transaction() as session:
        ids = list(await session.scalars(select(Call.id)))
    await purge(either, ids)

    async with either.transaction() as session:
        rows = (await session.scalars(select(StatisticsMonth))).all()
        told = str([vars(row) for row in rows])
    assert rows
    assert all(name not in told for name in ("op0-", "mori", "kansa", "sato", ids[0]))


async def test_a_call_that_repeats_a_deleted_one_still_counts_as_repeated(either: Database) -> None:
    async with either.transaction() as session:
        token = await stream_token(session)
        calls = [
            call_row(token, NOON + timedelta(days=days), caller_hash="h" * 64, caller_key_id="k")
            for days in (0, 9, 60)
        ]
        await session.execute(insert(Call), calls)
    await purge(either, [calls[0]["id"]])
    await purge(either, [calls[1]["id"]])

    found = await counted(either)

    assert found["2026-04", "市民課"].count("calls") == 2
    assert found["2026-04", "市民課"].count("repeated") == 1


async def test_calls_deleted_while_somebody_counts_are_counted_once(either: Database) -> None:
    await fill_month(either, APRIL, SECTIONS, 20)
    start, end = month_span("2026-04")

    async with either.transaction() as session:
        await hold_still(session)
        facts, _ = await facts_between(session, start, end)
        await purge(either, [fact.call_id for fact in facts])
        gone = await kept(session, "2026-04", "2026-04")

    assert (len(facts), gone) == (20, {})


async def test_a_deletion_that_breaks_off_keeps_nothing(either: Database) -> None:
    await fill_month(either, APRIL, SECTIONS, 20)
    before = await counted(either)

    async def broken_off() -> None:
        async with either.transaction() as session:
            await keep(session, list(await session.scalars(select(Call.id))))
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await broken_off()

    assert await counted(either) == before
    async with either.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM statistics_months")) == 0
