"""From an alert that a person calls false to the rule that raised it, and from a decision to the next call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.auth.identity import Identity, Role
from app.calls.recovery import recover
from app.clock import SystemClock
from app.events import EventType
from app.feedback.repository import tallies
from app.feedback.reviewing import decide
from app.feedback.reviews import Key, ReviewKind
from app.models import DecisionRow
from app.settings import Settings
from detection.conversation import CallConversation
from detection.policy_files import load_policy
from detection.understanding import load_detector
from tests.app.exchange import Exchange, exchange
from tests.app.running import (
    RunningServer,
    hear,
    hear_until,
    say,
    send,
)
from tests.app.sounds import call_bytes, joined, sentences, silence, speech
from tests.app.speaking import PAUSE_MS, begun, speak, watched
from tests.detection.shipped import assess, shipped_detector
from tests.fakes_transcriber import ScriptedTranscriber

INSULT = "お前は本当に馬鹿だな"
THREAT = "今からそっちに行って刺してやるからな、お前の顔は覚えたぞ"
HARMLESS = "住民票の写しがほしいのですが"
WHY = "職員名簿の読み上げと聞き間違えるため"
ADMINISTRATOR = Identity("suzuki", "鈴木", Role.ADMINISTRATOR, "")


def key_of(text: str) -> Key:
    """Return the rule that finds the gravest in *text*, and its category."""
    found = max(assess(text).findings, key=lambda finding: finding.severity)
    return found.rule, found.category.value


def keys_of(text: str) -> set[Key]:
    """Return every rule that finds something in *text*: switched off together, they leave nothing."""
    return {(finding.rule, finding.category.value) for finding in assess(text).findings}


async def rules(server: RunningServer, role: Role = Role.AUDITOR, query: str = "") -> list[Any]:
    async with server.client(await server.token(role)) as client:
        answer = (await client.get(f"/v1/rules{query}")).raise_for_status()
    assert INSULT not in answer.text
    listed: list[Any] = answer.json()["rules"]
    return listed


def line_of(listed: list[Any], key: Key) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in listed if (r["rule"], r["category"]) == key)
    return found


async def review(
    server: RunningServer, key: Key, decision: str, note: str = WHY
) -> tuple[int, str]:
    """Decide as an administrator; return status and code."""
    async with server.client(await server.token(Role.ADMINISTRATOR, name="kanri")) as client:
        answer = await client.post(
            "/v1/rules/reviews",
            json={"rule": key[0], "category": key[1], "decision": decision, "note": note},
        )
    return answer.status_code, answer.json()["code"] if answer.content else ""


async def whole_call(server: RunningServer, call_id: str, count: int) -> list[dict[str, Any]]:
    """Play a call of *count* sentences to its end; return its alerts."""
    async with server.stream() as stream:
        await say(stream, {"type": "start", "call_id": call_id, "operator": "sato"})
        await hear(stream)
        await send(stream, call_bytes(sentences(count)))
        await say(stream, {"type": "stop"})
        await hear(stream)
    return await alerts(server, call_id)


async def alerts(server: RunningServer, call_id: str) -> list[dict[str, Any]]:
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        record = (await client.get(f"/v1/calls/{call_id}")).raise_for_status().json()
    found: list[dict[str, Any]] = record["alerts"]
    return found


async def test_an_alert_called_false_counts_against_its_rule_once_the_call_is_over(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT, INSULT, HARMLESS)
    token = await server.token(Role.SUPERVISOR)
    async with server.stream() as stream, server.client(token) as client:
        async with server.screen(token) as screen:
            await say(stream, {"type": "start", "call_id": "c1", "operator": "sato"})
            await hear(stream)
            await send(stream, call_bytes(sentences(3)))
            for _ in range(3):
                await hear_until(screen, "transcript.final")
        (alert,) = await alerts(server, "c1")
        await client.post(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        meanwhile = await rules(server)
        await say(stream, {"type": "stop"})
        await hear(stream)
        marked = line_of(await rules(server), key_of(INSULT))
        await client.delete(f"/v1/alerts/{alert['alert_id']}/false-alarm")
        unmarked = line_of(await rules(server, Role.SUPERVISOR), key_of(INSULT))

    assert alert["count"] == 2
    assert meanwhile == []
    assert (marked["count"]["raised"], marked["count"]["marked_false"]) == (1, 1)
    assert marked["count"]["low"] == 0
    assert marked["proposal"] is None
    (version,) = marked["versions"]
    assert version["detector_version"] == load_detector().version
    assert (unmarked["count"]["raised"], unmarked["count"]["marked_false"]) == (1, 0)
    assert unmarked["count"]["share_right"] == 1


async def test_a_rule_switched_off_is_left_out_of_calls_that_start_afterwards(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT, INSULT, INSULT, HARMLESS, INSULT)
    await whole_call(server, "first", 1)
    keys = keys_of(INSULT)
    async with server.stream() as stream:
        await say(stream, {"type": "start", "call_id": "going-on", "operator": "sato"})
        await hear(stream)
        switched = {await review(server, key, "switched_off") for key in keys}
        await send(stream, call_bytes(sentences(1)))
        await say(stream, {"type": "stop"})
        await hear(stream)
    going_on = await alerts(server, "going-on")
    without = await whole_call(server, "without", 2)
    listed = line_of(await rules(server, Role.ADMINISTRATOR), key_of(INSULT))
    back = {await review(server, key, "switched_on", "") for key in keys}
    again = await whole_call(server, "again", 1)

    assert (switched, back) == ({(204, "")}, {(204, "")})
    assert len(going_on) == 1
    assert without == []
    assert listed["switched_off"]["note"] == WHY
    assert listed["switched_off"]["by"] == "token:kanri"
    assert len(again) == 1
    assert [rule for rule in await rules(server) if rule["switched_off"]] == []


async def test_what_cannot_be_decided_is_refused_with_its_reason(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(THREAT)
    await whole_call(server, "c1", 1)
    key = key_of(THREAT)

    assert await review(server, key, "switched_off") == (409, "rule_always_used")
    assert await review(server, key, "reviewed", " ") == (400, "note_missing")
    assert await review(server, ("nobody", "sexual"), "reviewed") == (404, "rule_unknown")
    assert await review(server, ("\0", "sexual"), "reviewed") == (404, "rule_unknown")
    assert await review(server, key, "burnt") == (400, "bad_request")
    assert await review(server, key, "reviewed") == (204, "")
    threat = line_of(await rules(server), key)
    assert (threat["severity"], threat["may_be_switched_off"]) == (3, False)
    assert threat["reviewed"]["note"] == WHY


@pytest.mark.parametrize("days", ["0", "-1", "many", "4000"])
async def test_a_span_that_is_none_is_refused(server: RunningServer, days: str) -> None:
    async with server.client(await server.token(Role.AUDITOR)) as client:
        answer = await client.get(f"/v1/rules?days={days}")

    assert answer.status_code == 400


async def test_counts_are_those_of_the_whole_office_and_name_nobody(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(INSULT)
    (alert,) = await whole_call(server, "c1", 1)
    async with server.client(await server.token(Role.SUPERVISOR, name="tanaka")) as client:
        await client.post(f"/v1/alerts/{alert['alert_id']}/false-alarm")
    async with server.client(await server.token(Role.SUPERVISOR, section="税務課")) as client:
        answer = await client.get("/v1/rules?days=1")

    assert line_of(answer.json()["rules"], key_of(INSULT))["count"]["marked_false"] == 1
    assert "tanaka" not in answer.text
    assert "sato" not in answer.text


# Without sockets


async def decide_all(office: Exchange, kind: ReviewKind) -> None:
    for key in keys_of(INSULT):
        await decide(office.ledger, ADMINISTRATOR, key, kind, WHY)


async def counted(office: Exchange) -> dict[str, tuple[int, int, int]]:
    """Return raised, false and withdrawn of every rule."""
    long_ago = SystemClock().now() - timedelta(days=1)
    async with office.database.transaction() as session:
        return {
            tally.rule: (tally.count.raised, tally.count.false, tally.withdrawn)
            for tally in await tallies(session, long_ago)
        }


async def half_then_whole(settings: Settings, half: str, whole: str) -> dict[str, Any]:
    """Say a sentence that is first heard as *half* and at its end as *whole*; count when the call is over."""
    async with watched(settings, ScriptedTranscriber(whole, partials=[half])) as (office, screens):
        attached = await office.attach("c1")
        await speak(attached.call, begun(2_600))
        await screens.until(EventType.ALERT_RAISED)
        await speak(attached.call, joined(speech(800), silence(PAUSE_MS)))
        await screens.until(EventType.TRANSCRIPT_FINAL)
        await office.registry.stop(attached, "stop")
        return await counted(office)


async def test_an_alert_that_the_whole_sentence_bore_out_is_one_alert(settings: Settings) -> None:
    assert (await half_then_whole(settings, THREAT, THREAT))[key_of(THREAT)[0]] == (1, 0, 0)


async def test_an_alert_that_the_whole_sentence_took_back_counts_apart(settings: Settings) -> None:
    count = await half_then_whole(settings, THREAT, HARMLESS)

    assert count[key_of(THREAT)[0]] == (0, 0, 1)
    assert set(count.values()) == {(0, 0, 1)}


async def test_a_line_that_another_rule_bore_out_is_right_for_that_rule_only(
    settings: Settings,
) -> None:
    count = await half_then_whole(settings, THREAT, INSULT)

    assert count[key_of(INSULT)[0]] == (1, 0, 0)
    assert count[key_of(THREAT)[0]] == (0, 0, 1)


async def test_a_call_heard_again_is_judged_without_the_rules_that_it_began_without(
    settings: Settings,
) -> None:
    detector, policy = shipped_detector(), load_policy("ebetsu")
    async with exchange(settings, ScriptedTranscriber(INSULT, INSULT)) as office:
        await office.call("first", call_bytes(sentences(1)))
        await decide_all(office, ReviewKind.SWITCHED_OFF)
        await office.call("c1", call_bytes(sentences(1)))
        await decide_all(office, ReviewKind.SWITCHED_ON)
        again = {
            call_id: await recover(
                office.database,
                call_id,
                detector=detector,
                new_conversation=lambda: CallConversation(policy, detector.version),
            )
            for call_id in ("first", "c1")
        }
        levels = {call_id: (await office.row(call_id)).level for call_id in again}

    assert levels["first"] > levels["c1"] == 0
    for call_id, recovered in again.items():
        assert recovered.decision is not None
        assert recovered.decision.level == levels[call_id]
    assert again["c1"].switched_off.rules == keys_of(INSULT)
    assert again["first"].switched_off.rules == frozenset()


async def test_the_record_of_a_sentence_names_the_rule_that_is_not_used_here(
    settings: Settings,
) -> None:
    async with exchange(settings, ScriptedTranscriber(INSULT, INSULT)) as office:
        await office.call("first", call_bytes(sentences(1)))
        await decide_all(office, ReviewKind.SWITCHED_OFF)
        await office.call("c1", call_bytes(sentences(1)))
        async with office.database.transaction() as session:
            aside = await session.scalar(
                select(DecisionRow.set_aside).where(DecisionRow.call_id == "c1")
            )

    assert aside is not None
    assert f"{key_of(INSULT)[0]}: この役所では使わないルール" in aside
