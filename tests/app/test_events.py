"""What a screen is told: everything it may see, once, in order, also after it was away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import product
from typing import Any

import anyio
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from websockets.exceptions import ConnectionClosed

from app.auth.identity import Identity, Role
from app.calls.repository import events_after
from app.db import Database
from app.events import Audience, EventType
from app.ledger import Entry, event_of
from app.models import EventRow
from app.screens.screen_ws import view_of
from app.settings import ScreenSettings, Settings
from tests.app.running import (
    SECTION,
    RunningServer,
    hear,
    hear_until,
    running_server,
    say,
    send,
)
from tests.app.sounds import call_bytes, sentences
from tests.fakes_clock import FakeClock
from tests.fakes_transcriber import ScriptedTranscriber

AUDIENCE = Audience(operator="sato", section=SECTION)
OTHER_SECTION = Audience(operator="suzuki", section="税務課")


@pytest.fixture
async def transcriber() -> ScriptedTranscriber:
    return ScriptedTranscriber(open_gate=False)


async def tell(server: RunningServer, *texts: str, audience: Audience = AUDIENCE) -> None:
    for text in texts:

        async def change(entry: Entry, text: str = text) -> None:
            entry.tell(EventType.NOTE, "c1", audience, {"text": text})

        await server.services.ledger.write(change)


async def heard(server: RunningServer, token: str, query: str, count: int) -> list[dict[str, Any]]:
    async with server.screen(token, query) as screen:
        return [await hear(screen) for _ in range(count)]


def texts_of(messages: list[dict[str, Any]]) -> list[str]:
    return [message["data"]["text"] for message in messages]


async def test_a_screen_that_comes_back_gets_what_it_missed_and_then_what_happens(
    server: RunningServer,
) -> None:
    token = await server.token(Role.SUPERVISOR)
    await tell(server, "一", "二", "三")

    async with server.screen(token, "?after=1") as screen:
        missed = [await hear(screen), await hear(screen)]
        await tell(server, "四")
        news = await hear(screen)

    assert texts_of([*missed, news]) == ["二", "三", "四"]
    assert [m["seq"] for m in [*missed, news]] == [2, 3, 4]


@contextlib.contextmanager
def queries_told() -> Iterator[list[str]]:
    told: list[str] = []

    def take(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        told.append(statement)

    event.listen(Engine, "before_cursor_execute", take)
    try:
        yield told
    finally:
        event.remove(Engine, "before_cursor_execute", take)


@pytest.mark.parametrize("address", ["/v1/calls/c1", "/v1/calls"])
async def test_what_happens_while_a_call_is_read_is_told_as_an_event(
    server: RunningServer, address: str
) -> None:
    # Neither database reads one moment: an end between the two queries must be newer than the number.
    token = await server.token(Role.SUPERVISOR)
    async with server.stream() as stream:
        await say(stream, {"type": "start", "call_id": "c1"})
        await hear(stream)

        async with server.client(token) as client:
            with queries_told() as told:
                (await client.get(address)).raise_for_status()

    [number] = [at for at, query in enumerate(told) if "max(events.seq)" in query]
    first_of_calls = min(at for at, query in enumerate(told) if "FROM calls" in query)
    assert number < first_of_calls


async def test_a_screen_without_a_past_is_told_only_what_happens(server: RunningServer) -> None:
    token = await server.token(Role.SUPERVISOR)
    await tell(server, "昔")

    async with server.screen(token) as screen:
        await tell(server, "今")

        assert texts_of([await hear(screen)]) == ["今"]


async def test_events_that_happen_while_a_screen_catches_up_are_neither_lost_nor_repeated(
    server: RunningServer,
) -> None:
    token = await server.token(Role.SUPERVISOR)
    before = [f"前{number}" for number in range(600)]
    await tell(server, *before)

    async with server.screen(token, "?after=0") as screen, anyio.create_task_group() as tasks:
        tasks.start_soon(tell, server, *(f"中{number}" for number in range(50)))
        messages = [await hear(screen) for _ in range(650)]

    assert [m["seq"] for m in messages] == list(range(1, 651))


async def test_each_role_sees_only_its_own_calls(server: RunningServer) -> None:
    await tell(server, "自課")
    await tell(server, "他課", audience=OTHER_SECTION)

    supervisor = await heard(server, await server.token(Role.SUPERVISOR), "?after=0", 1)
    other = await heard(
        server, await server.token(Role.SUPERVISOR, section="税務課"), "?after=0", 1
    )

    assert texts_of(supervisor) == ["自課"]
    assert texts_of(other) == ["他課"]


@pytest.mark.parametrize("call_id", [None, "c1", "c3"])
@pytest.mark.parametrize(
    ("role", "login", "section"),
    [
        (Role.OPERATOR, "sato", "市民課"),
        (Role.OPERATOR, "", "市民課"),
        (Role.SUPERVISOR, "mori", "税務課"),
        (Role.SUPERVISOR, "mori", ""),
        (Role.AUDITOR, "abe", ""),
        (Role.AUDITOR, "abe", "市民課"),
        (Role.ADMINISTRATOR, "ueno", ""),
    ],
)
async def test_of_the_tables_is_read_what_the_bus_would_have_told(
    database: Database, clock: FakeClock, role: Role, login: str, section: str, call_id: str | None
) -> None:
    view = view_of(Identity(login, login, role, section), call_id)
    kinds, calls = (EventType.NOTE, EventType.CALL_ENDED), ("c1", "c2")
    async with database.transaction() as session:
        for kind, call, operator, of_section in product(
            kinds, calls, ("sato", "ito", ""), ("市民課", "税務課", "")
        ):
            session.add(
                EventRow(
                    type=kind.value,
                    call_id=call,
                    at=clock.now(),
                    data={},
                    operator=operator,
                    section=of_section,
                )
            )
    async with database.transaction() as session:
        told = await events_after(session, 0, 100)
        read = await events_after(session, 0, 100, eyes=view.eyes, call_id=call_id)

    assert [row.seq for row in read] == [row.seq for row in told if view(event_of(row))]


async def test_an_auditor_is_told_of_a_call_when_it_has_ended(server: RunningServer) -> None:
    token = await server.token(Role.AUDITOR)
    await tell(server, "通話中")

    async def end(entry: Entry) -> None:
        entry.tell(EventType.CALL_ENDED, "c1", AUDIENCE, {"reason": "hangup"})

    await server.services.ledger.write(end)

    (message,) = await heard(server, token, "?after=0", 1)
    assert message["type"] == "call.ended"


@pytest.mark.parametrize(
    ("role", "code"), [(Role.ADMINISTRATOR, 4403), (Role.STREAM, 4403), (None, 4401)]
)
async def test_who_may_see_no_call_gets_no_events(
    server: RunningServer, role: Role | None, code: int
) -> None:
    token = await server.token(role) if role else "mim_wrong"

    async with server.screen(token) as screen:
        with pytest.raises(ConnectionClosed):
            await screen.recv()

        assert screen.close_code == code


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9" * 30, "٣"])
async def test_a_number_that_is_none_is_refused(server: RunningServer, after: str) -> None:
    async with server.screen(await server.token(Role.SUPERVISOR), f"?after={after}") as screen:
        with pytest.raises(ConnectionClosed):
            await screen.recv()

        assert screen.close_code == 4400


async def test_a_screen_may_ask_for_one_call(server: RunningServer) -> None:
    async def other_call(entry: Entry) -> None:
        entry.tell(EventType.NOTE, "c2", AUDIENCE, {"text": "別"})

    await tell(server, "一")
    await server.services.ledger.write(other_call)
    await tell(server, "二")

    token = await server.token(Role.SUPERVISOR)
    assert texts_of(await heard(server, token, "?after=0&call_id=c1", 2)) == ["一", "二"]


async def test_a_volatile_event_reaches_who_is_there_and_moves_no_number(
    server: RunningServer,
) -> None:
    token = await server.token(Role.SUPERVISOR)
    await tell(server, "一")

    async with server.screen(token, "?after=0") as screen:
        first = await hear(screen)
        await server.services.ledger.announce(
            EventType.HEALTH, "c1", AUDIENCE, {"status": "behind", "recognition_delay_ms": 3_000}
        )
        health = await hear(screen)
    returned = await heard_within(server, token, "?after=1")

    assert (first["seq"], health["seq"], health["type"]) == (1, 1, "health")
    assert returned == []


async def heard_within(server: RunningServer, token: str, query: str) -> list[dict[str, Any]]:
    """Return what a screen is told up to a mark that is set now."""
    messages = []
    async with server.screen(token, query) as screen:
        # Of both sections, so that every screen sees one.
        await tell(server, "印")
        await tell(server, "印", audience=OTHER_SECTION)
        while (message := await hear(screen))["data"].get("text") != "印":
            messages.append(message)
    return messages


async def test_a_number_from_the_future_hides_nothing_that_happens_now(
    server: RunningServer,
) -> None:
    token = await server.token(Role.SUPERVISOR)
    await tell(server, "昔")

    told = await heard_within(server, token, f"?after={10**17}")

    assert told == []


async def test_a_screen_that_opens_is_told_how_recognition_does_in_each_live_call(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    token = await server.token(Role.SUPERVISOR)
    other = await server.token(Role.SUPERVISOR, section="税務課")
    async with server.stream() as stream:
        await say(stream, {"type": "start", "call_id": "c1"})
        await hear(stream)
        transcriber.ready = False
        async with server.screen(token) as screen:
            while (await hear_until(screen, "health"))[-1]["data"]["status"] != "down":
                pass
            await heard_within(server, token, "")  # the watch has told it, and has no more to tell
        async with server.screen(token) as screen:
            told = await hear(screen)
        elsewhere = await heard_within(server, other, "")

    assert (told["type"], told["call_id"], told["data"]["status"]) == ("health", "c1", "down")
    assert elsewhere == []


async def test_a_call_that_begins_while_recognition_is_behind_is_told_so(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    token = await server.token(Role.SUPERVISOR)
    async with server.stream() as first, server.stream() as second, server.screen(token) as screen:
        await say(first, {"type": "start", "call_id": "c1"})
        await hear(first)
        await send(first, call_bytes(sentences(2)))
        while (await hear_until(screen, "health"))[-1]["data"]["status"] != "behind":
            pass
        await say(second, {"type": "start", "call_id": "c2"})
        await hear(second)
        while (told := (await hear_until(screen, "health"))[-1])["call_id"] != "c2":
            pass
        transcriber.gate.set()

    assert told["data"]["status"] == "behind"


async def test_a_slow_screen_is_disconnected_and_comes_back_by_its_number(
    settings: Settings,
) -> None:
    small = settings.model_copy(update={"screen": ScreenSettings(queue_events=8)})
    async with running_server(small, ScriptedTranscriber()) as server:
        token = await server.token(Role.SUPERVISOR)
        seen: list[int] = []

        async with server.screen(token, "?after=0") as screen:
            # More than sockets and queue can hold while nobody reads.
            await tell(server, *("長" * 60_000 for _ in range(120)))
            with contextlib.suppress(ConnectionClosed):
                while True:
                    seen.append((await hear(screen))["seq"])
            code = screen.close_code
        rest = await heard(server, token, f"?after={seen[-1] if seen else 0}", 120 - len(seen))

    assert code == 4408
    assert [*seen, *(m["seq"] for m in rest)] == list(range(1, 121))
