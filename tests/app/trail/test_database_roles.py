"""The server's role on PostgreSQL: it serves a call from end to end, and cannot change what was written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio.to_thread
import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from app.auth.identity import Role
from app.db import migrate
from app.errors import BadRequest
from app.retention.wiping import Wiped, wipe
from app.settings import Settings
from app.trail.opening import open_trail_keys
from app.trail.roles import NEVER_CHANGED, NEVER_DELETED, statements
from app.trail.verifying import verify
from tests.app.running import RunningServer, in_own_task, running_server, send
from tests.app.sounds import call_bytes, sentences
from tests.app.test_stream import begin, stop
from tests.fakes_transcriber import ScriptedTranscriber

ROLE = "mimamori_test_server"
THREAT = "今からそっちに行って刺してやるからな"


@dataclass(frozen=True, slots=True)
class Owned:
    """A database whose tables belong to one role and are served by another."""

    settings: Settings
    served_as: str

    async def refused(self, statement: str) -> bool:
        """Say whether the database refuses *statement* to the server's role for want of rights."""
        connection = await asyncpg.connect(self.served_as)
        try:
            await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            return True
        finally:
            await connection.close()
        return False


@pytest.fixture
async def owned(settings: Settings, postgres_url: str) -> Owned:
    as_owner = settings.model_copy(update={"database_url": SecretStr(postgres_url)})
    await anyio.to_thread.run_sync(migrate, as_owner.async_database_url)
    connection = await asyncpg.connect(postgres_url)
    try:
        for _ in range(2):  # again after an update
            for statement in statements(ROLE):
                await connection.execute(statement)
    finally:
        await connection.close()
    served_as = make_url(postgres_url).set(username=ROLE).render_as_string(hide_password=False)
    serving = settings.model_copy(update={"database_url": SecretStr(served_as)})
    return Owned(serving, served_as)


@pytest.fixture
async def server(owned: Owned) -> AsyncIterator[RunningServer]:
    async with in_own_task(running_server(owned.settings, ScriptedTranscriber(THREAT))) as running:
        yield running


@pytest.mark.postgres
async def test_the_servers_role_carries_a_call_and_everything_that_people_do_about_it(
    owned: Owned, server: RunningServer
) -> None:
    supervisor, auditor = await server.token(Role.SUPERVISOR), await server.token(Role.AUDITOR)
    administrator = await server.token(Role.ADMINISTRATOR)

    async with server.stream() as stream, server.client(supervisor) as client:
        await begin(stream, call_id="c1", operator="sato")
        await send(stream, call_bytes(sentences(1)))
        helped = await client.post("/v1/calls/c1/help", json={"reason": "応援"})
        await stop(stream)
        alert = (await client.get("/v1/calls/c1")).json()["alerts"][0]["alert_id"]
        false = await client.post(f"/v1/alerts/{alert}/false-alarm")
    async with server.client(auditor) as client:
        looks = await client.get("/v1/calls/c1/trail")
        figures = await client.get("/v1/statistics")
    async with server.client(administrator) as client:
        rule = {"rule": "mental.x", "category": "mental_attack", "decision": "reviewed"}
        reviewed = await client.post("/v1/rules/reviews", json={**rule, "note": "確認"})
    found = await verify(server.services.database, open_trail_keys(owned.settings.data_dir))

    assert [helped.status_code, false.status_code, figures.status_code] == [204, 204, 200]
    assert reviewed.status_code in (204, 404)
    assert "call.help_requested" in {link["kind"] for link in looks.json()["links"]}
    assert found.sound


@pytest.mark.postgres
async def test_the_database_refuses_the_servers_role_every_change_of_what_was_written(
    owned: Owned, server: RunningServer
) -> None:
    await server.token(Role.AUDITOR)

    assert await owned.refused("UPDATE trail SET subject = 'x'")
    assert await owned.refused("DELETE FROM trail")
    assert await owned.refused("TRUNCATE trail")
    assert await owned.refused("DROP TRIGGER trail_is_append_only ON trail")
    assert [t for t in NEVER_DELETED if not await owned.refused(f"DELETE FROM {t}")] == []
    assert [t for t in NEVER_CHANGED if not await owned.refused(f"TRUNCATE {t}")] == []
    assert await owned.refused("UPDATE judgements SET verdict = 'harassment'")
    assert await owned.refused("UPDATE rule_reviews SET note = ''")
    assert await owned.refused("UPDATE alembic_version SET version_num = '0001'")
    assert await owned.refused("CREATE TABLE another (id int)")


@pytest.mark.postgres
async def test_the_servers_role_frees_what_a_purge_has_deleted_and_says_where_it_may_not(
    owned: Owned, postgres_url: str
) -> None:
    async def wiped() -> Wiped:
        url = owned.settings.async_database_url
        return await wipe(url, ["calls", "utterances"], compact=True, idle=lambda: True)

    granted = await wiped()
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute(f"REVOKE MAINTAIN ON utterances FROM {ROLE}")
    finally:
        await connection.close()

    assert (granted, await wiped()) == (Wiped.VACUUMED, Wiped.LEFT)


def test_a_role_whose_name_would_have_to_be_quoted_is_refused() -> None:
    with pytest.raises(BadRequest):
        statements('x"; DROP TABLE trail; --')
