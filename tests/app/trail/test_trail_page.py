"""The trail over REST: each role its part, page by page; what is broken is named; every kind has a word."""

from __future__ import annotations

import ast
import csv
import io
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest
from sqlalchemy import insert

from app.auth.identity import Identity, Role
from app.models import Call
from app.retention.asking import WAITING
from app.retention.person_pages import STATES
from app.screens.catalogues import catalogue_of
from app.screens.language import Language
from app.settings import Settings
from app.trail.chain import Deed
from app.trail.looking import Look
from app.trail.sight import OF_ACCOUNTS, TrailSight, trail_sight
from app.trail.words import FAMILIES, KINDS, NAMELESS, every_word, kind_words
from app.trail.writing import INFO, record
from tests.app.running import RunningServer, in_own_task, running_server
from tests.app.statistics.year import call_row, stream_token
from tests.fakes_transcriber import ScriptedTranscriber

APP = Path(__file__).resolve().parents[3] / "app"
NOON = datetime(2026, 6, 10, 3, 0, tzinfo=UTC)


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[RunningServer]:
    async with in_own_task(running_server(settings, ScriptedTranscriber())) as running:
        yield running


async def with_deeds(server: RunningServer) -> None:
    """Deeds about an ended call of each of two sections, a live one, a deleted one, and of accounts."""
    async with server.services.database.transaction() as session:
        token = await stream_token(session)
        calls = [
            call_row(token, NOON, id="mine", section="市民課"),
            call_row(token, NOON, id="other", section="道路課"),
            call_row(token, NOON, id="live", section="市民課", ended_at=None),
        ]
        await session.execute(insert(Call), calls)
        for call_id in ("mine", "other", "live", "deleted"):
            await record(session, Deed("call.seen", by_login="sato", call_id=call_id))
        await record(session, Deed("session.began", by_login="sato"))
        await record(session, Deed("search.made", by_login="kansa"))


async def read(server: RunningServer, role: Role, of: str = "", **query: str) -> httpx.Response:
    async with server.client(await server.token(role, of)) as client:
        return await client.get("/v1/trail", params=query)


def calls_in(answer: httpx.Response) -> set[str]:
    return {link["call_id"] for link in answer.json()["links"]} - {""}


def kinds_in(answer: httpx.Response) -> set[str]:
    return {link["kind"] for link in answer.json()["links"]}


async def test_each_role_reads_its_part_of_the_trail_and_no_other(server: RunningServer) -> None:
    await with_deeds(server)

    everything = await read(server, Role.AUDITOR)
    section = await read(server, Role.AUDITOR, "市民課")
    accounts = await read(server, Role.ADMINISTRATOR)
    supervisor = await read(server, Role.SUPERVISOR, "市民課")

    assert calls_in(everything) == {"mine", "other", "deleted"}
    assert "search.made" in kinds_in(everything)
    assert not any(kind.partition(".")[0] in OF_ACCOUNTS for kind in kinds_in(everything))
    assert (calls_in(section), kinds_in(section)) == ({"mine"}, {"call.seen"})
    assert calls_in(accounts) == set()
    assert {"session.began", "token.created"} <= kinds_in(accounts)
    assert "search.made" not in kinds_in(accounts)
    assert supervisor.status_code == 403


async def test_the_trail_is_narrowed_by_person_kind_call_and_day(server: RunningServer) -> None:
    await with_deeds(server)
    today = f"{server.services.clock.now():%Y-%m-%d}"

    by = await read(server, Role.AUDITOR, by="kansa")
    family = await read(server, Role.AUDITOR, kind="call.")
    call = await read(server, Role.AUDITOR, call="other")
    past = await read(server, Role.AUDITOR, until="2020-01-01")
    wrong = await read(server, Role.AUDITOR, since=today, until="2020-01-01")
    nul = await read(server, Role.AUDITOR, by="a\0b")

    assert kinds_in(by) == {"search.made"}
    assert kinds_in(family) == {"call.seen"}
    assert calls_in(call) == {"other"}
    assert past.json()["links"] == []
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_days")
    assert nul.status_code == 400


async def test_pages_follow_each_other_without_gap_or_repeat(server: RunningServer) -> None:
    async with server.services.database.transaction() as session:
        for number in range(230):
            await record(session, Deed("search.made", by_login="kansa", subject=str(number)))

    told: list[str] = []
    before: dict[str, str] = {}
    while True:
        page = (await read(server, Role.AUDITOR, by="kansa", **before)).json()
        told += [link["subject"] for link in page["links"]]
        if page["next_before"] is None:
            break
        before = {"before": str(page["next_before"])}

    assert told == [str(number) for number in reversed(range(230))]


async def test_who_looked_at_a_call_is_told_to_those_who_may_see_it(server: RunningServer) -> None:
    await with_deeds(server)
    supervisor = await server.token(Role.SUPERVISOR, "市民課")
    async with server.client(supervisor) as client:
        mine = await client.get("/v1/calls/mine/trail")
        other = await client.get("/v1/calls/other/trail")
        exported = await client.get("/v1/trail/export.csv")

    (link,) = mine.json()["links"]
    assert (link["label"], link["by"], link["address"]) == ("通話の閲覧", "sato", "")
    assert (other.status_code, exported.status_code) == (403, 403)


async def test_an_export_is_a_deed_and_takes_no_name_for_a_formula(server: RunningServer) -> None:
    async with server.services.database.transaction() as session:
        await record(session, Deed("search.made", by_login="=cmd()"))
    auditor = await server.token(Role.AUDITOR, "")
    async with server.client(auditor) as client:
        written = (await client.get("/v1/trail/export.csv")).content.decode("utf-8-sig")
        after = await client.get("/v1/trail", params={"kind": "trail.exported"})

    rows = list(csv.DictReader(io.StringIO(written)))
    assert rows[0]["操作"] == "通話の検索"
    assert rows[0]["だれが"] == "'=cmd()"
    assert len(after.json()["links"]) == 1


async def test_an_export_is_whole_however_long_the_trail_is_and_ends_where_it_was_asked_for(
    server: RunningServer,
) -> None:
    many = 2 * 2_000 + 7  # more than two of the pages in which it is read
    async with server.services.database.transaction() as session:
        writer = session.sync_session.info[INFO]
        deeds = [Deed("search.made", by_login="kansa", subject=str(at)) for at in range(many)]
        await (await session.connection()).run_sync(writer.append, deeds)
    auditor = await server.token(Role.AUDITOR, "")

    async with server.client(auditor) as client:
        by = {"by": "kansa"}
        written = (await client.get("/v1/trail/export.csv", params=by)).content.decode("utf-8-sig")
        deed = (await client.get("/v1/trail", params={"kind": "trail.exported"})).json()["links"][0]

    rows = list(csv.DictReader(io.StringIO(written)))
    assert [row["対象"] for row in rows] == [str(at) for at in reversed(range(many))]
    assert deed["subject"] == str(many)


@pytest.mark.parametrize("day", ["1999-12-31", "2201-01-01", "9999-12-31"])
async def test_days_beyond_all_calls_are_refused_as_such(server: RunningServer, day: str) -> None:
    answer = await read(server, Role.AUDITOR, until=day)

    assert (answer.status_code, answer.json()["code"]) == (400, "day_out_of_reach")


async def checked(client: httpx.AsyncClient) -> dict[str, object]:
    """Ask for a check and wait until it is done."""
    started = await client.post("/v1/trail/check")
    assert started.status_code == 202
    with anyio.fail_after(20):
        while True:
            found: dict[str, object] = (await client.get("/v1/trail/check")).json()
            if not found["running"]:
                return found
            await anyio.lowlevel.checkpoint()


async def test_a_check_on_request_finds_a_sound_trail_and_later_the_first_broken_link(
    server: RunningServer,
) -> None:
    await with_deeds(server)
    auditor = await server.token(Role.AUDITOR, "")
    async with server.client(auditor) as client:
        before = (await client.get("/v1/trail/check")).json()
        sound = await checked(client)
        with sqlite3.connect(server.services.settings.data_dir / "mimamori.db") as tables:
            tables.execute("DROP TRIGGER trail_refuses_update")
            tables.execute("UPDATE trail SET by_login = 'mori' WHERE number = 3")
        broken = await checked(client)

    assert before["last"] is None
    assert isinstance(sound["last"], dict)
    assert isinstance(broken["last"], dict)
    assert sound["last"]["sound"] is True
    assert broken["last"]["sound"] is False
    assert broken["last"]["broken_number"] == 3
    assert broken["last"]["fault_words"] == "内容が、記録されたときと違います"


def kinds_written() -> set[str]:
    """Return the kinds that code writes by name."""
    found = {look.value for look in Look}
    for file in APP.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Name)
                and call.func.id == "Deed"
                and call.args
                and isinstance(call.args[0], ast.Constant)
            ):
                found.add(str(call.args[0].value))
    return found


def test_every_kind_that_code_can_write_has_a_word_or_a_family_with_one() -> None:
    nameless = {kind for kind in kinds_written() if kind_words(kind).label == NAMELESS}

    assert nameless == set()
    assert {kind.partition(".")[0] for kind in KINDS} <= set(FAMILIES)


def test_every_step_of_a_persons_request_has_its_own_word() -> None:
    steps = {f"person.{kind}.{state}" for kind, state in STATES if state != WAITING}
    asked = {f"person.{kind}.asked" for kind, _ in STATES}

    assert {kind for kind in steps | asked if not kind_words(kind).known} == set()


def test_a_kind_of_another_version_is_shown_as_it_is_and_breaks_nothing() -> None:
    assert kind_words("future.deed").label == NAMELESS
    assert not kind_words("future.deed").known
    assert kind_words("call.something_new").label == FAMILIES["call"]


def test_every_word_of_the_trail_has_its_english() -> None:
    english = catalogue_of(Language.ENGLISH).texts

    assert {word for word in every_word() if word not in english} == set()


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.STREAM])
def test_whoever_is_not_named_reads_nothing(role: Role) -> None:
    assert trail_sight(Identity("x", "x", role, "")) == TrailSight()
