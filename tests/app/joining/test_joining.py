"""Supervisors join a call: they are seen, they hear it, they write and ask, and all of it is on record."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from app.auth.identity import Role
from app.control.ports import Ability, ExchangeAway
from app.joining.attendance import Attendance, Because
from app.joining.mulaw_tracks import read_sound_frame
from app.joining.settings import TELEPHONE_INSTRUCTIONS
from tests.app.control.office import RecordingControl
from tests.app.hesitating import hesitating
from tests.app.joining.at_a_call import CALL, PATH, told
from tests.app.joining.joined_server import JoinedServer, Person
from tests.app.running import ANSWER_SECONDS, hear, hear_until, say
from tests.fakes_clock import FakeClock

CALLER, OPERATOR = 0x21, 0x5C
FRAME = bytes([CALLER, OPERATOR]) * 160
"""20 ms."""


async def begin(sound: ClientConnection) -> dict[str, Any]:
    return await hear(sound)


async def piece(sound: ClientConnection) -> tuple[int, int, bytes]:
    with anyio.fail_after(ANSWER_SECONDS):
        frame = await sound.recv()
    assert isinstance(frame, bytes)
    return read_sound_frame(frame)


# Who is there


async def test_both_sides_see_who_listens_and_who_has_left(
    server: JoinedServer, kato: Person, sato: Person
) -> None:
    async with sato.screen() as screen:
        await hear(screen)
        async with kato.sound(CALL) as sound:
            await begin(sound)
            joined = await told(screen, "supervisor.joined")
            there = (await sato.client.get(f"{PATH}/joined")).json()["people"]
        left = await told(screen, "supervisor.left")
        nobody = (await sato.client.get(f"{PATH}/joined")).json()["people"]

    assert {key: joined["data"][key] for key in ("login", "display_name", "listening")} == {
        "login": "kato",
        "display_name": "katoさん",
        "listening": True,
    }
    assert [(one["login"], one["listening"]) for one in there] == [("kato", True)]
    assert (left["data"]["login"], left["data"]["because"]) == ("kato", "closed")
    assert nobody == []
    assert await server.actions() == [("supervisor_joined", "kato"), ("supervisor_left", "kato")]


async def test_several_supervisors_may_be_there_and_leave_one_by_one(
    server: JoinedServer, kato: Person
) -> None:
    async with server.person("mori") as mori:
        for one in (kato, mori, kato):
            assert (await one.post(f"{PATH}/joined")).status_code == httpx.codes.NO_CONTENT
        both = (await mori.client.get(f"{PATH}/joined")).json()["people"]
        await kato.client.delete(f"{PATH}/joined")
        one_left = (await mori.client.get(f"{PATH}/joined")).json()["people"]

    assert [one["login"] for one in both] == ["kato", "mori"]
    assert [one["login"] for one in one_left] == ["mori"]
    assert [kind for kind, _ in await server.actions()] == [
        "supervisor_joined",
        "supervisor_joined",
        "supervisor_left",
    ]


async def test_leaving_ends_the_sound_on_all_screens_of_that_person(kato: Person) -> None:
    async with kato.sound(CALL) as sound:
        await begin(sound)
        await kato.client.delete(f"{PATH}/joined")
        with anyio.fail_after(ANSWER_SECONDS), pytest.raises(ConnectionClosed) as closed:
            await sound.recv()

    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4410, "left")


async def test_who_gives_no_sign_of_life_for_30_s_has_left(
    server: JoinedServer, kato: Person
) -> None:
    clock, services = FakeClock(), server.running.services
    object.__setattr__(services, "clock", clock)
    await kato.post(f"{PATH}/joined")
    clock.advance(seconds=20)
    await kato.post(f"{PATH}/joined", {"again": True})
    clock.advance(seconds=29)
    await server.attendance.expire()
    still = (await kato.client.get(f"{PATH}/joined")).json()["people"]

    clock.advance(seconds=2)
    await server.attendance.expire()
    too_late = await kato.post(f"{PATH}/joined", {"again": True})

    assert [one["login"] for one in still] == ["kato"]
    assert too_late.json()["code"] == "not_joined"
    assert (await kato.client.get(f"{PATH}/joined")).json()["people"] == []
    assert await server.actions() == [("supervisor_joined", "kato"), ("supervisor_left", "kato")]


async def test_a_restart_tells_that_nobody_is_there_any_more(
    server: JoinedServer, kato: Person, sato: Person
) -> None:
    await kato.post(f"{PATH}/joined")

    async with sato.screen() as screen:
        await hear(screen)
        await Attendance(server.running.services).close_left_over()
        left = await told(screen, "supervisor.left")

    assert left["data"]["because"] == "restarted"
    assert (await sato.client.get(f"{PATH}/joined")).json()["people"] == []


# What they hear


async def test_a_supervisor_hears_both_tracks_in_order_and_the_end(
    line: ClientConnection, kato: Person
) -> None:
    async with kato.sound(CALL) as sound:
        head = await begin(sound)
        for _ in range(10):
            await line.send(FRAME)
        heard: dict[int, bytes] = {0: b"", 1: b""}
        while len(heard[1]) < 1_600:
            track, position_ms, mulaw = await piece(sound)
            assert position_ms == len(heard[track]) // 8
            assert len(mulaw) <= 800
            heard[track] += mulaw
        await say(line, {"type": "stop", "reason": "hangup"})
        last = await hear(sound)

    assert head == {
        "type": "sound",
        "encoding": "mulaw",
        "rate": 8000,
        "tracks": ["caller", "operator"],
        "position_ms": 0,
    }
    assert heard == {0: bytes([CALLER]) * 1_600, 1: bytes([OPERATOR]) * 1_600}
    assert last == {"type": "ended"}


async def test_who_listens_later_begins_at_the_present(
    line: ClientConnection, server: JoinedServer, kato: Person
) -> None:
    for _ in range(100):
        await line.send(FRAME)
    found = server.running.services.registry.find(CALL)
    assert found is not None
    with anyio.fail_after(ANSWER_SECONDS):
        while found.position_ms < 2_000:
            await anyio.lowlevel.checkpoint()

    async with kato.sound(CALL) as sound:
        head = await begin(sound)
        for _ in range(2):
            await line.send(FRAME)
        first = await piece(sound)

    assert head["position_ms"] == 2_000
    assert (first[0], first[1]) == (0, 2_000)


async def test_nothing_of_a_listener_stays_with_the_call(
    line: ClientConnection, server: JoinedServer, kato: Person, sato: Person
) -> None:
    async with sato.screen() as screen:
        await hear(screen)
        async with kato.sound(CALL) as sound:
            await begin(sound)
            during = len(server.attendance.taps)
        await told(screen, "supervisor.left")

    assert (during, len(server.attendance.taps)) == (1, 0)


async def test_two_supervisors_hear_the_same_and_one_goes_on_when_the_other_leaves(
    line: ClientConnection, server: JoinedServer, kato: Person, sato: Person
) -> None:
    async with (
        server.person("mori") as mori,
        sato.screen() as screen,
        kato.sound(CALL) as first,
    ):
        async with mori.sound(CALL) as second:
            await begin(first)
            await begin(second)
            await line.send(FRAME * 3)
            together = await piece(first), await piece(second)
        left = await told(screen, "supervisor.left")
        await piece(first)
        await line.send(FRAME * 3)
        alone = await piece(first)

    assert together[0] == together[1] == (0, 0, bytes([CALLER]) * 480)
    assert left["data"]["login"] == "mori"
    assert alone == (0, 60, bytes([CALLER]) * 480)


async def test_who_is_disabled_hears_no_more(
    server: JoinedServer, kato: Person, sato: Person
) -> None:
    server.attendance.recheck_seconds = 0.05
    async with sato.screen() as screen:
        await hear(screen)
        async with kato.sound(CALL) as sound:
            await begin(sound)
            await server.disable("kato")
            with anyio.fail_after(ANSWER_SECONDS), pytest.raises(ConnectionClosed) as closed:
                await sound.recv()
        left = await told(screen, "supervisor.left")

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    assert left["data"]["login"] == "kato"


@pytest.mark.parametrize(
    ("login", "role", "section", "reason"),
    [
        ("sato", Role.OPERATOR, "市民課", "role_not_allowed"),
        ("abe", Role.AUDITOR, "市民課", "role_not_allowed"),
        ("ueno", Role.ADMINISTRATOR, "", "role_not_allowed"),
        ("mori", Role.SUPERVISOR, "税務課", "other_section"),
    ],
)
async def test_nobody_but_the_sections_supervisors_hears_anything(
    server: JoinedServer, line: ClientConnection, login: str, role: Role, section: str, reason: str
) -> None:
    async with server.person(login, role, section) as stranger:
        async with stranger.sound(CALL) as sound:
            with anyio.fail_after(ANSWER_SECONDS), pytest.raises(ConnectionClosed) as closed:
                await sound.recv()
        come = await stranger.post(f"{PATH}/joined")

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.reason == reason
    assert come.json()["code"] == reason
    assert await server.actions() == []


async def test_a_program_with_a_supervisors_token_neither_hears_nor_joins(
    server: JoinedServer, line: ClientConnection
) -> None:
    async with server.running.client(await server.running.token(Role.SUPERVISOR)) as program:
        answer = await program.post(f"{PATH}/joined")

    assert answer.json()["code"] == "person_needed"


async def test_an_ended_call_has_no_sound_and_can_not_be_joined(
    line: ClientConnection, kato: Person
) -> None:
    await say(line, {"type": "stop", "reason": "hangup"})
    await hear(line)

    async with kato.sound(CALL) as sound:
        with anyio.fail_after(ANSWER_SECONDS), pytest.raises(ConnectionClosed) as closed:
            await sound.recv()
    come = await kato.post(f"{PATH}/joined")

    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4409, "call_ended")
    assert come.json()["code"] == "call_ended"


async def test_who_comes_while_the_call_ends_is_told_so_and_was_never_there(
    server: JoinedServer, line: ClientConnection, kato: Person
) -> None:
    async def hang_up() -> None:
        await say(line, {"type": "stop", "reason": "hangup"})
        await hear(line)

    async with hesitating(server.running.services, hang_up):
        come = await kato.post(f"{PATH}/joined")
    stays = (await kato.client.get(f"{PATH}/joined")).json()["stays"]

    assert come.json()["code"] == "call_ended"
    assert stays == []
    assert await server.actions() == []


async def test_who_begins_to_listen_while_the_call_ends_is_told_so_and_was_never_there(
    server: JoinedServer, line: ClientConnection, kato: Person
) -> None:
    async def hang_up() -> None:
        await say(line, {"type": "stop", "reason": "hangup"})
        await hear(line)

    async with hesitating(server.running.services, hang_up), kato.sound(CALL) as sound:
        with anyio.fail_after(ANSWER_SECONDS), pytest.raises(ConnectionClosed) as closed:
            await sound.recv()

    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4409, "call_ended")
    assert await server.actions() == []


# What they write


async def test_a_note_and_a_quick_phrase_reach_the_operators_screen(
    server: JoinedServer, kato: Person, sato: Person
) -> None:
    offered = (await kato.client.get(f"{PATH}/joined")).json()["quick_phrases"]
    async with sato.screen() as screen:
        await hear(screen)
        await kato.post(f"{PATH}/notes", {"text": "課長に伝えました。"})
        await kato.post(f"{PATH}/notes", {"quick": offered[0]["id"]})
        notes = [await told(screen, "supervisor_note") for _ in range(2)]

    assert [(one["data"]["text"], one["data"]["by"]) for one in notes] == [
        ("課長に伝えました。", "kato"),
        (offered[0]["text"], "kato"),
    ]
    assert await server.actions() == [("supervisor_note", "kato")] * 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": "あ" * 501}, "note_too_long"),
        ({"text": "  "}, "note_empty"),
        ({"quick": "unknown"}, "quick_unknown"),
    ],
)
async def test_a_note_that_cannot_be_shown_is_refused_with_its_reason(
    server: JoinedServer, kato: Person, body: dict[str, str], code: str
) -> None:
    answer = await kato.post(f"{PATH}/notes", body)

    assert (answer.status_code, answer.json()["code"]) == (httpx.codes.BAD_REQUEST, code)
    assert await server.actions() == []


# What they ask


async def asks(kato: Person, kind: str) -> int:
    await kato.post(f"{PATH}/joined")
    asked = await kato.post(f"{PATH}/requests", {"kind": kind})
    request_id: int = asked.json()["request_id"]
    return request_id


@pytest.mark.parametrize("kind", ["take_over", "three_way"])
async def test_what_the_operator_accepts_is_done_for_the_supervisor_who_asked(
    server: JoinedServer, control: RecordingControl, kato: Person, sato: Person, kind: str
) -> None:
    async with sato.screen() as screen:
        await hear(screen)
        request_id = await asks(kato, kind)
        asked = await told(screen, f"{kind}_asked")
        answer = await sato.post(f"{PATH}/requests/{request_id}/answer", {"accepted": True})
        done = await told(screen, "telephone_join")
        if done["data"]["result"] != "done":
            done = await told(screen, "telephone_join")

    assert (asked["data"]["request_id"], asked["data"]["by"]) == (request_id, "kato")
    assert answer.json()["result"] == "joined"
    assert [(what, call.call_id, by.login) for what, call, by in control.asked] == [
        ("join talk", CALL, "kato")
    ]
    assert (done["data"]["by"], done["data"]["confirmed_by"]) == ("kato", "sato")
    assert (await server.actions())[1:] == [
        (f"{kind}_asked", "kato"),
        (f"{kind}_accepted", "sato"),
        ("telephone_join", "kato"),
    ]


async def test_what_the_operator_declines_touches_no_telephone(
    server: JoinedServer, control: RecordingControl, kato: Person, sato: Person
) -> None:
    request_id = await asks(kato, "take_over")

    answer = await sato.post(f"{PATH}/requests/{request_id}/answer", {"accepted": False})
    again = await sato.post(f"{PATH}/requests/{request_id}/answer", {"accepted": True})

    assert answer.json()["result"] == "declined"
    assert again.json()["code"] == "already_answered"
    assert control.asked == []
    assert (await server.actions())[-1] == ("take_over_declined", "sato")


@pytest.mark.parametrize("why", ["not set up", "not able", "away"])
async def test_where_the_exchange_cannot_both_sides_read_how_to_do_it_by_hand(
    server: JoinedServer, control: RecordingControl, kato: Person, sato: Person, why: str
) -> None:
    if why == "not set up":
        object.__setattr__(server.running.services, "call_control", None)
    elif why == "not able":
        control.can = Ability(why_no_join="内線が登録されていません。")
    else:
        control.failing = ExchangeAway("ari_unreachable", "電話交換機につながりません。")
    async with kato.screen() as screen:
        await hear(screen)
        request_id = await asks(kato, "three_way")
        answer = await sato.post(f"{PATH}/requests/{request_id}/answer", {"accepted": True})
        shown = await told(screen, "telephone_instructions")

    assert answer.json()["result"] == "instructions"
    assert answer.json()["text"].endswith(TELEPHONE_INSTRUCTIONS)
    assert shown["data"]["text"] == TELEPHONE_INSTRUCTIONS
    assert shown["data"]["asked_by"] == "kato"


async def test_only_the_calls_operator_answers_and_only_who_is_there_asks(
    server: JoinedServer, control: RecordingControl, kato: Person
) -> None:
    too_early = await kato.post(f"{PATH}/requests", {"kind": "take_over"})
    request_id = await asks(kato, "take_over")
    twice = await kato.post(f"{PATH}/requests", {"kind": "take_over"})
    path = f"{PATH}/requests/{request_id}/answer"
    by_themselves = await kato.post(path, {"accepted": True})
    async with server.person("ito", Role.OPERATOR) as ito:
        by_another = await ito.post(path, {"accepted": True})

    codes = [one.json()["code"] for one in (too_early, twice, by_themselves, by_another)]
    assert codes == ["join_first", "already_asked", "role_not_allowed", "call_unknown"]
    assert control.asked == []


async def test_who_leaves_while_asking_leaves_no_request_behind(
    server: JoinedServer, kato: Person, sato: Person
) -> None:
    await kato.post(f"{PATH}/joined")

    async def leave() -> None:
        await server.attendance.depart(CALL, "kato", None, Because.LEFT)

    async with hesitating(server.running.services, leave):
        asked = await kato.post(f"{PATH}/requests", {"kind": "take_over"})
    waiting = (await sato.client.get(f"{PATH}/joined")).json()["requests"]

    assert asked.json()["code"] == "join_first"
    assert waiting == []


async def test_a_request_goes_with_who_asked(kato: Person, sato: Person) -> None:
    request_id = await asks(kato, "three_way")
    open_before = (await sato.client.get(f"{PATH}/joined")).json()["requests"]
    await kato.client.delete(f"{PATH}/joined")

    open_after = (await sato.client.get(f"{PATH}/joined")).json()["requests"]
    answer = await sato.post(f"{PATH}/requests/{request_id}/answer", {"accepted": True})

    assert [one["request_id"] for one in open_before] == [request_id]
    assert open_after == []
    assert answer.json()["code"] == "already_answered"


async def test_two_answers_at_once_bring_one_supervisor_in_once(
    control: RecordingControl, kato: Person, sato: Person
) -> None:
    request_id = await asks(kato, "three_way")
    answers: list[httpx.Response] = []

    async def accept() -> None:
        answers.append(await sato.post(f"{PATH}/requests/{request_id}/answer", {"accepted": True}))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(accept)
        tasks.start_soon(accept)

    assert len(control.asked) == 1
    assert sorted(one.status_code for one in answers) == [httpx.codes.OK, httpx.codes.CONFLICT]


async def test_everything_is_told_again_to_a_screen_that_comes_back(
    kato: Person, sato: Person
) -> None:
    await asks(kato, "three_way")
    await kato.client.delete(f"{PATH}/joined")
    seen = (await sato.client.get(PATH)).json()["notes"]

    assert [note["kind"] for note in seen] == [
        "supervisor_joined",
        "three_way_asked",
        "supervisor_left",
    ]
    assert all(note["text"] and note["at"] for note in seen)


async def test_the_sound_of_a_call_does_not_reach_events(
    line: ClientConnection, kato: Person
) -> None:
    async with kato.screen() as screen:
        await hear(screen)
        async with kato.sound(CALL) as sound:
            await begin(sound)
            await line.send(FRAME * 3)
            await piece(sound)
        heard = await hear_until(screen, "supervisor.left")

    assert {one["type"] for one in heard} <= {"supervisor.joined", "supervisor.left", "health"}
