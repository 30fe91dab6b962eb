"""What was told of persons in a call is kept in memory as long as the call is there, and no longer."""

from __future__ import annotations

from sqlalchemy import delete

from app.models import Call
from app.privacy.known import covered_sights, forget_deleted
from tests.app.privacy.conftest import CALL, NAME
from tests.app.running import RunningServer


async def test_the_words_of_a_call_that_another_process_deleted_are_forgotten(
    served: RunningServer,
) -> None:
    database = served.services.database

    async def told() -> frozenset[str]:
        async with database.transaction() as session:
            return (await covered_sights(session, database, [CALL]))[CALL].known

    there = await told()
    await forget_deleted(database)
    still = await told()
    async with database.transaction() as session:
        await session.execute(delete(Call).where(Call.id == CALL))
    await forget_deleted(database)

    assert NAME in there
    assert still == there
    assert await told() == frozenset()
