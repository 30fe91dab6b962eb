"""Alerts that come before their sentence is over: shown at once, confirmed or withdrawn by the whole of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest
from sqlalchemy import select

from app.auth.identity import Role
from app.calls.live_call import LiveCall
from app.calls.recovery import Recovered, recover
from app.events import EventType
from app.ledger import Entry
from app.models import AlertRow, FindingRow, StaffAction
from app.settings import Settings
from asr.errors import TranscriptionFailed
from asr.types import Doubt
from detection.conversation import CallConversation
from detection.policy_files import load_policy
from detection.types import Assessment, Utterance
from tests.app.exchange import BREAKING, BreakingDetector, Exchange
from tests.app.running import hear_until, running_server, say, send
from tests.app.sounds import call_bytes, joined, silence, speech
from tests.app.speaking import (
    PAUSE_MS,
    Screens,
    alerts,
    begun,
    sentence,
    speak,
    stored_kinds,
    watched,
)
from tests.app.test_live_calls import Killed, at_once
from tests.detection.shipped import shipped_detector
from tests.fakes_transcriber import ScriptedTranscriber

HARMLESS = "住民票の写しがほしいのですが"
THREAT_SO_FAR = "今からそっちに行って刺してやるからな、お前の顔は"
THREAT = f"{THREAT_SO_FAR}覚えたぞ"
MISHEARD = "今からそっちに行って話してもらうから、前の方はいますか"
INSULT_SO_FAR = "お前みたいな税金泥棒のくせにえらそうな口を"
INSULT = f"{INSULT_SO_FAR}きくな"
SMASH = "家のガラス割ってやるぞ"
ALERTS = (EventType.ALERT_RAISED, EventType.ALERT_UPDATED, EventType.ALERT_CLOSED)


def heard_as(whole: str | TranscriptionFailed, *partials: str) -> ScriptedTranscriber:
    return ScriptedTranscriber(whole, HARMLESS, partials=partials or [THREAT_SO_FAR])


async def begin(office: Exchange, screens: Screens, ms: int = 3_000) -> LiveCall:
    """Let a caller speak until an alert stands on the screens, and not to the end of the sentence."""
    call = (await office.attach("c1")).call
    await speak(call, begun(ms))
    await screens.until(EventType.ALERT_RAISED)
    return call


async def end_sentence(call: LiveCall, screens: Screens, kind: EventType) -> None:
    await speak(call, joined(speech(800), silence(PAUSE_MS)))
    await screens.until(kind)


async def stop(office: Exchange, call: LiveCall) -> None:
    await call.finish()
    attached = await office.attach("c1", resume=True)
    await office.registry.stop(attached, "stop")


async def only_alert(office: Exchange) -> AlertRow:
    (row,) = await alerts(office, "c1")
    return row


async def heard_again(office: Exchange) -> Recovered:
    """Return the call as it would stand after a crash."""
    detector, policy = shipped_detector(), load_policy("ebetsu")
    return await recover(
        office.database,
        "c1",
        detector=detector,
        new_conversation=lambda: CallConversation(policy, detector.version),
    )


async def test_a_threat_is_told_before_its_sentence_is_over_and_asks_for_a_check(
    settings: Settings,
) -> None:
    async with watched(settings, heard_as(THREAT)) as (office, screens):
        await begin(office, screens)
        call, row = await office.row("c1"), await only_alert(office)

        (raised,) = screens.of(EventType.ALERT_RAISED)
        assert (raised["level"], raised["needs_check"], raised["withdrawn"]) == (3, True, False)
        assert raised["categories"][0] == "physical_attack"
        assert raised["utterance_id"] == screens.of(EventType.TRANSCRIPT_PARTIAL)[0]["utterance_id"]
        (level,) = screens.of(EventType.LEVEL_CHANGED)
        assert (level["level"], level["top_level"]) == (3, 0)
        assert screens.of(EventType.SCRIPT_SUGGESTED)[0]["step"] == "emergency"
        assert EventType.TRANSCRIPT_FINAL not in screens.kinds()
        assert (call.level, call.top_level, row.unconfirmed) == (3, 0, {})


async def test_the_whole_sentence_confirms_the_alert_and_raises_no_second_one(
    settings: Settings,
) -> None:
    async with watched(settings, heard_as(THREAT)) as (office, screens):
        call = await begin(office, screens)
        await end_sentence(call, screens, EventType.ALERT_UPDATED)
        await stop(office, call)
        row, stored = await only_alert(office), await office.row("c1")

        told = [event for event in screens.told if event.type in ALERTS]
        assert [event.type for event in told] == [EventType.ALERT_RAISED, EventType.ALERT_UPDATED]
        assert {event.data["alert_id"] for event in told} == {row.id}
        assert (row.count, row.needs_check, row.unconfirmed, row.withdrawn) == (
            1,
            False,
            None,
            False,
        )
        assert row.closed_at is None
        assert (stored.level, stored.top_level) == (3, 3)
        assert len(screens.of(EventType.LEVEL_CHANGED)) == 1
        assert await office.texts("c1") == [THREAT]


async def test_an_alert_that_the_whole_sentence_does_not_bear_out_is_withdrawn_with_its_level(
    settings: Settings,
) -> None:
    async with watched(settings, heard_as(MISHEARD)) as (office, screens):
        call = await begin(office, screens)
        await end_sentence(call, screens, EventType.ALERT_CLOSED)
        await stop(office, call)
        row, stored = await only_alert(office), await office.row("c1")

        (closed,) = screens.of(EventType.ALERT_CLOSED)
        assert (closed["alert_id"], closed["withdrawn"]) == (row.id, True)
        assert (row.withdrawn, row.unconfirmed) == (True, None)
        assert row.closed_at is not None
        assert [level["level"] for level in screens.of(EventType.LEVEL_CHANGED)] == [3, 0]
        assert screens.of(EventType.SCRIPT_SUGGESTED)[-1]["text"] == ""
        assert (stored.level, stored.top_level, stored.outcome) == (0, 0, "ordinary")
        assert screens.of(EventType.CALL_ENDED)[0]["top_level"] == 0


async def test_an_alert_whose_sentence_holds_no_words_after_all_is_withdrawn(
    settings: Settings,
) -> None:
    async with watched(settings, heard_as("")) as (office, screens):
        call = await begin(office, screens)
        await end_sentence(call, screens, EventType.ALERT_CLOSED)
        await stop(office, call)

        assert (await only_alert(office)).withdrawn
        assert (await office.row("c1")).level == 0
        assert screens.of(EventType.TRANSCRIPT_PARTIAL)[-1]["text"] == ""


async def test_what_was_clearly_heard_of_a_lost_sentence_is_kept_and_only_the_rest_is_a_gap(
    settings: Settings,
) -> None:
    async with watched(settings, heard_as(TranscriptionFailed("lost"))) as (office, screens):
        call = await begin(office, screens)
        await end_sentence(call, screens, EventType.ALERT_UPDATED)
        await stop(office, call)
        row, stored = await only_alert(office), await office.row("c1")
        again = await heard_again(office)

        (final,) = screens.of(EventType.TRANSCRIPT_FINAL)
        (gap,) = screens.of(EventType.GAP)
        assert (final["text"], final["doubts"]) == (THREAT_SO_FAR, [Doubt.TRUNCATED.value])
        assert gap["start_ms"] == final["end_ms"] < gap["end_ms"]
        assert (row.needs_check, row.withdrawn, row.closed_at) == (True, False, None)
        assert (stored.level, stored.top_level) == (3, 3)
        assert again.decision is not None
        assert again.decision.level == 3


async def test_a_withdrawn_alert_does_not_stand_in_the_way_of_a_real_one(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(MISHEARD, THREAT, partials=[THREAT_SO_FAR])
    async with watched(settings, transcriber) as (office, screens):
        call = await begin(office, screens)
        await end_sentence(call, screens, EventType.ALERT_CLOSED)
        await speak(call, sentence(1_600))
        await screens.until(EventType.ALERT_RAISED, 2)
        await stop(office, call)
        withdrawn, real = sorted(await alerts(office, "c1"), key=lambda row: not row.withdrawn)

        assert (withdrawn.withdrawn, real.withdrawn) == (True, False)
        assert withdrawn.id != real.id
        assert real.key == "physical_attack-1"
        assert (await office.row("c1")).top_level == 3


async def test_what_others_say_meanwhile_does_not_take_the_early_level_back(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber("はい、お伺いします", THREAT, partials=[THREAT_SO_FAR])
    async with watched(settings, transcriber) as (office, screens):
        call = (await office.attach("c1")).call
        operator = joined(silence(1_200), speech(960), silence(2_000))
        await speak(call, begun(4_500), operator)
        await screens.until(EventType.TRANSCRIPT_FINAL)
        await end_sentence(call, screens, EventType.ALERT_UPDATED)
        await stop(office, call)

        assert [kind for kind in screens.kinds() if kind in ALERTS] == [
            EventType.ALERT_RAISED,
            EventType.ALERT_UPDATED,
        ]
        assert [level["level"] for level in screens.of(EventType.LEVEL_CHANGED)] == [3]
        assert screens.of(EventType.TRANSCRIPT_FINAL)[0]["track"] == "operator"


async def test_a_graver_word_of_the_same_sentence_goes_on_with_the_same_alert(
    settings: Settings,
) -> None:
    more = f"{INSULT_SO_FAR}きくな、刺してやるからな、待ってろよ"
    transcriber = heard_as(more, INSULT_SO_FAR, INSULT_SO_FAR + "き", more)
    async with watched(settings, transcriber) as (office, screens):
        call = await begin(office, screens, 2_600)
        await speak(call, speech(2_400))
        await screens.until(EventType.TRANSCRIPT_PARTIAL, 2)
        await speak(call, speech(2_400))
        await screens.until(EventType.ALERT_UPDATED)
        await end_sentence(call, screens, EventType.TRANSCRIPT_FINAL)
        await stop(office, call)
        row = await only_alert(office)

        told = [event for event in screens.told if event.type in ALERTS]
        assert [event.type for event in told] == [
            EventType.ALERT_RAISED,
            EventType.ALERT_UPDATED,
            EventType.ALERT_UPDATED,
        ]
        assert [event.data["level"] for event in told] == [2, 3, 3]
        assert {event.data["alert_id"] for event in told} == {row.id}
        assert row.categories[0] == "physical_attack"
        assert (row.key, row.withdrawn) == ("physical_attack-1", False)


async def test_a_line_that_stood_before_goes_back_to_what_it_said(settings: Settings) -> None:
    transcriber = ScriptedTranscriber(SMASH, MISHEARD, partials=[THREAT_SO_FAR])
    async with watched(settings, transcriber) as (office, screens):
        call = (await office.attach("c1")).call
        await speak(call, sentence(1_600))
        await screens.until(EventType.ALERT_RAISED)
        await speak(call, begun(3_000))
        await screens.until(EventType.ALERT_UPDATED)
        await end_sentence(call, screens, EventType.TRANSCRIPT_FINAL)
        await screens.until(EventType.ALERT_UPDATED, 2)
        await stop(office, call)
        row, stored = await only_alert(office), await office.row("c1")

        (before,) = screens.of(EventType.ALERT_RAISED)
        graver, after = screens.of(EventType.ALERT_UPDATED)
        assert (before["level"], graver["level"], graver["needs_check"]) == (2, 3, True)
        assert after == before
        assert (row.closed_at, row.unconfirmed, row.withdrawn) == (None, None, False)
        assert (stored.level, stored.top_level) == (2, 2)


async def test_nothing_is_counted_before_the_sentence_is_over(settings: Settings) -> None:
    async with watched(settings, heard_as(THREAT)) as (office, screens):
        await begin(office, screens)
        async with office.database.transaction() as session:
            findings = (await session.scalars(select(FindingRow))).all()

        assert findings == []
        assert await office.texts("c1") == []
        assert sorted(await stored_kinds(office)) == [
            "alert.raised",
            "call.started",
            "level.changed",
            "script.suggested",
        ]


def called_false(alert_id: str) -> Callable[[Entry], Awaitable[None]]:
    async def mark(entry: Entry) -> None:
        row = await entry.session.get(AlertRow, alert_id)
        assert row is not None
        row.false_alarm = True
        row.closed_at = entry.now
        entry.session.add(
            StaffAction(
                call_id="c1",
                kind="false_alarm",
                by_login="sato",
                at=entry.now,
                detail={"alert_id": row.id, "key": row.key},
            )
        )

    return mark


@pytest.mark.parametrize(
    ("so_far", "whole", "level"),
    [(THREAT_SO_FAR, THREAT, 0), (THREAT_SO_FAR, MISHEARD, 0), (INSULT_SO_FAR, THREAT, 0)],
)
async def test_an_early_alert_called_false_is_closed_when_its_sentence_is_over_and_stays_closed(
    settings: Settings, so_far: str, whole: str, level: int
) -> None:
    async with watched(settings, heard_as(whole, so_far)) as (office, screens):
        call = await begin(office, screens)
        row = await only_alert(office)
        async with anyio.create_task_group() as people:
            people.start_soon(call.judge.dismiss, row.key, called_false(row.id))
            await anyio.lowlevel.checkpoint()
            await end_sentence(call, screens, EventType.ALERT_CLOSED)
        await stop(office, call)
        again = await heard_again(office)
        row, stored = await only_alert(office), await office.row("c1")

        assert row.false_alarm
        assert row.closed_at is not None
        assert stored.level == level
        assert again.decision is not None
        assert again.decision.level == level


async def test_taking_back_a_false_alarm_does_not_bring_a_withdrawn_alert_back(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(MISHEARD, partials=[THREAT_SO_FAR])
    async with running_server(settings, transcriber) as server:
        token = await server.token(Role.SUPERVISOR)
        async with (
            server.screen(token) as screen,
            server.stream() as stream,
            server.client(token) as client,
            anyio.create_task_group() as people,
        ):
            await say(stream, {"type": "start", "call_id": "c1"})
            # What is sent faster than it is spoken is heard a second later.
            await send(stream, call_bytes(begun(4_800)))
            early = (await hear_until(screen, "alert.raised"))[-1]["data"]
            path = f"/v1/alerts/{early['alert_id']}/false-alarm"
            people.start_soon(client.post, path)
            await send(stream, call_bytes(joined(speech(800), silence(PAUSE_MS))))
            await hear_until(screen, "note")
            taken_back = await client.delete(path)
            record = (await client.get("/v1/calls/c1")).json()

        assert taken_back.status_code == 204
        assert [(a["state"], a["withdrawn"], a["false_alarm"]) for a in record["alerts"]] == [
            ("closed", True, False)
        ]
        assert record["call"]["level"] == 0


class JudgingUntilItBreaks(BreakingDetector):
    """Judges as the shipped one, and breaks over one word."""

    def assess(self, utterance: Utterance) -> Assessment:
        super().assess(utterance)
        return shipped_detector().assess(utterance)


async def test_whoever_waits_for_the_end_of_a_sentence_is_let_go_when_the_call_breaks(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(BREAKING, partials=[THREAT_SO_FAR])
    async with watched(settings, transcriber, detector=JudgingUntilItBreaks()) as (
        office,
        screens,
    ):
        call = await begin(office, screens)
        row = await only_alert(office)
        async with anyio.create_task_group() as people:
            people.start_soon(call.judge.dismiss, row.key, called_false(row.id))
            await speak(call, joined(speech(800), silence(PAUSE_MS)))
        await office.until(lambda: office.registry.find("c1") is None)

        stored = await office.row("c1")
        assert stored.end_reason == "error"
        assert stored.level == 0
        assert (await only_alert(office)).closed_at is not None


async def test_a_call_that_ends_in_an_error_leaves_no_alert_on_half_a_sentence(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(HARMLESS, BREAKING, partials=[THREAT_SO_FAR])
    async with watched(settings, transcriber, detector=JudgingUntilItBreaks()) as (
        office,
        screens,
    ):
        call = (await office.attach("c1")).call
        await speak(call, sentence(1_600))
        await speak(call, begun(3_000))
        await screens.until(EventType.ALERT_RAISED)
        await speak(call, joined(speech(800), silence(PAUSE_MS)))
        await office.until(lambda: office.registry.find("c1") is None)
        stored = await office.row("c1")

        assert (stored.end_reason, stored.level, stored.top_level) == ("error", 0, 0)
        assert (await only_alert(office)).withdrawn
        assert screens.kinds()[-3:] == [
            EventType.ALERT_CLOSED,
            EventType.LEVEL_CHANGED,
            EventType.CALL_ENDED,
        ]


async def killed_in_mid_sentence(settings: Settings, transcriber: ScriptedTranscriber) -> int:
    """Let a server die while an alert rests on half a sentence; return the telephone's token."""
    token_ids = []
    dying = at_once(drain_seconds=0, resume_seconds=60)

    async def play_until_killed() -> None:
        async with watched(settings, transcriber, stream=dying) as (office, screens):
            token_ids.append(office.token_id)
            await begin(office, screens)
            raise Killed

    with pytest.raises(ExceptionGroup):
        await play_until_killed()
    return token_ids[0]


@pytest.mark.parametrize(("whole", "open_lines"), [(THREAT, 1), (MISHEARD, 0), ("", 0)])
async def test_after_a_crash_the_sentence_is_heard_again_and_settles_the_same_alert(
    settings: Settings, whole: str, open_lines: int
) -> None:
    token_id = await killed_in_mid_sentence(settings, heard_as(whole))
    sound = joined(begun(3_800), silence(PAUSE_MS))
    async with watched(settings, heard_as(whole)) as (office, screens):
        office.token_id = token_id
        call = (await office.attach("c1", resume=True)).call
        await speak(call, sound[call.position_samples * 2 :])
        await stop(office, call)
        row, stored = await only_alert(office), await office.row("c1")

        assert EventType.ALERT_RAISED not in screens.kinds()
        assert (row.closed_at is None) == bool(open_lines)
        assert (row.withdrawn, row.unconfirmed) == (not open_lines, None)
        assert stored.level == stored.top_level == 3 * open_lines


async def test_a_call_that_nobody_takes_up_again_keeps_no_alert_on_half_a_sentence(
    settings: Settings,
) -> None:
    await killed_in_mid_sentence(settings, heard_as(THREAT))
    async with watched(settings, ScriptedTranscriber(), stream=at_once()) as (office, _):
        with anyio.fail_after(20):
            while (stored := await office.row("c1")).ended_at is None:
                pass
        row = await only_alert(office)

        assert stored.end_reason == "interrupted"
        assert (stored.level, stored.top_level, stored.outcome) == (0, 0, "ordinary")
        assert row.withdrawn
        assert row.closed_at is not None
