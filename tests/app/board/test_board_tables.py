"""The board's queries on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.board.schemas import BoardOut
from app.board.view import board_view
from app.db import Database, open_database
from app.health import Health, Status
from app.joining.models import JoinRow
from app.models import Call
from app.settings import Settings
from tests.app.board.filled import action_row, add_live_calls, alert_row
from tests.app.board.measure_board import NO_LIMITS, SUPERVISOR
from tests.fakes_clock import MONDAY_MORNING as NOW


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, settings: Settings) -> str:
    if request.param == "sqlite":
        return settings.async_database_url
    plain: str = request.getfixturevalue("postgres_url")
    return Settings(database_url=SecretStr(plain)).async_database_url


@pytest.fixture
async def tables(url: str) -> AsyncIterator[Database]:
    async with open_database(url) as opened:
        yield opened


async def read(tables: Database, section: str = SUPERVISOR.section) -> BoardOut:
    async with tables.transaction() as session:
        return await board_view(
            session,
            replace(SUPERVISOR, section=section),
            Health(0, Status.OK),
            call_ids=None,
            warning_limit=3,
            limits=NO_LIMITS,
        )


async def test_everything_about_a_call_is_read_on_both_databases(tables: Database) -> None:
    async with tables.transaction() as session:
        first, second = await add_live_calls(session, NOW, count=2, utterances=5, events=100)
        session.add_all(
            (
                alert_row(first, "persistence", 1, NOW),
                alert_row(first, "mental_attack", 2, NOW),
                action_row(first, "help_requested", "op0", NOW, "代わってほしい"),
                JoinRow(
                    call_id=second,
                    login="tanaka",
                    display_name="田中",
                    listening=True,
                    joined_at=NOW,
                    left_at=None,
                ),
            )
        )

    one, other = (await read(tables)).calls

    assert [alert.categories for alert in one.alerts] == [["mental_attack"], ["persistence"]]
    assert (one.last_words, one.stalemate_ms) == ("4番目の発話です。", 99_000)
    assert one.help is not None
    assert (one.help.text, one.help.since) == ("代わってほしい", NOW)
    assert other.help is None
    assert [person.login for person in other.joined] == ["tanaka"]


async def test_calls_stand_in_the_order_in_which_they_began(tables: Database) -> None:
    async with tables.transaction() as session:
        ids = await add_live_calls(session, NOW, count=5)
        latest = await session.get(Call, ids[0])
        assert latest is not None
        latest.started_at = NOW + timedelta(hours=1)

    assert [call.call_id for call in (await read(tables)).calls] == [*ids[1:], ids[0]]


async def test_an_office_without_sections_has_one_board(tables: Database) -> None:
    async with tables.transaction() as session:
        ids = await add_live_calls(session, NOW, count=2, section="", prefix="none")
        await add_live_calls(session, NOW, count=2)

    assert [call.call_id for call in (await read(tables, section="")).calls] == ids


async def test_the_number_is_that_of_the_last_event(tables: Database) -> None:
    async with tables.transaction() as session:
        await add_live_calls(session, NOW, count=3, events=7)

    assert (await read(tables)).seq == 21
