"""Missed moments, quiet prompts and 110: by whom, when, undone and kept on record."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from app.auth.identity import Role
from tests.app.joining.at_a_call import PATH, told
from tests.app.joining.joined_server import JoinedServer, Person
from tests.app.running import hear, hear_until, say, send
from tests.app.sounds import call_bytes, sentences
from tests.fakes_transcriber import ScriptedTranscriber


async def aids(person: Person) -> dict[str, Any]:
    answer = await person.client.get(f"{PATH}/aids")
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def end(line: ClientConnection) -> None:
    await say(line, {"type": "stop", "reason": "hangup"})
    await hear(line)


# Missed moments


async def test_a_moment_is_marked_at_the_sound_of_now_and_everybody_is_told(
    transcriber: ScriptedTranscriber, line: ClientConnection, sato: Person, kato: Person
) -> None:
    transcriber.say("除雪のことで聞きたいんですけど。")
    async with kato.screen() as screen:
        await send(line, call_bytes(sentences(1)))
        await hear_until(screen, "transcript.final")
        marked = await sato.post(f"{PATH}/missed")
        marking = await told(screen, "missed_marked")

    assert marked.status_code == httpx.codes.CREATED
    assert 0 < marked.json()["at_ms"] <= len(call_bytes(sentences(1))) // 16
    assert (marking["data"]["by"], marking["data"]["number"]) == ("sato", 1)
    assert marking["data"]["at_ms"] == marked.json()["at_ms"]
    assert (await aids(kato))["missed"] == [marked.json()]


async def test_a_moment_is_marked_on_a_call_without_words_while_recognition_is_down(
    transcriber: ScriptedTranscriber, sato: Person
) -> None:
    transcriber.ready = False

    marked = await sato.post(f"{PATH}/missed", {})

    assert marked.status_code == httpx.codes.CREATED
    assert (marked.json()["at_ms"], marked.json()["reason"]) == (0, "")


async def test_the_reason_comes_afterwards_and_the_record_keeps_every_step(
    server: JoinedServer, sato: Person, kato: Person
) -> None:
    await sato.post(f"{PATH}/missed", {"at_ms": 0})
    explanation = {"category": "sexual", "reason": " 遠回しな言い方でした "}

    explained = await sato.client.put(f"{PATH}/missed/1", json=explanation)
    again = await sato.client.put(f"{PATH}/missed/1", json=explanation)

    assert (explained.status_code, again.status_code) == (204, 204)
    (mark,) = (await aids(kato))["missed"]
    assert (mark["category"], mark["reason"]) == ("sexual", "遠回しな言い方でした")
    assert await server.actions() == [("missed_marked", "sato"), ("missed_explained", "sato")]


async def test_a_mark_is_taken_back_by_who_made_it_and_both_are_kept(
    server: JoinedServer, sato: Person, kato: Person
) -> None:
    await sato.post(f"{PATH}/missed")

    by_another = await kato.client.delete(f"{PATH}/missed/1")
    by_maker = [await sato.client.delete(f"{PATH}/missed/1") for _ in range(2)]
    late = await sato.client.put(f"{PATH}/missed/1", json={"reason": "遅い"})

    assert (by_another.status_code, by_another.json()["code"]) == (403, "mark_of_another")
    assert [answer.status_code for answer in by_maker] == [204, 204]
    assert (late.status_code, late.json()["code"]) == (409, "mark_undone")
    assert [one["undone"] for one in (await aids(kato))["missed"]] == [True]
    assert await server.actions() == [("missed_marked", "sato"), ("missed_undone", "sato")]


async def test_a_mark_that_is_sent_again_is_the_same_mark(sato: Person, kato: Person) -> None:
    answers = [await sato.post(f"{PATH}/missed", {"mark_id": "m-1"}) for _ in range(2)]
    other = await kato.post(f"{PATH}/missed", {"mark_id": "m-1"})

    assert [answer.json()["number"] for answer in answers] == [1, 1]
    assert other.json()["number"] == 2


async def test_after_the_call_a_moment_has_to_be_chosen(
    server: JoinedServer, line: ClientConnection, sato: Person
) -> None:
    await send(line, call_bytes(sentences(1)))
    await end(line)
    async with server.person("kansa", Role.AUDITOR) as auditor:
        now = await auditor.post(f"{PATH}/missed")
        far = await auditor.post(f"{PATH}/missed", {"at_ms": 3_600_000})
        chosen = await auditor.post(f"{PATH}/missed", {"at_ms": 500})
        seen = await aids(auditor)

    assert (now.status_code, now.json()["code"]) == (400, "moment_needed")
    assert (far.status_code, far.json()["code"]) == (400, "moment_not_yet")
    assert chosen.status_code == httpx.codes.CREATED
    assert [(one["at_ms"], one["by"]) for one in seen["missed"]] == [(500, "kansa")]


async def test_who_reads_an_ended_call_covered_reads_the_reason_covered_and_does_not_spoil_it(
    server: JoinedServer, line: ClientConnection, sato: Person
) -> None:
    number = "090-1234-5678"
    await sato.post(f"{PATH}/missed", {"at_ms": 0})
    await sato.client.put(f"{PATH}/missed/1", json={"reason": f"{number}にかけろと言われた"})
    await end(line)
    async with server.person("kansa", Role.AUDITOR) as auditor:
        (covered,) = (await aids(auditor))["missed"]
        await auditor.client.put(
            f"{PATH}/missed/1", json={"category": "sexual", "reason": covered["reason"]}
        )

    (whole,) = (await aids(sato))["missed"]
    assert number not in covered["reason"]
    assert covered["reason"].endswith("にかけろと言われた")
    assert (whole["category"], whole["reason"]) == ("sexual", f"{number}にかけろと言われた")


@pytest.mark.parametrize(
    "body",
    [
        {"at_ms": -1},
        {"at_ms": 2**31},
        {"at_ms": "12"},
        {"at_ms": 1.5},
        {"at_ms": True},
        {"mark_id": "\x00"},
        {"mark_id": "m" * 65},
        {"reason": "demanded"},
        [],
    ],
)
async def test_what_is_no_moment_is_refused(sato: Person, body: Any) -> None:
    answer = await sato.post(f"{PATH}/missed", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert (await aids(sato))["missed"] == []


async def test_what_explains_nothing_is_refused_with_a_reason(sato: Person) -> None:
    await sato.post(f"{PATH}/missed")

    long = await sato.client.put(f"{PATH}/missed/1", json={"reason": "長" * 10_000})
    unknown = await sato.client.put(f"{PATH}/missed/1", json={"category": "rude"})
    nowhere = [
        await sato.client.put(f"{PATH}/missed/{n}", json={"reason": "印"}) for n in (0, 2, -1)
    ]

    assert (long.status_code, long.json()["code"]) == (400, "reason_too_long")
    assert "10000字" in long.json()["message"]
    assert (unknown.status_code, unknown.json()["code"]) == (400, "bad_request")
    assert {answer.json()["code"] for answer in nowhere} == {"mark_unknown"}


# Quiet prompts


async def test_prompts_are_muted_and_shown_again_and_the_supervisor_sees_it(
    server: JoinedServer, sato: Person, kato: Person
) -> None:
    muted = [await sato.post(f"{PATH}/prompts-muted") for _ in range(2)]
    seen = (await aids(kato))["prompts_muted"]
    shown = await sato.client.delete(f"{PATH}/prompts-muted")

    assert [answer.status_code for answer in [*muted, shown]] == [204, 204, 204]
    assert seen is True
    assert (await aids(kato))["prompts_muted"] is False
    assert await server.actions() == [("prompts_muted", "sato"), ("prompts_unmuted", "sato")]


async def test_only_the_operator_mutes_and_only_a_call_that_goes_on(
    line: ClientConnection, sato: Person, kato: Person
) -> None:
    by_supervisor = await kato.post(f"{PATH}/prompts-muted")
    await end(line)
    over = await sato.post(f"{PATH}/prompts-muted")

    assert by_supervisor.status_code == httpx.codes.FORBIDDEN
    assert (over.status_code, over.json()["code"]) == (409, "call_ended")


# 110


async def test_who_called_110_stands_there_once_and_can_be_taken_back(
    server: JoinedServer, line: ClientConnection, sato: Person, kato: Person
) -> None:
    await end(line)
    called = [await one.post(f"{PATH}/emergency-called") for one in (kato, sato)]
    seen = (await aids(sato))["emergency_called"]
    undone = await sato.client.delete(f"{PATH}/emergency-called")

    assert [answer.status_code for answer in [*called, undone]] == [204, 204, 204]
    assert (seen["by"], seen["by_name"]) == ("kato", "katoさん")
    assert (await aids(sato))["emergency_called"] is None
    assert await server.actions() == [("emergency_called", "kato"), ("emergency_undone", "sato")]


# Who may


async def test_another_section_learns_nothing_and_changes_nothing(
    server: JoinedServer, sato: Person
) -> None:
    await sato.post(f"{PATH}/missed")
    async with server.person("mori", section="税務課") as mori:
        answers = [
            await mori.client.get(f"{PATH}/aids"),
            await mori.post(f"{PATH}/missed"),
            await mori.client.put(f"{PATH}/missed/1", json={"reason": "他課"}),
            await mori.client.delete(f"{PATH}/missed/1"),
            await mori.post(f"{PATH}/emergency-called"),
            await mori.client.delete(f"{PATH}/emergency-called"),
        ]

    assert [answer.status_code for answer in answers] == [403] * 6
    assert await server.actions() == [("missed_marked", "sato")]


async def test_a_colleague_cannot_mark_or_mute_the_call_of_another(
    server: JoinedServer, sato: Person
) -> None:
    async with server.person("ito", Role.OPERATOR) as ito:
        answers = [await ito.post(f"{PATH}/{path}") for path in ("missed", "prompts-muted")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert await server.actions() == []
