"""The board on the real server: one section's live calls, complete, in one read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event

from app.auth.identity import Role
from app.calls.lifecycle import facts_of
from app.events import EventType
from app.ledger import Entry
from app.models import Call
from app.settings import DetectionSettings, Settings
from tests.app.board.filled import action_row, add_live_calls, alert_row
from tests.app.joining.joined_server import JoinedServer, joined_server
from tests.app.running import SECTION, RunningServer, hear, hear_until, in_own_task, say
from tests.fakes_transcriber import ScriptedTranscriber

OTHER_SECTION = "税務課"
MINUTE_MS = 60_000


@pytest.fixture
async def office(settings: Settings) -> AsyncIterator[JoinedServer]:
    async with in_own_task(joined_server(settings, ScriptedTranscriber())) as running:
        yield running


async def board(server: RunningServer, query: str = "", section: str = SECTION) -> dict[str, Any]:
    async with server.client(await server.token(Role.SUPERVISOR, section)) as client:
        answer = await client.get(f"/v1/board{query}")
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json()
    return read


async def with_calls(server: RunningServer, count: int, **facts: Any) -> list[str]:
    now = server.services.clock.now()

    async def change(entry: Entry) -> list[str]:
        return await add_live_calls(entry.session, now, count=count, **facts)

    return await server.services.ledger.write(change)


async def with_rows(server: RunningServer, *rows: object) -> None:
    async def change(entry: Entry) -> None:
        entry.session.add_all(rows)

    await server.services.ledger.write(change)


async def test_an_office_without_calls_has_an_empty_board(office: JoinedServer) -> None:
    shown = await board(office.running)

    assert shown["calls"] == []
    assert shown["section"] == SECTION
    assert shown["health"]["status"] == "ok"


async def test_a_call_that_begins_stands_on_the_board_until_it_ends(office: JoinedServer) -> None:
    server = office.running
    async with server.stream() as stream:
        await say(stream, {"type": "start", "operator": "sato", "from": "011-000-1234"})
        call_id = (await hear(stream))["call_id"]

        during = await board(server)
        await say(stream, {"type": "stop", "reason": "hangup"})
        await hear(stream)

    assert [call["call_id"] for call in during["calls"]] == [call_id]
    assert during["calls"][0]["operator"] == "sato"
    assert (await board(server))["calls"] == []


async def test_other_sections_have_boards_of_their_own(office: JoinedServer) -> None:
    server = office.running
    ours = await with_calls(server, 2)
    theirs = await with_calls(server, 3, section=OTHER_SECTION, prefix="t")

    assert [call["call_id"] for call in (await board(server))["calls"]] == ours
    elsewhere = await board(server, section=OTHER_SECTION)
    assert [call["call_id"] for call in elsewhere["calls"]] == theirs
    asked_by_name = await board(server, f"?call={theirs[0]}&call={ours[1]}")
    assert [call["call_id"] for call in asked_by_name["calls"]] == [ours[1]]


async def test_ended_calls_are_not_on_it(office: JoinedServer) -> None:
    server = office.running
    await with_calls(server, 1, ended_at=server.services.clock.now())

    assert (await board(server))["calls"] == []


@pytest.mark.parametrize(
    "role", [Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR, Role.STREAM], ids=str
)
async def test_the_board_is_for_supervisors_alone(office: JoinedServer, role: Role) -> None:
    server = office.running
    async with server.client(await server.token(role)) as client:
        answers = [await client.get("/v1/board"), await client.get("/board")]

    assert [answer.status_code for answer in answers] == [403, 403]


async def test_whoever_is_not_signed_in_is_sent_away(office: JoinedServer) -> None:
    async with office.running.client("nobody") as client:
        answer = await client.get("/v1/board")

    assert answer.status_code == 401


async def test_a_supervisor_opens_the_page_and_finds_it_among_the_pages(
    office: JoinedServer,
) -> None:
    async with office.person("tanaka") as person:
        page = (await person.client.get("/board", headers={"Accept": "text/html"})).text

    assert 'data-me="tanaka"' in page
    assert '<a href="/board" aria-current="page">' in page


async def test_a_row_says_what_the_call_is_about(office: JoinedServer) -> None:
    server = office.running
    now = server.services.clock.now()
    (call_id,) = await with_calls(
        server, 1, utterances=4, level=2, outcome="harassment_suspected", warnings_spoken=1
    )
    closed = alert_row(call_id, "sexual", 3, now)
    closed.closed_at = now
    await with_rows(
        server,
        alert_row(call_id, "persistence", 1, now),
        alert_row(call_id, "mental_attack", 2, now),
        closed,
    )

    (row,) = (await board(server))["calls"]

    assert (row["level"], row["outcome"], row["warnings_spoken"]) == (2, "harassment_suspected", 1)
    assert [alert["categories"] for alert in row["alerts"]] == [["mental_attack"], ["persistence"]]
    assert row["last_words"] == "2番目の発話です。"  # the fourth sentence is the operator's


async def test_help_waits_since_it_was_first_asked_for(office: JoinedServer) -> None:
    server = office.running
    first, second, third = await with_calls(server, 3)
    now = server.services.clock.now()
    await with_rows(server, action_row(first, "help_requested", "op0", now))
    later = server.services.clock.now()
    await with_rows(
        server,
        action_row(first, "help_requested", "op0", later, "代わってほしい"),
        action_row(second, "help_requested", "op1", later),
        action_row(second, "help_withdrawn", "tanaka", later),
    )

    rows = {row["call_id"]: row["help"] for row in (await board(server))["calls"]}

    assert rows[first]["text"] == "代わってほしい"
    assert rows[first]["since"] == now.isoformat().replace("+00:00", "Z")
    assert rows[second] is rows[third] is None


async def test_names_are_those_of_the_accounts(office: JoinedServer) -> None:
    server = office.running
    (call_id,) = await with_calls(server, 1)
    now = server.services.clock.now()
    async with office.person("op0", Role.OPERATOR):
        await with_rows(server, action_row(call_id, "help_requested", "op0", now))

        (row,) = (await board(server))["calls"]

    assert row["operator_name"] == row["help"]["by_name"] == "op0さん"


async def test_who_joined_is_on_the_row_until_they_leave(office: JoinedServer) -> None:
    server = office.running
    async with server.stream() as stream, office.person("tanaka") as person:
        await say(stream, {"type": "start", "operator": "sato"})
        call_id = (await hear(stream))["call_id"]
        await person.post(f"/v1/calls/{call_id}/joined")
        (during,) = (await board(server))["calls"]
        await person.client.delete(f"/v1/calls/{call_id}/joined")
        (after,) = (await board(server))["calls"]

    assert [(one["login"], one["listening"]) for one in during["joined"]] == [("tanaka", False)]
    assert after["joined"] == []


async def test_the_last_word_about_a_stalemate_and_the_sentence_counts(
    office: JoinedServer,
) -> None:
    server = office.running
    (call_id,) = await with_calls(server, 1)

    async def change(entry: Entry) -> None:
        call = await entry.session.get(Call, call_id)
        assert call is not None
        audience = facts_of(call).audience
        for kind, data in (
            (EventType.STALEMATE_STARTED, {"stalemate_ms": 30_000}),
            (EventType.SCRIPT_SUGGESTED, {"script_id": "a", "text": "…", "step": "listen"}),
            (EventType.STALEMATE_TICK, {"stalemate_ms": 60_000}),
            (EventType.SCRIPT_SUGGESTED, {"script_id": "b", "text": "…", "step": "welfare"}),
        ):
            entry.tell(kind, call_id, audience, data)

    await server.services.ledger.write(change)

    (row,) = (await board(server))["calls"]

    assert row["stalemate_ms"] == 60_000
    assert row["stalemate_at"] is not None
    assert row["step"] == "welfare"


async def test_limits_are_those_of_the_policy(settings: Settings) -> None:
    detection = DetectionSettings(policy="kumamoto")
    kumamoto = settings.model_copy(update={"detection": detection})
    async with joined_server(kumamoto, ScriptedTranscriber()) as office:
        shown = await board(office.running)

    assert shown["limits"] == {
        "held_ms": 30 * MINUTE_MS,
        "held_after_abuse_ms": 15 * MINUTE_MS,
        "stalemate_ms": None,
    }
    assert shown["warning_limit"] is None


async def test_what_happens_after_the_read_comes_as_events(office: JoinedServer) -> None:
    server = office.running
    async with server.stream() as stream:
        await say(stream, {"type": "start", "operator": "sato"})
        call_id = (await hear(stream))["call_id"]
        shown = await board(server)
        async with office.person("sato", Role.OPERATOR) as operator:
            await operator.post(f"/v1/calls/{call_id}/help", {"reason": "代わってほしい"})
        token = await server.token(Role.SUPERVISOR)
        async with server.screen(token, f"?after={shown['seq']}") as screen:
            told = await hear_until(screen, "note")

    assert shown["calls"][0]["help"] is None
    assert told[-1]["data"] == {"kind": "help_requested", "text": "代わってほしい", "by": "sato"}


async def test_two_hundred_calls_take_no_more_queries_than_one(office: JoinedServer) -> None:
    server = office.running
    asked: list[str] = []
    engine = server.services.database._engine.sync_engine

    async def queries(count: int, prefix: str) -> int:
        await with_calls(server, count, utterances=3, events=3, prefix=prefix)
        token = await server.token(Role.SUPERVISOR)
        async with server.client(token) as client:
            await client.get("/v1/board")  # the token's first use is written down
            reads = []
            for _ in range(3):
                asked.clear()
                await client.get("/v1/board")
                reads.append(len(asked))
        return min(reads)  # something that runs beside the calls may have asked meanwhile

    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    few = await queries(1, "one")
    many = await queries(200, "many")

    assert many == few
    assert few < 20
