"""The tables about callers are what the models say, and are read alike on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import Connection, inspect, select, update

from app.auth.administration import Administration
from app.auth.identity import Identity, Role
from app.callers.models import CALLS, CallerMeasure, CallMatter
from app.callers.number import StoredHash
from app.callers.repository import (
    earlier_calls,
    forget_hashes,
    matters_of,
    measures_for,
    numbers_of,
)
from app.db import Database, open_database
from app.models import Base, Call
from app.settings import Settings
from tests.fakes_clock import FakeClock

OWN = {"call_matters", "caller_measures"}
STORED = StoredHash("0123456789abcdef", "a" * 64)
MORI = Identity("mori", "森", Role.SUPERVISOR, "市民課")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'either.db'}"
    plain: str = request.getfixturevalue("postgres_url")
    return Settings(database_url=SecretStr(plain)).async_database_url


@pytest.fixture
async def either(either_url: str) -> AsyncIterator[Database]:
    async with open_database(either_url) as opened:
        yield opened


async def test_migrated_tables_are_what_the_models_say(either: Database) -> None:
    async with either.transaction() as session:
        connection = await session.connection()
        differences = await connection.run_sync(_differences)
        columns, indexes = await connection.run_sync(_of_calls)

    assert differences == []
    assert {"caller_hash", "caller_key_id"} <= columns
    assert indexes["ix_calls_caller_hash_started_at"] == ["caller_hash", "started_at"]


async def test_callers_are_found_and_forgotten(either: Database, clock: FakeClock) -> None:
    made = await Administration(either, clock).create_token(
        name="exchange", role=Role.STREAM, section="市民課"
    )
    now = clock.now()
    async with either.transaction() as session:
        for call_id, days in (("old", 91), ("before", 3), ("now", 0)):
            began = now - timedelta(days=days)
            session.add(
                Call(
                    id=call_id,
                    token_id=made.token.id,
                    operator="sato",
                    section="市民課",
                    caller_number="09012345678",
                    stream_format={},
                    started_at=began,
                    ended_at=began,
                )
            )
            await session.flush()
        await session.execute(
            update(CALLS).values(caller_hash=STORED.hash, caller_key_id=STORED.key_id)
        )
        session.add(CallMatter(call_id="before", matter="件", answer="答", by_login="mori", at=now))
        session.add(_approved(clock))

    async with either.transaction() as session:
        found = await earlier_calls(session, [STORED.hash], MORI, call_id="now", began_at=now)
        numbers = await numbers_of(session, MORI, [STORED.hash])
        matters = await matters_of(session, ["before", "now"])
        measures = await measures_for(session, [STORED.hash], "市民課")
        elsewhere = await measures_for(session, [STORED.hash], "税務課")
        forgotten = await forget_hashes(session, now - timedelta(days=90))

    assert [(one.call_id, one.started_at) for one in found] == [("before", now - timedelta(days=3))]
    assert {caller: call.id for caller, call in numbers.items()} == {STORED.hash: "old"}
    assert set(matters) == {"before"}
    assert [len(measures), len(elsewhere), forgotten] == [1, 0, 1]


async def test_what_was_noted_goes_with_its_call_and_a_measure_stays(
    either: Database, clock: FakeClock
) -> None:
    made = await Administration(either, clock).create_token(
        name="exchange", role=Role.STREAM, section="市民課"
    )
    async with either.transaction() as session:
        call = Call(id="c1", token_id=made.token.id, stream_format={}, started_at=clock.now())
        session.add(call)
        await session.flush()
        session.add(
            CallMatter(call_id="c1", matter="件", answer="答", by_login="mori", at=clock.now())
        )
        measure = _approved(clock)
        measure.call_id = "c1"
        session.add(measure)

    async with either.transaction() as session:
        await session.execute(CALLS.delete().where(CALLS.c.id == "c1"))
    async with either.transaction() as session:
        matters = (await session.scalars(select(CallMatter))).all()
        [kept] = (await session.scalars(select(CallerMeasure))).all()

    assert matters == []
    assert (kept.call_id, kept.caller_hash) == (None, STORED.hash)


def _approved(clock: FakeClock) -> CallerMeasure:
    return CallerMeasure(
        caller_hash=STORED.hash,
        caller_key_id=STORED.key_id,
        section="市民課",
        office_wide=False,
        kind="several_persons",
        detail="",
        reason="理由",
        words="言葉",
        clause="方針",
        begins_on=clock.now().date(),
        ends_on=clock.now().date() + timedelta(days=365),
        requested_by="mori",
        requested_at=clock.now(),
        approved_by="okada",
        approved_at=clock.now(),
        lift_reason="",
    )


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "include_name": lambda name, kind, _parents: kind != "table" or name in OWN,
            "include_object": lambda found, name, kind, _reflected, _compared: (
                kind != "table" or name in OWN
            ),
        },
    )
    return list(compare_metadata(context, Base.metadata))


def _of_calls(connection: Connection) -> tuple[set[str], dict[str, list[str | None]]]:
    reads = inspect(connection)
    columns = {str(column["name"]) for column in reads.get_columns("calls")}
    indexes = {
        str(index["name"]): list(index["column_names"]) for index in reads.get_indexes("calls")
    }
    return columns, indexes
