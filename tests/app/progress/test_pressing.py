"""What 「言った」 does to a call, and what is told of how far it has come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection

from app.auth.identity import Role
from app.settings import Settings
from tests.app.hesitating import hesitating, take_up
from tests.app.running import (
    RunningServer,
    hear,
    hear_until,
    in_own_task,
    running_server,
    say,
    send,
)
from tests.app.sounds import call_bytes, sentences, silence
from tests.fakes_transcriber import ScriptedTranscriber

INSULT = "お前は本当に馬鹿だな"
WARNING = "続くようでしたら、お電話を終了いたします。"
REWORDED = "続く場合は、お電話を終わりにさせていただきます。"
WARN = "warn.mental_attack"
DEMAND = "市民税を減免してください"
AGAIN = "だから市民税を減免してください"
REFUSAL = "市民税の減免はいたしかねます。"


@asynccontextmanager
async def live_call(server: RunningServer, *, resume: bool = False) -> AsyncIterator[Any]:
    async with server.stream() as stream:
        start = {"type": "start", "call_id": "c1", "operator": "sato", "resume": resume}
        await say(stream, start)
        await hear(stream)
        yield stream


async def speak(server: RunningServer, stream: ClientConnection, *who: str) -> None:
    """Say a sentence of each of *who*, caller or operator, and wait until it has been judged."""
    token = await server.token(Role.SUPERVISOR)
    async with server.screen(token) as screen:
        for speaker in who:
            said = sentences(1)
            quiet = silence(len(said) // 16)
            tracks = (said, quiet) if speaker == "caller" else (quiet, said)
            await send(stream, call_bytes(*tracks))
            await hear_until(screen, "transcript.final")


async def press(client: httpx.AsyncClient, script_id: str = WARN) -> int:
    answer = await client.post("/v1/calls/c1/script-used", json={"script_id": script_id})
    return answer.status_code


async def progress_of(client: httpx.AsyncClient) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get("/v1/calls/c1/progress")).raise_for_status().json()
    return answer


async def record_of(client: httpx.AsyncClient) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get("/v1/calls/c1")).raise_for_status().json()
    return answer


async def supervisor(server: RunningServer, section: str = "市民課") -> httpx.AsyncClient:
    token = await server.token(Role.SUPERVISOR, section=section, name="yamada")
    return server.client(token)


async def test_a_pressed_warning_counts_with_its_words_and_its_second(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT)
    token = await server.token(Role.SUPERVISOR, name="yamada")
    async with live_call(server) as stream, server.client(token) as client:
        await speak(server, stream, "caller")
        suggested = (await record_of(client))["script"]
        async with server.screen(token) as screen:
            status = await press(client, suggested["script_id"])
            told = await hear_until(screen, "warning.spoken")
        after = await progress_of(client)
        record = await record_of(client)

    used = next(message["data"] for message in told if message["type"] == "script.used")
    spoken = told[-1]["data"]
    assert status == 204
    assert (suggested["step"], used["counted"], used["text"]) == ("warn", True, suggested["text"])
    assert used["at_ms"] == spoken["at_ms"] > 0
    assert (spoken["count"], spoken["how"], spoken["by"]) == (1, "pressed", "token:yamada")
    assert (spoken["text"], spoken["utterance_id"]) == (suggested["text"], "")
    assert record["call"]["warnings_spoken"] == 1
    (warning,) = after["warnings"]
    assert warning["n"] == 1
    assert warning["at"] > record["call"]["started_at"]
    assert {key: warning[key] for key in ("at_ms", "text", "how", "by")} == {
        key: spoken[key] for key in ("at_ms", "text", "how", "by")
    }
    assert after["step"] == "listen"
    assert "1回の警告をお伝えしました" in after["next"]["text"]


async def test_a_warning_that_is_heard_as_well_is_one_and_its_heard_words_win(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT, REWORDED)
    token = await server.token(Role.SUPERVISOR)
    async with live_call(server) as stream, server.client(token) as client:
        await speak(server, stream, "caller")
        async with server.screen(token) as screen:
            await press(client)
            await hear_until(screen, "warning.spoken")
            await send(stream, call_bytes(silence(2_900), sentences(1)))
            told = (await hear_until(screen, "warning.spoken"))[-1]["data"]
        after = await progress_of(client)
        record = await record_of(client)

    assert record["call"]["warnings_spoken"] == 1
    assert (told["count"], told["n"], told["how"], told["text"]) == (1, 1, "spoken", REWORDED)
    (warning,) = after["warnings"]
    assert (warning["how"], warning["text"]) == ("spoken", REWORDED)
    assert warning["utterance_id"]
    assert warning["pressed_ms"] < warning["at_ms"]


async def test_who_presses_after_being_heard_changes_no_count(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT, WARNING)
    token = await server.token(Role.SUPERVISOR)
    async with live_call(server) as stream, server.client(token) as client:
        await speak(server, stream, "caller", "operator")
        async with server.screen(token) as screen:
            await press(client)
            used = (await hear_until(screen, "script.used"))[-1]["data"]
        record = await record_of(client)

    assert used["counted"] is False
    assert record["call"]["warnings_spoken"] == 1
    assert [note["kind"] for note in record["notes"]] == ["script_used"]


async def test_pressing_twice_at_once_is_one_warning_and_both_stand_in_the_record(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT)
    async with live_call(server) as stream, await supervisor(server) as client:
        await speak(server, stream, "caller")
        await press(client)
        await press(client)
        record = await record_of(client)

    assert record["call"]["warnings_spoken"] == 1
    assert len(record["notes"]) == 2


async def test_a_request_that_was_pressed_is_told_and_is_no_warning(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT)
    async with live_call(server) as stream, await supervisor(server) as client:
        await speak(server, stream, "caller")
        await press(client, "ask.any")
        after = await progress_of(client)

    assert after["warnings"] == []
    assert [request["utterance_id"] for request in after["asked"]] == [""]


async def test_a_press_counts_while_recognition_is_down(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    token = await server.token(Role.SUPERVISOR)
    async with live_call(server) as stream, server.client(token) as client:
        transcriber.ready = False
        async with server.screen(token) as screen:
            await send(stream, call_bytes(sentences(1)))
            await hear_until(screen, "gap")
        status = await press(client)
        after = await progress_of(client)

    assert status == 204
    assert [warning["how"] for warning in after["warnings"]] == ["pressed"]


async def test_after_a_crash_the_call_heard_again_counts_the_same(
    settings: Settings, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT, INSULT, REWORDED)
    async with in_own_task(running_server(settings, transcriber)) as first:
        token = await first.token(Role.SUPERVISOR)
        async with live_call(first) as stream, first.client(token) as client:
            await speak(first, stream, "caller")
            await press(client)
            before = await progress_of(client)
    async with (
        in_own_task(running_server(settings, transcriber)) as second,
        second.client(token) as client,
    ):
        waiting = await progress_of(client)
        async with second.stream(first.stream_token) as stream:
            await say(stream, {"type": "start", "call_id": "c1", "resume": True})
            await hear(stream)
            resumed = await progress_of(client)
            await speak(second, stream, "caller", "operator")
            heard = await progress_of(client)

    same = ("step", "step_since_ms", "asked", "warnings", "next", "demand")
    assert [before[key] for key in same] == [waiting[key] for key in same]
    assert [before[key] for key in same] == [resumed[key] for key in same]
    assert [(w["n"], w["how"]) for w in heard["warnings"]] == [(1, "spoken")]


async def test_a_press_while_the_call_is_taken_up_again_is_not_forgotten(
    settings: Settings, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT, INSULT)
    async with (
        in_own_task(running_server(settings, transcriber)) as first,
        live_call(first) as stream,
    ):
        token = await first.token(Role.SUPERVISOR)
        await speak(first, stream, "caller")
    async with (
        in_own_task(running_server(settings, transcriber)) as second,
        second.client(token) as client,
        second.stream(first.stream_token) as stream,
    ):
        taken_up = partial(take_up, second.services, stream, "c1")
        async with hesitating(second.services, taken_up):
            await press(client)
        await hear(stream)
        await speak(second, stream, "caller")
        after = await progress_of(client)
        record = await record_of(client)

    assert [warning["how"] for warning in after["warnings"]] == ["pressed"]
    assert record["call"]["warnings_spoken"] == 1


async def test_a_press_on_a_call_that_is_over_is_recorded_and_counted(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT)
    async with await supervisor(server) as client:
        async with live_call(server) as stream:
            await speak(server, stream, "caller")
            await say(stream, {"type": "stop"})
            await hear(stream)
        status = await press(client)
        again = await press(client)
        after = await progress_of(client)
        record = await record_of(client)

    assert (status, again) == (204, 204)
    assert record["call"]["warnings_spoken"] == 1
    assert [(w["n"], w["how"]) for w in after["warnings"]] == [(1, "pressed")]
    assert not any(clock["running"] for clock in after["clocks"])
    assert after["clocks"][0]["elapsed_ms"] == record["call"]["duration_ms"]


async def test_a_request_that_returns_is_told_at_once_with_both_sides_words(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(DEMAND, REFUSAL, AGAIN, REFUSAL, AGAIN)
    token = await server.token(Role.SUPERVISOR)
    async with live_call(server) as stream, server.client(token) as client:
        async with server.screen(token) as screen:
            await speak(server, stream, "caller", "operator", "caller", "operator", "caller")
            first = (await hear_until(screen, "stalemate.started"))[-1]["data"]
            second = (await hear_until(screen, "stalemate.tick"))[-1]["data"]
        after = await progress_of(client)

    demand = second["demand"]
    assert first["demand"] is None
    assert demand == after["demand"]
    assert (demand["stated"], demand["answered"]) == (3, 2)
    assert [quote["text"] for quote in demand["statements"]] == [DEMAND, AGAIN, AGAIN]
    assert [quote["text"] for quote in demand["answers"]] == [REFUSAL, REFUSAL]
    assert after["clocks"][2]["kind"] == "stalemate"
    assert after["clocks"][2]["running"]


async def test_a_call_of_another_section_can_neither_be_pressed_nor_read(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT)
    async with (
        live_call(server) as stream,
        await supervisor(server, section="税務課") as stranger,
        await supervisor(server) as client,
    ):
        await speak(server, stream, "caller")
        answers = [
            await press(stranger),
            (await stranger.get("/v1/calls/c1/progress")).status_code,
            (await client.get("/v1/calls/none/progress")).status_code,
            (await client.get("/v1/calls/%00/progress")).status_code,
        ]
        after = await progress_of(client)

    assert answers == [403, 403, 404, 404]
    assert after["warnings"] == []
