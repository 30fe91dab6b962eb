"""The look-up of a caller goes by the index, over a million calls as over ten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.dialects import sqlite

from app.auth.identity import Identity, Role
from app.callers.models import CALLS
from app.callers.repository import earlier_calls, earlier_calls_query, forget_hashes
from tests.app.callers.office import NUMBER, SECTION, Office

PEOPLE = [
    Identity("sato", "佐藤", Role.OPERATOR, SECTION),
    Identity("mori", "森", Role.SUPERVISOR, SECTION),
    Identity("kanda", "神田", Role.AUDITOR, SECTION),
    Identity("kanda", "神田", Role.AUDITOR, ""),
]

MANY_CALLS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO calls (id, token_id, operator, section, caller_number, called_number, stream_format,
    started_at, end_reason, duration_ms, level, top_level, outcome, content, manner,
    warnings_spoken, policy_version, detector_version, caller_hash, caller_key_id)
SELECT 'many-' || i, token_id, operator, section, '', '', stream_format, started_at, '', 0, 0, 0,
    'ordinary', 0, 0, 0, '', '', printf('%064d', i), caller_key_id FROM n, calls WHERE id = 'one'
"""


@pytest.mark.parametrize("identity", PEOPLE, ids=lambda one: f"{one.role}-{one.section or 'all'}")
@pytest.mark.parametrize("analysed", [False, True])
async def test_sqlite_finds_a_caller_by_the_index(
    calling: Office, identity: Identity, analysed: bool
) -> None:
    await calling.begin("one")
    query = earlier_calls_query(
        ["a" * 64, "b" * 64], identity, call_id="one", began_at=calling.clock.now()
    )
    sql = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))

    async with calling.database.transaction() as session:
        await session.execute(text(MANY_CALLS))
        if analysed:
            await session.execute(text("ANALYZE"))
        connection = await session.connection()
        plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")).all()

    steps = " ".join(str(step.detail) for step in plan)
    assert "USING INDEX ix_calls_caller_hash_started_at (caller_hash=? AND started_at>" in steps
    assert "SCAN calls" not in steps


async def test_only_the_calls_of_one_number_are_read(calling: Office) -> None:
    await calling.begin("one", hours_ago=1)
    await calling.begin("another", number="03-1111-2222", hours_ago=1)
    stored = calling.keys.hash_of_caller(NUMBER)
    assert stored is not None

    async with calling.database.transaction() as session:
        found = await earlier_calls(
            session, [stored.hash], PEOPLE[1], call_id="now", began_at=calling.clock.now()
        )

    assert [one.call_id for one in found] == ["one"]


async def test_hashes_that_no_look_up_needs_any_more_can_be_taken_off(calling: Office) -> None:
    await calling.begin("old", hours_ago=24 * 91)
    await calling.begin("new")

    async with calling.database.transaction() as session:
        forgotten = await forget_hashes(session, calling.clock.now() - timedelta(days=90))
        left = await session.scalar(
            select(func.count()).select_from(CALLS).where(CALLS.c.caller_hash.is_not(None))
        )

    assert (forgotten, left) == (1, 1)
