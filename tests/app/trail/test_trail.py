"""The trail of a running office: who did what stands on it, and nothing on it can be changed unseen."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.auth.administration import Administration
from app.auth.identity import Role
from app.db import Database, open_database
from app.errors import NotSignedIn, Unavailable
from app.settings import Settings
from app.trail.chain import Broken, End, Fault
from app.trail.models import TrailRow
from app.trail.opening import FILE_NAME, open_trail_keys, open_trailed_database
from app.trail.verifying import Verified, verify
from tests.app.running import RunningServer, hear, say
from tests.app.small_office import PASSWORD, open_office
from tests.fakes_clock import FakeClock

SECRET_WORDS = "うちの娘の名前は花子です"


async def links_of(database: Database) -> Sequence[TrailRow]:
    async with database.transaction() as session:
        return (await session.scalars(select(TrailRow).order_by(TrailRow.number))).all()


async def verified(settings: Settings, *, known: End | None = None) -> Verified:
    async with open_database(settings.async_database_url) as database:
        return await verify(database, open_trail_keys(settings.data_dir), known=known)


def forge(settings: Settings, *statements: str) -> None:
    """Change the tables as somebody would who owns the database's file."""
    with sqlite3.connect(settings.data_dir / "mimamori.db") as tables:
        for trigger in ("trail_refuses_update", "trail_refuses_delete"):
            tables.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            tables.execute(statement)


async def write(database: Database, clock: FakeClock) -> None:
    accounts = Administration(database, clock)
    for number in range(4):
        await accounts.create_token(name=f"exchange-{number}", role=Role.STREAM)


async def written(settings: Settings, clock: FakeClock) -> None:
    async with open_trailed_database(settings, clock) as database:
        await write(database, clock)


async def test_what_people_do_about_a_call_is_on_the_trail_by_name_and_without_words(
    server: RunningServer,
) -> None:
    token = await server.token(Role.SUPERVISOR)
    async with server.stream() as stream, server.client(token) as client:
        await say(stream, {"type": "start", "call_id": "c1", "operator": "sato"})
        await hear(stream)
        await client.get("/v1/calls/c1")
        await client.get("/v1/calls/c1")
        await client.post("/v1/calls/c1/help", json={"reason": SECRET_WORDS})
        await client.get("/v1/calls/c1/findings")

    told = [row for row in await links_of(server.services.database) if row.call_id == "c1"]
    assert [(row.kind, row.by_login, row.role) for row in told] == [
        ("call.seen", "token:test", "supervisor"),
        ("call.help_requested", "token:test", "supervisor"),
        ("findings.seen", "token:test", "supervisor"),
    ]
    assert {row.address for row in told} == {"127.0.0.1"}
    assert SECRET_WORDS not in str([vars(row) for row in told])


@pytest.mark.parametrize("what", ["caller", "matter", "aids"])
async def test_whoever_asks_for_a_part_of_a_call_alone_has_looked_at_it(
    server: RunningServer, what: str
) -> None:
    token = await server.token(Role.SUPERVISOR)
    async with server.stream() as stream, server.client(token) as client:
        await say(stream, {"type": "start", "call_id": "c1", "operator": "sato"})
        await hear(stream)
        read = await client.get(f"/v1/calls/c1/{what}")
        await client.get("/v1/measures")

    told = await links_of(server.services.database)
    assert read.status_code == 200
    assert [row.by_login for row in told if row.kind == "call.seen"] == ["token:test"]
    assert [row.by_login for row in told if row.kind == "measure.listed"] == ["token:test"]


async def test_what_was_refused_is_not_told_as_done(server: RunningServer) -> None:
    token = await server.token(Role.OPERATOR)

    async with server.client(token) as client:
        refused = await client.get("/v1/calls/nobody")

    kinds = {row.kind for row in await links_of(server.services.database)}
    assert refused.status_code == 404
    assert "call.seen" not in kinds


async def test_accounts_tokens_and_signing_in_are_on_the_trail(
    settings: Settings, clock: FakeClock
) -> None:
    async with open_trailed_database(settings, clock) as database:
        office = open_office(settings, database, clock)
        browser = await office.signed_in("sato", Role.OPERATOR)
        for login in ("sato", "a password in the wrong field"):
            with pytest.raises(NotSignedIn):
                await office.accounts.sign_in(login, "wrong", address="192.0.2.9")
        made = await office.administration.create_token(name="exchange", role=Role.STREAM)
        await office.administration.revoke_token(made.token.id)
        assert browser is not None
        told = await links_of(database)

    kinds = [row.kind for row in told]
    refused = [(row.subject, row.address) for row in told if row.kind == "session.refused"]
    assert kinds[0] == "account.created"
    assert {"session.began", "account.password", "session.ended"} < set(kinds)
    assert kinds[-2:] == ["token.created", "token.revoked"]
    assert refused == [("sato", "192.0.2.9"), ("", "192.0.2.9")]


async def test_a_session_that_ends_is_told_of_its_person_and_a_role_only_when_it_changed(
    settings: Settings, clock: FakeClock
) -> None:
    async with open_trailed_database(settings, clock) as database:
        office = open_office(settings, database, clock)
        browser = await office.signed_in("sato", Role.OPERATOR)
        suzuki = await office.person("suzuki", Role.ADMINISTRATOR)
        so_far = len(await links_of(database))
        await browser.sign_in("suzuki", PASSWORD)  # at the same desk
        await office.accounts.sign_out("a cookie from last week")
        await office.administration.change_user(
            suzuki, display_name="鈴木 主幹", role=Role.ADMINISTRATOR
        )
        told = (await links_of(database))[so_far:]

    assert [(row.kind, row.by_login, row.role, row.address) for row in told[:2]] == [
        ("session.began", "suzuki", "administrator", "192.0.2.10"),
        ("session.ended", "sato", "operator", "192.0.2.10"),
    ]
    assert [row.kind for row in told[2:]] == ["account.name"]


async def test_a_deed_that_was_not_done_leaves_no_link(
    settings: Settings, clock: FakeClock
) -> None:
    async with open_trailed_database(settings, clock) as database:
        accounts = Administration(database, clock)
        await accounts.create_user(login="sato", display_name="佐藤", role=Role.OPERATOR)
        before = len(await links_of(database))
        with pytest.raises(Exception, match="すでに使われています"):
            await accounts.create_user(login="sato", display_name="佐藤", role=Role.OPERATOR)

        assert len(await links_of(database)) == before
    assert (await verified(settings)).sound


async def test_writers_at_the_same_time_make_one_chain(either: Settings, clock: FakeClock) -> None:
    async with AsyncExitStack() as processes:
        databases = [
            await processes.enter_async_context(open_trailed_database(either, clock))
            for _ in range(3)
        ]
        async with anyio.create_task_group() as tasks:
            for database in databases:
                tasks.start_soon(write, database, clock)
                tasks.start_soon(write, database, clock)

    found = await verified(either)

    assert found.sound
    assert found.links == 24


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE trail SET subject = 'exchange-9' WHERE number = 3", Broken(3, Fault.CHANGED)),
        (
            "UPDATE trail SET at = '2020-01-01 00:00:00.000000' WHERE number = 2",
            Broken(2, Fault.CHANGED),
        ),
        ("DELETE FROM trail WHERE number = 2", Broken(2, Fault.MISSING)),
        ("DELETE FROM trail WHERE number = 4", Broken(4, Fault.SHORTENED)),
        ("UPDATE trail SET number = number + 1 WHERE number = 4", Broken(4, Fault.MISSING)),
        ("DELETE FROM trail_end", Broken(5, Fault.SHORTENED)),
    ],
)
async def test_a_changed_byte_is_found_at_its_place(
    settings: Settings, clock: FakeClock, statement: str, broken: Broken
) -> None:
    await written(settings, clock)

    forge(settings, statement)

    assert (await verified(settings)).broken == broken


async def test_an_end_cut_off_together_with_its_mark_is_found_by_what_was_noted_before(
    settings: Settings, clock: FakeClock
) -> None:
    await written(settings, clock)
    noted = (await verified(settings)).end

    forge(
        settings,
        "DELETE FROM trail WHERE number = 4",
        "UPDATE trail_end SET number = 3, seal = (SELECT seal FROM trail WHERE number = 3)",
    )

    assert (await verified(settings)).sound
    assert (await verified(settings, known=noted)).broken == Broken(4, Fault.SHORTENED)


async def test_a_record_rewritten_behind_the_trail_is_named(
    server: RunningServer, settings: Settings
) -> None:
    token = await server.token(Role.SUPERVISOR)
    async with server.stream() as stream, server.client(token) as client:
        await say(stream, {"type": "start", "call_id": "c1", "operator": "sato"})
        await hear(stream)
        await client.post("/v1/calls/c1/help", json={"reason": "代わってほしい"})
    [number] = [
        row.number
        for row in await links_of(server.services.database)
        if row.kind == "call.help_requested"
    ]

    forge(settings, "UPDATE staff_actions SET by_login = 'suzuki'")

    assert (await verified(settings)).altered == (number,)


@pytest.mark.parametrize("forbidden", ["UPDATE trail SET role = ''", "DELETE FROM trail"])
async def test_the_database_itself_refuses_to_change_what_is_written(
    either: Settings, clock: FakeClock, forbidden: str
) -> None:
    async with open_trailed_database(either, clock) as database:
        await write(database, clock)

        with pytest.raises(DBAPIError, match="append-only"):
            async with database.transaction() as session:
                await session.execute(text(forbidden))

    assert (await verified(either)).links == 4


def test_a_spoilt_file_of_keys_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("no key")

    with pytest.raises(Unavailable, match="控えから戻してください"):
        open_trail_keys(tmp_path)
