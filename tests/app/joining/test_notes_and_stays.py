"""What stays of a supervisor at a call: notes and who has read them, requests and what came of them, who was there."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from app.auth.identity import Role
from app.joining.settings import TELEPHONE_INSTRUCTIONS
from tests.app.control.office import RecordingControl
from tests.app.joining.at_a_call import CALL, PATH, told
from tests.app.joining.joined_server import JoinedServer, Person
from tests.app.joining.test_joining import asks
from tests.app.running import ANSWER_SECONDS, hear, say


async def joined(person: Person) -> dict[str, Any]:
    answer = await person.client.get(f"{PATH}/joined")
    told_of: dict[str, Any] = answer.json()
    return told_of


# Notes


async def test_a_note_that_was_read_is_told_to_who_wrote_it_once(
    server: JoinedServer, kato: Person, sato: Person
) -> None:
    async with kato.screen() as screen:
        await hear(screen)
        await kato.post(f"{PATH}/notes", {"text": "課長に伝えました。"})
        note = await told(screen, "supervisor_note")
        path = f"{PATH}/notes/{note['data']['note_id']}/seen"
        answers = [await sato.post(path) for _ in range(2)]
        seen = await told(screen, "supervisor_note_seen")
    kept = (await joined(kato))["notes"]

    assert [one.status_code for one in answers] == [httpx.codes.NO_CONTENT] * 2
    assert seen["data"]["note_id"] == note["data"]["note_id"] == kept[0]["note_id"]
    assert (kept[0]["text"], kept[0]["display_name"]) == ("課長に伝えました。", "katoさん")
    assert kept[0]["seen_at"][:23] == seen["at"][:23]
    assert await server.actions() == [
        ("supervisor_note", "kato"),
        ("supervisor_note_seen", "sato"),
    ]


async def test_only_the_calls_operator_says_that_a_note_was_read(
    server: JoinedServer, kato: Person, sato: Person
) -> None:
    await kato.post(f"{PATH}/notes", {"text": "課長に伝えました。"})
    note_id = (await joined(kato))["notes"][0]["note_id"]
    path = f"{PATH}/notes/{note_id}/seen"
    async with server.person("ito", Role.OPERATOR) as ito:
        answers = [
            await kato.post(path),
            await ito.post(path),
            *[await sato.post(f"{PATH}/notes/{unknown}/seen") for unknown in (0, 99, 2**40)],
        ]

    assert [one.json()["code"] for one in answers] == [
        "role_not_allowed",
        "call_unknown",
        "note_unknown",
        "note_unknown",
        "note_unknown",
    ]


async def test_a_note_of_10000_characters_is_refused_with_its_reason(
    server: JoinedServer, kato: Person
) -> None:
    answer = await kato.post(f"{PATH}/notes", {"text": "あ" * 10_000})

    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "500字まで" in answer.json()["message"]
    assert "10000字" in answer.json()["message"]
    assert await server.actions() == []


# Requests


async def test_a_supervisor_who_comes_back_reads_what_became_of_their_requests(
    server: JoinedServer, kato: Person, sato: Person
) -> None:
    declined = await asks(kato, "three_way")
    await sato.post(f"{PATH}/requests/{declined}/answer", {"accepted": False})
    connected = await asks(kato, "take_over")
    await sato.post(f"{PATH}/requests/{connected}/answer", {"accepted": True})
    object.__setattr__(server.running.services, "call_control", None)
    by_hand = await asks(kato, "take_over")
    await sato.post(f"{PATH}/requests/{by_hand}/answer", {"accepted": True})
    await asks(kato, "take_over")
    await kato.client.delete(f"{PATH}/joined")

    read = await joined(kato)

    assert [(one["state"], one["result"], one["text"]) for one in read["answered"]] == [
        ("declined", "", ""),
        ("accepted", "joined", ""),
        ("accepted", "instructions", TELEPHONE_INSTRUCTIONS),
        ("withdrawn", "", ""),
    ]
    assert read["requests"] == []


async def test_a_supervisor_knows_before_whether_a_telephone_will_ring(
    server: JoinedServer, control: RecordingControl, kato: Person, sato: Person
) -> None:
    able, operator = await joined(kato), await joined(sato)
    object.__setattr__(server.running.services, "call_control", None)
    unable = await joined(kato)

    assert (able["telephone_rings"], operator["telephone_rings"]) == (True, False)
    assert not unable["telephone_rings"]


# Stays


async def test_the_end_of_the_call_ends_the_stays_and_afterwards_it_says_who_was_there(
    server: JoinedServer, line: ClientConnection, kato: Person, sato: Person
) -> None:
    async with server.person("mori") as mori, kato.screen() as screen:
        await hear(screen)
        for one in (kato, mori):
            await one.post(f"{PATH}/joined")
        await mori.client.delete(f"{PATH}/joined")
        await told(screen, "supervisor.left")
        await say(line, {"type": "stop", "reason": "hangup"})
        left = await told(screen, "supervisor.left")
    async with server.person("abe", Role.AUDITOR) as auditor:
        read = [await joined(one) for one in (kato, sato, auditor)]

    assert (left["data"]["login"], left["data"]["because"]) == ("kato", "call_ended")
    assert [[(stay["login"], stay["because"]) for stay in one["stays"]] for one in read] == [
        [("kato", "call_ended"), ("mori", "left")]
    ] * 3
    assert all(stay["left_at"] for stay in read[0]["stays"])
    assert read[0]["people"] == []


# Another section


async def test_a_supervisor_of_another_section_is_refused_everywhere_and_it_is_logged(
    server: JoinedServer, line: ClientConnection
) -> None:
    async with server.person("mori", section="税務課") as mori:
        with capture_logs() as written:
            page = await mori.client.get(f"/calls/{CALL}", headers={"Accept": "text/html"})
            answers = [
                await mori.client.get(PATH),
                await mori.client.get(f"{PATH}/joined"),
                await mori.post(f"{PATH}/joined"),
                await mori.post(f"{PATH}/notes", {"text": "聞いています。"}),
            ]
            closings = []
            for path in (f"{PATH}/sound", f"/v1/events?call_id={CALL}"):
                async with mori.socket(path) as socket:
                    with anyio.fail_after(ANSWER_SECONDS), pytest.raises(ConnectionClosed) as shut:
                        await socket.recv()
                assert shut.value.rcvd is not None
                closings.append((shut.value.rcvd.code, shut.value.rcvd.reason))

    assert page.status_code == httpx.codes.FORBIDDEN
    assert "ほかの課の通話" in page.text
    assert [(one.status_code, one.json()["code"]) for one in answers] == [
        (httpx.codes.FORBIDDEN, "other_section")
    ] * 4
    assert closings == [(4403, "other_section")] * 2
    refusals = [line for line in written if line["event"] == "call of another section refused"]
    assert len(refusals) == 7
    assert refusals[0] == {
        "event": "call of another section refused",
        "log_level": "warning",
        "login": "mori",
        "role": "supervisor",
        "section": "税務課",
        "call_id": CALL,
        "call_section": "市民課",
    }
    assert await server.actions() == []


async def test_an_operator_is_told_that_a_colleagues_call_does_not_exist(
    server: JoinedServer, line: ClientConnection
) -> None:
    async with server.person("ito", Role.OPERATOR) as ito:
        with capture_logs() as written:
            answers = [await ito.client.get(path) for path in (PATH, f"{PATH}/joined")]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [
        (httpx.codes.NOT_FOUND, "call_unknown")
    ] * 2
    assert written == []
