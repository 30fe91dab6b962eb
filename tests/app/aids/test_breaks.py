"""Breaks: proposed once after a hard call, also after a crash; only what waits is ever shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.dialects import sqlite
from websockets.asyncio.client import ClientConnection

from app.aids.breaks import BreakProposals
from app.aids.records import waiting_breaks_query
from app.auth.identity import Role
from app.db import Database
from app.models import Call, StaffAction
from app.settings import Settings
from tests.app.joining.at_a_call import CALL, told
from tests.app.joining.joined_server import JoinedServer, Person, joined_server
from tests.app.running import hear, hear_until, say, send
from tests.app.sounds import call_bytes, sentences
from tests.fakes_clock import FakeClock
from tests.fakes_transcriber import ScriptedTranscriber

THREAT = "今からそっちに行って刺してやるからな"


@pytest.fixture
def transcriber() -> ScriptedTranscriber:
    return ScriptedTranscriber(THREAT)


@pytest.fixture
async def kato(server: JoinedServer) -> AsyncIterator[Person]:
    async with server.person("kato") as supervisor:
        yield supervisor


@pytest.fixture
async def screen(kato: Person) -> AsyncIterator[ClientConnection]:
    async with kato.screen() as opened:
        yield opened


async def threatened(server: JoinedServer, operator: str = "sato", call_id: str = CALL) -> None:
    """Let a call be threatened and end."""
    async with server.running.stream() as line:
        await say(line, {"type": "start", "call_id": call_id, "operator": operator})
        await hear(line)
        await send(line, call_bytes(sentences(1)))
        await say(line, {"type": "stop", "reason": "hangup"})
        await hear_until(line, "stopped")


async def waiting(person: Person) -> list[dict[str, Any]]:
    answer = (await person.client.get("/v1/breaks")).raise_for_status()
    found: list[dict[str, Any]] = answer.json()["breaks"]
    return found


async def test_a_break_is_proposed_after_a_threat_and_goes_once_it_is_answered(
    server: JoinedServer, kato: Person, screen: ClientConnection
) -> None:
    async with server.person("sato", Role.OPERATOR) as sato:
        await threatened(server)
        proposed = await told(screen, "break_proposed")
        (one,) = await waiting(kato)
        own = (await sato.client.get(f"/v1/calls/{CALL}/aids")).json()
        given = await kato.post(f"/v1/breaks/{CALL}", {"answer": "given"})
        again = await kato.post(f"/v1/breaks/{CALL}", {"answer": "not_needed"})
        answered = await told(screen, "break_given")

    assert (proposed["data"]["because"], proposed["data"]["by"]) == ("stop", "")
    assert (one["call_id"], one["display_name"], one["because"]) == (CALL, "satoさん", "stop")
    assert own["break_proposed"] is True
    assert given.status_code == httpx.codes.NO_CONTENT
    assert (again.status_code, again.json()["code"]) == (409, "break_answered")
    assert answered["data"]["by"] == "kato"
    assert await waiting(kato) == []


async def test_an_ordinary_call_and_one_of_nobody_propose_nothing(
    server: JoinedServer,
    transcriber: ScriptedTranscriber,
    kato: Person,
    screen: ClientConnection,
) -> None:
    transcriber.say(*[THREAT] * 5)
    await threatened(server, operator="", call_id="nobody")
    await threatened(server, call_id="threat")
    async with server.running.stream() as line:
        await say(line, {"type": "start", "call_id": "quiet", "operator": "sato"})
        await hear(line)
        await say(line, {"type": "stop", "reason": "hangup"})
        await hear_until(line, "stopped")
    await told(screen, "break_proposed")

    assert [one["call_id"] for one in await waiting(kato)] == ["threat"]
    missing = await kato.post("/v1/breaks/quiet", {"answer": "given"})
    assert (missing.status_code, missing.json()["code"]) == (404, "break_unknown")


async def test_a_threat_that_was_a_false_alarm_asks_for_no_break(
    server: JoinedServer,
    transcriber: ScriptedTranscriber,
    kato: Person,
    screen: ClientConnection,
) -> None:
    transcriber.say(*[THREAT] * 5)
    async with server.running.stream() as line:
        await say(line, {"type": "start", "call_id": "false", "operator": "sato"})
        await hear(line)
        await send(line, call_bytes(sentences(1)))
        await hear_until(screen, "transcript.final")
        record = (await kato.client.get("/v1/calls/false")).json()
        for alert in record["alerts"]:
            await kato.post(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        await say(line, {"type": "stop", "reason": "hangup"})
        await hear_until(line, "stopped")
    await threatened(server)
    await told(screen, "break_proposed")

    assert record["call"]["top_level"] == 3
    assert [one["call_id"] for one in await waiting(kato)] == [CALL]


async def test_another_section_sees_and_answers_nothing(
    server: JoinedServer, screen: ClientConnection
) -> None:
    await threatened(server)
    await told(screen, "break_proposed")
    async with server.person("mori", section="税務課") as mori:
        seen = await waiting(mori)
        answer = await mori.post(f"/v1/breaks/{CALL}", {"answer": "given"})

    assert seen == []
    assert answer.status_code in (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND)


@pytest.mark.parametrize("body", [{}, {"answer": "maybe"}, {"answer": "given", "rating": 5}, None])
async def test_an_answer_is_one_of_two(kato: Person, body: Any) -> None:
    answer = await kato.post(f"/v1/breaks/{CALL}", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_a_call_that_ended_while_nobody_listened_is_proposed_once_at_the_next_start(
    server: JoinedServer, kato: Person, screen: ClientConnection
) -> None:
    await threatened(server)
    await told(screen, "break_proposed")
    services = server.running.services
    async with services.database.transaction() as session:
        for row in await session.scalars(_proposals()):
            await session.delete(row)  # as a crash between the end and the proposal leaves it

    async with anyio.create_task_group() as at_once:
        for _ in range(2):
            at_once.start_soon(BreakProposals(services).catch_up)

    assert [one["call_id"] for one in await waiting(kato)] == [CALL]
    async with services.database.transaction() as session:
        assert len((await session.scalars(_proposals())).all()) == 1


async def test_what_is_older_than_eight_hours_waits_no_longer(
    server: JoinedServer, kato: Person, screen: ClientConnection
) -> None:
    await threatened(server)
    await told(screen, "break_proposed")
    services = server.running.services
    long_ago = services.clock.now() - timedelta(hours=8, minutes=1)
    async with services.database.transaction() as session:
        await session.execute(update(StaffAction).values(at=long_ago))
        await session.execute(update(Call).values(ended_at=long_ago))

    await BreakProposals(services).catch_up()

    assert await waiting(kato) == []


async def test_what_waits_is_found_by_the_calls_of_the_day_and_not_by_all_that_was_ever_done(
    database: Database, clock: FakeClock
) -> None:
    query = waiting_breaks_query("市民課", clock.now())
    sql = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))

    async with database.transaction() as session:
        connection = await session.connection()
        plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")).all()

    steps = " ".join(str(step.detail) for step in plan)
    assert "ix_calls_section_started_at (section=? AND started_at>" in steps
    assert steps.count("ix_staff_actions_call_id (call_id=?)") == 2
    assert "SCAN staff_actions" not in steps


def _proposals() -> Any:
    return select(StaffAction).where(StaffAction.kind == "break_proposed")


@pytest.mark.postgres
async def test_on_postgresql_marks_and_breaks_are_the_same(
    settings: Settings, transcriber: ScriptedTranscriber, postgres_url: str
) -> None:
    on_postgres = settings.model_copy(update={"database_url": SecretStr(postgres_url)})
    async with joined_server(on_postgres, transcriber) as server, server.person("kato") as kato:
        async with kato.screen() as screen:
            await threatened(server)
            await told(screen, "break_proposed")
        marked = await kato.post(f"/v1/calls/{CALL}/missed", {"at_ms": 10, "mark_id": "印"})
        await kato.client.put(f"/v1/calls/{CALL}/missed/1", json={"reason": "小声"})
        (one,) = await waiting(kato)
        given = await kato.post(f"/v1/breaks/{CALL}", {"answer": "not_needed"})
        aids = (await kato.client.get(f"/v1/calls/{CALL}/aids")).json()

        assert server.running.services.database.is_postgresql
        assert (marked.status_code, given.status_code) == (201, 204)
        assert one["display_name"] == "sato"  # nobody of that name has an account
        assert [mark["reason"] for mark in aids["missed"]] == ["小声"]
        assert await waiting(kato) == []
