"""What people do about a call: help, 言った, 誤検知 and taking it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from app.auth.identity import Role
from app.settings import Settings
from tests.app.hesitating import hesitating, take_up
from tests.app.running import (
    ANSWER_SECONDS,
    RunningServer,
    hear,
    hear_until,
    in_own_task,
    running_server,
    say,
    send,
)
from tests.app.sounds import call_bytes, sentences
from tests.fakes_transcriber import ScriptedTranscriber

INSULT = "お前は本当に馬鹿だな"
THREAT = "今からそっちに行って刺してやるからな"
HARMLESS = "住民票の写しがほしいのですが"
OTHER_INSULT = "この税金泥棒が"
THIRD_INSULT = "死んでしまえ"
SORRY = "言い過ぎました、申し訳ありませんでした"


@asynccontextmanager
async def live_call(
    server: RunningServer, operator: str = "sato"
) -> AsyncIterator[ClientConnection]:
    async with server.stream() as stream:
        await say(stream, {"type": "start", "call_id": "c1", "operator": operator})
        await hear(stream)
        yield stream


async def speak(server: RunningServer, stream: ClientConnection, count: int) -> None:
    """Say *count* sentences and wait until a screen has seen the last of them."""
    token = await server.token(Role.SUPERVISOR)
    async with server.screen(token) as screen:
        await send(stream, call_bytes(sentences(count)))
        for _ in range(count):
            await hear_until(screen, "transcript.final")


async def record_of(client: httpx.AsyncClient) -> dict[str, Any]:
    record: dict[str, Any] = (await client.get("/v1/calls/c1")).raise_for_status().json()
    return record


def open_alerts(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [alert for alert in record["alerts"] if alert["state"] == "open"]


async def test_a_threat_is_an_alert_with_words_time_rule_and_clause(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(THREAT)
    async with (
        live_call(server) as stream,
        server.client(await server.token(Role.SUPERVISOR)) as client,
    ):
        await speak(server, stream, 1)
        record = await record_of(client)

    (alert,) = open_alerts(record)
    assert record["call"]["level"] == 3
    assert record["call"]["outcome"] == "harassment_suspected"
    assert alert["categories"][0] == "physical_attack"
    assert alert["quote"] in THREAT
    assert alert["reason"]
    assert "身体的な攻撃" in alert["clause"]
    (utterance,) = record["utterances"]
    finding = utterance["findings"][0]
    assert utterance["text"][finding["start"] : finding["end"]] == finding["quote"]
    assert record["script"]["step"] == "emergency"


async def test_harmless_words_raise_nothing(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(HARMLESS, "はい、お願いします")
    async with (
        live_call(server) as stream,
        server.client(await server.token(Role.SUPERVISOR)) as client,
    ):
        await speak(server, stream, 2)
        record = await record_of(client)

    assert record["alerts"] == []
    assert record["call"]["level"] == 0


async def test_a_false_alarm_closes_the_alert_and_lowers_the_level(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(THREAT)
    async with (
        live_call(server) as stream,
        server.client(await server.token(Role.SUPERVISOR)) as client,
    ):
        await speak(server, stream, 1)
        (alert,) = open_alerts(await record_of(client))
        answer = await client.post(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        again = await client.post(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        record = await record_of(client)

    assert (answer.status_code, again.status_code) == (204, 204)
    assert open_alerts(record) == []
    assert record["alerts"][0]["false_alarm"] is True
    assert record["call"]["level"] == 0
    assert [note["kind"] for note in record["notes"]] == ["false_alarm"]


async def test_taking_a_false_alarm_back_restores_alert_and_level(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(THREAT)
    async with (
        live_call(server) as stream,
        server.client(await server.token(Role.SUPERVISOR)) as client,
    ):
        await speak(server, stream, 1)
        (alert,) = open_alerts(await record_of(client))
        await client.post(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        answer = await client.delete(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        record = await record_of(client)

    assert answer.status_code == 204
    assert [a["alert_id"] for a in open_alerts(record)] == [alert["alert_id"]]
    assert record["call"]["level"] == 3


async def test_a_false_alarm_while_the_call_is_taken_up_again_is_not_forgotten(
    settings: Settings, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(THREAT, HARMLESS)
    async with in_own_task(running_server(settings, transcriber)) as first:
        async with live_call(first) as stream:
            await speak(first, stream, 1)
        token = await first.token(Role.SUPERVISOR)
    async with (
        in_own_task(running_server(settings, transcriber)) as second,
        second.client(token) as client,
        second.stream(first.stream_token) as stream,
    ):
        (alert,) = open_alerts(await record_of(client))
        async with hesitating(second.services, partial(take_up, second.services, stream, "c1")):
            await client.post(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        await hear(stream)
        await speak(second, stream, 1)
        record = await record_of(client)

    assert open_alerts(record) == []
    assert record["call"]["level"] == 0


async def test_taking_a_false_alarm_back_does_not_reopen_what_would_have_lapsed_meanwhile(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT, SORRY, SORRY, HARMLESS)
    async with (
        live_call(server) as stream,
        server.client(await server.token(Role.SUPERVISOR)) as client,
    ):
        await speak(server, stream, 1)
        (alert,) = open_alerts(await record_of(client))
        await client.post(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        await speak(server, stream, 3)
        await client.delete(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        record = await record_of(client)

    assert [(a["state"], a["false_alarm"]) for a in record["alerts"]] == [("closed", False)]
    assert record["call"]["level"] == 0


async def test_taking_a_false_alarm_back_leaves_the_one_line_that_the_call_would_have(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT, OTHER_INSULT)
    async with (
        live_call(server) as stream,
        server.client(await server.token(Role.SUPERVISOR)) as client,
    ):
        await speak(server, stream, 1)
        (first,) = open_alerts(await record_of(client))
        await client.post(f"/v1/alerts/{first['alert_id']}/false-alarm")
        await speak(server, stream, 1)
        (second,) = open_alerts(await record_of(client))
        await client.delete(f"/v1/alerts/{first['alert_id']}/false-alarm")
        (line,) = open_alerts(await record_of(client))

    assert (first["count"], second["count"]) == (1, 1)
    assert second["alert_id"] != first["alert_id"]
    assert (line["alert_id"], line["count"]) == (first["alert_id"], 2)
    assert line["quote"] == second["quote"] != first["quote"]
    assert line["explanation"] == second["explanation"] is not None


async def test_a_call_is_judged_while_who_takes_a_false_alarm_back_waits_for_others_to_be_heard_again(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT, HARMLESS)
    others = server.services.registry.rehearing._to_go_on
    async with (
        live_call(server) as stream,
        server.client(await server.token(Role.SUPERVISOR)) as client,
    ):
        await speak(server, stream, 1)
        (alert,) = open_alerts(await record_of(client))
        path = f"/v1/alerts/{alert['alert_id']}/false-alarm"
        await client.post(path)
        async with anyio.create_task_group() as people, others:
            people.start_soon(client.delete, path)
            with anyio.fail_after(ANSWER_SECONDS):
                while not others.statistics().tasks_waiting:
                    await anyio.lowlevel.checkpoint()
            await speak(server, stream, 1)
            waiting = open_alerts(await record_of(client))
        record = await record_of(client)

    assert waiting == []
    assert [said["text"] for said in record["utterances"]] == [INSULT, HARMLESS]
    assert [a["alert_id"] for a in open_alerts(record)] == [alert["alert_id"]]


async def test_a_new_alert_never_goes_on_with_one_that_was_called_false(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT, OTHER_INSULT, THIRD_INSULT)
    marked = []
    async with (
        live_call(server) as stream,
        server.client(await server.token(Role.SUPERVISOR)) as client,
    ):
        for _ in range(2):
            await speak(server, stream, 1)
            (alert,) = open_alerts(await record_of(client))
            marked.append(alert["alert_id"])
            await client.post(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        # Without its first mark the call has one line for both, and the second key is free again.
        await client.delete(f"/v1/alerts/{marked[0]}/false-alarm")
        await client.post(f"/v1/alerts/{marked[0]}/false-alarm")
        await speak(server, stream, 1)
        record = await record_of(client)

    (new,) = open_alerts(record)
    assert (new["quote"], new["count"], new["false_alarm"]) == (THIRD_INSULT, 1, False)
    assert [a["alert_id"] for a in record["alerts"] if a["false_alarm"]] == marked


@pytest.mark.parametrize("over", [False, True])
async def test_an_alert_that_had_lapsed_when_it_was_called_false_stays_lapsed_when_that_is_taken_back(
    server: RunningServer, transcriber: ScriptedTranscriber, over: bool
) -> None:
    transcriber.say(INSULT, SORRY, SORRY, HARMLESS)
    async with (
        live_call(server) as stream,
        server.client(await server.token(Role.SUPERVISOR)) as client,
    ):
        await speak(server, stream, 4)
        if over:
            await say(stream, {"type": "stop"})
            await hear(stream)
        (lapsed,) = (await record_of(client))["alerts"]
        await client.post(f"/v1/alerts/{lapsed['alert_id']}/false-alarm")
        (marked,) = (await record_of(client))["alerts"]
        await client.delete(f"/v1/alerts/{lapsed['alert_id']}/false-alarm")
        (unmarked,) = (await record_of(client))["alerts"]

    assert [a["state"] for a in (lapsed, marked, unmarked)] == ["closed"] * 3
    assert [a["false_alarm"] for a in (lapsed, marked, unmarked)] == [False, True, False]


async def test_an_alert_of_an_ended_call_can_still_be_called_false(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(THREAT)
    async with live_call(server) as stream:
        await send(stream, call_bytes(sentences(1)))
        await say(stream, {"type": "stop"})
        await hear(stream)
    async with server.client(await server.token(Role.AUDITOR)) as client:
        alert = (await record_of(client))["alerts"][0]
        await client.post(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        marked = (await record_of(client))["alerts"][0]
        await client.delete(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        unmarked = (await record_of(client))["alerts"][0]

    assert (marked["false_alarm"], unmarked["false_alarm"]) == (True, False)


async def test_help_needs_no_recognition(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    token = await server.token(Role.SUPERVISOR)
    async with live_call(server), server.client(token) as client, server.screen(token) as screen:
        transcriber.ready = False
        answer = await client.post("/v1/calls/c1/help", json={"reason": "大声が続いています"})
        told = await hear_until(screen, "note")
        asked = await record_of(client)
        await client.delete("/v1/calls/c1/help")
        withdrawn = await record_of(client)

    assert answer.status_code == 204
    assert told[-1]["data"]["kind"] == "help_requested"
    assert asked["call"]["help_requested"] is True
    assert asked["health"]["status"] == "down"
    assert withdrawn["call"]["help_requested"] is False


async def test_help_with_a_call_that_is_over_is_refused_with_what_to_do_instead(
    server: RunningServer,
) -> None:
    token = await server.token(Role.SUPERVISOR)
    async with server.client(token) as client:
        async with live_call(server) as stream:
            await client.post("/v1/calls/c1/help")
            await say(stream, {"type": "stop"})
            await hear(stream)
        too_late = await client.post("/v1/calls/c1/help")
        done = await client.delete("/v1/calls/c1/help")
        notes = (await record_of(client))["notes"]

    assert (too_late.status_code, too_late.json()["code"]) == (409, "help_too_late")
    assert "内線で上司を呼ぶか" in too_late.json()["message"]
    assert done.status_code == 204
    assert [note["kind"] for note in notes] == ["help_requested", "help_withdrawn"]


async def test_said_is_recorded_with_who_and_which_sentence(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(THREAT)
    async with (
        live_call(server) as stream,
        server.client(await server.token(Role.SUPERVISOR, name="yamada")) as client,
    ):
        await speak(server, stream, 1)
        script = (await record_of(client))["script"]
        answer = await client.post(
            "/v1/calls/c1/script-used", json={"script_id": script["script_id"]}
        )
        unknown = await client.post("/v1/calls/c1/script-used", json={"script_id": "none"})
        (note,) = (await record_of(client))["notes"]

    assert (answer.status_code, unknown.status_code) == (204, 404)
    assert (note["kind"], note["by"], note["text"]) == (
        "script_used",
        "token:yamada",
        script["text"],
    )


async def test_a_supervisor_of_another_section_can_do_nothing_to_the_call(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(THREAT)
    async with live_call(server) as stream:
        await speak(server, stream, 1)
        async with server.client(await server.token(Role.SUPERVISOR)) as client:
            (alert,) = open_alerts(await record_of(client))
        async with server.client(await server.token(Role.SUPERVISOR, section="税務課")) as client:
            answers = [
                await client.get("/v1/calls/c1"),
                await client.post("/v1/calls/c1/help"),
                await client.post("/v1/calls/c1/script-used", json={"script_id": "x"}),
                await client.post(f"/v1/alerts/{alert['alert_id']}/false-alarm"),
            ]
            listed = (await client.get("/v1/calls")).json()["calls"]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 403]
    assert {answer.json()["code"] for answer in answers} == {"other_section"}
    assert listed == []


async def test_a_restarted_server_goes_on_where_it_was(
    settings: Settings, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(HARMLESS, INSULT, THREAT)
    payload = call_bytes(sentences(3))
    async with in_own_task(running_server(settings, transcriber)) as first:
        async with live_call(first) as stream:
            token = await first.token(Role.SUPERVISOR)
            async with first.screen(token) as screen:
                await send(stream, payload[: len(payload) * 2 // 3 // 320 * 320])
                await hear_until(screen, "transcript.final")
                await hear_until(screen, "transcript.final")
        async with first.client(token) as client:
            before = await record_of(client)
    async with in_own_task(running_server(settings, transcriber)) as second:
        async with second.stream() as stream:
            await say(stream, {"type": "start", "call_id": "c1", "resume": True})
            refused = await hear(stream)
        async with second.stream(first.stream_token) as stream:
            await say(stream, {"type": "start", "call_id": "c1", "resume": True})
            started = await hear(stream)
            await send(stream, payload[started["position_samples"] * 2 :])
            await say(stream, {"type": "stop"})
            await hear(stream)
        async with second.client(token) as client:
            after = await record_of(client)

    assert refused["code"] == "not_allowed"
    assert 0 < started["position_samples"] <= len(payload) // 3
    assert [u["text"] for u in after["utterances"]] == [HARMLESS, INSULT, THREAT]
    assert after["utterances"][:2] == before["utterances"]
    assert {a["alert_id"] for a in before["alerts"]} <= {a["alert_id"] for a in after["alerts"]}
    assert after["call"]["top_level"] == 3
    assert after["call"]["end_reason"] == "stop"
