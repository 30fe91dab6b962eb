"""What people say about alerts takes its place among the words, whatever arrives meanwhile."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import anyio
import pytest
from sqlalchemy import update
from sqlalchemy.pool import QueuePool

from app.alerts.false_alarm import marking
from app.auth.identity import Identity, Role
from app.calls.recovery import Recovered, Rehearing, recover
from app.calls.registry import Attached
from app.clock import SystemClock
from app.db import Database
from app.events import EventType
from app.ledger import Entry
from app.models import StaffAction
from app.settings import Settings
from detection.conversation import CallConversation
from detection.policy import Policy
from detection.policy_files import load_policy
from detection.types import Assessment, Utterance
from tests.app.exchange import ANSWER_SECONDS, Exchange, exchange
from tests.app.sounds import call_bytes, joined, sentences, silence, speech
from tests.app.speaking import Screens, alerts, speak, watched
from tests.detection.shipped import shipped_detector
from tests.fakes_transcriber import ScriptedTranscriber

THREAT = "今からそっちに行って刺してやるからな"
HARMLESS = "住民票の写しがほしいのですが"
INSULT = "お前は本当に馬鹿だな"
WARNING = "このまま続くようでしたら、お電話を終了いたします"
SHORT = Policy(name="short", version="short-1", title="試験用", held_limit_ms=15_000)
"""A limit that is passed in the middle of a silence."""
SUPERVISOR = Identity("tanaka", "田中", Role.SUPERVISOR, "")
HOUR = timedelta(hours=1)
ONE_SENTENCE = call_bytes(sentences(1))


async def nothing(_entry: Entry) -> None:
    return


async def read_again(office: Exchange, call_id: str, policy: Policy | None = None) -> Recovered:
    detector, rules = shipped_detector(), policy or load_policy("ebetsu")
    return await recover(
        office.database,
        call_id,
        detector=detector,
        new_conversation=lambda: CallConversation(rules, detector.version),
    )


async def test_words_that_arrive_while_a_call_is_heard_again_are_not_forgotten(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(HARMLESS, THREAT, HARMLESS)
    async with exchange(settings, transcriber) as office:
        attached = await office.attach("c1")
        attached.call.hear(ONE_SENTENCE)
        await office.until_said("c1", 1)

        async def read_slowly() -> Recovered:
            recovered = await read_again(office, "c1")
            attached.call.hear(ONE_SENTENCE)
            await office.until(lambda: len(transcriber.heard) == 2)
            await anyio.wait_all_tasks_blocked()
            return recovered

        await attached.call.judge.hear_again(nothing, read_slowly)
        await office.until_said("c1", 2)
        attached.call.hear(ONE_SENTENCE)
        await office.registry.stop(attached, "stop")

        assert attached.call.judge.level == 3


async def test_a_dismissal_that_cannot_be_stored_is_not_half_stored(settings: Settings) -> None:
    async with exchange(settings, ScriptedTranscriber(THREAT)) as office:
        attached = await office.attach("c1")
        attached.call.hear(ONE_SENTENCE)
        await office.until_said("c1", 1)

        async def broken(entry: Entry) -> None:
            entry.session.add(
                StaffAction(call_id="c1", kind="false_alarm", by_login="x", at=entry.now, detail={})
            )
            await entry.session.flush()
            raise LookupError

        with pytest.raises(LookupError):
            await attached.call.judge.dismiss("none", broken)
        recovered = await read_again(office, "c1")

    assert recovered.standing.level == 3
    assert recovered.decision is not None
    assert recovered.decision.level == 3


async def test_a_dismissal_that_cannot_be_stored_leaves_the_call_as_it_was(
    settings: Settings,
) -> None:
    async with exchange(settings, ScriptedTranscriber(INSULT, INSULT)) as office:
        attached = await office.attach("c1")
        attached.call.hear(ONE_SENTENCE)
        await office.until_said("c1", 1)

        async def broken(_entry: Entry) -> None:
            raise LookupError

        with pytest.raises(LookupError):
            await attached.call.judge.dismiss("mental_attack-1", broken)
        attached.call.hear(ONE_SENTENCE)
        await office.registry.stop(attached, "stop")
        recovered = await read_again(office, "c1")
        row = await office.row("c1")

    assert row.level == 2
    assert recovered.decision is not None
    assert recovered.decision.level == row.level


def short_limit(
    settings: Settings, *said: str
) -> AbstractAsyncContextManager[tuple[Exchange, Screens]]:
    detector = shipped_detector()
    return watched(
        settings,
        ScriptedTranscriber(*said),
        partials=False,
        new_conversation=lambda: CallConversation(SHORT, detector.version),
    )


async def insulted_then_silent(office: Exchange, screens: Screens) -> Attached:
    """Begin a call in which the limit of time is found passed while nobody speaks."""
    attached = await office.attach("c1")
    await speak(attached.call, joined(sentences(1), silence(22_000)))
    await screens.until(EventType.ALERT_RAISED, 2)
    return attached


async def test_a_limit_passed_in_silence_before_a_warning_is_not_found_after_it_when_heard_again(
    settings: Settings,
) -> None:
    async with short_limit(settings, INSULT, WARNING) as (office, screens):
        attached = await insulted_then_silent(office, screens)
        await speak(attached.call, silence(3_000), joined(silence(400), speech(), silence(900)))
        await office.registry.stop(attached, "stop")
        row = await office.row("c1")
        recovered = await read_again(office, "c1", SHORT)

    assert (row.level, row.warnings_spoken) == (2, 1)
    assert recovered.decision is not None
    assert recovered.decision.level == row.level
    assert recovered.standing.step_since_ms is not None


async def test_what_was_called_false_in_a_silence_stays_false_when_the_call_is_heard_again(
    settings: Settings,
) -> None:
    """Though the time of day was set back afterwards, and what is said next seems to have come before it."""
    async with short_limit(settings, INSULT, HARMLESS) as (office, screens):
        attached = await insulted_then_silent(office, screens)
        call = await office.row("c1")
        for alert in await alerts(office, "c1"):
            mark = marking(SUPERVISOR, alert, call, false_alarm=True, tell=False)
            await attached.call.judge.dismiss(alert.key, mark)
        async with office.database.transaction() as session:
            await session.execute(update(StaffAction).values(at=SystemClock().now() + HOUR))
        await speak(attached.call, sentences(1))
        await office.registry.stop(attached, "stop")
        marked, row = await alerts(office, "c1"), await office.row("c1")
        recovered = await read_again(office, "c1", SHORT)

    assert [alert.key for alert in marked] == ["mental_attack-1", "restraint-1"]
    assert row.level == 0
    assert recovered.decision is not None
    assert recovered.decision.level == 0
    assert recovered.conversation.lines == ()


class WatchfulDetector:
    """Finds what the shipped one finds, and notes how many connections are in use meanwhile."""

    def __init__(self, database: Database) -> None:
        self._found = shipped_detector()
        self._pool = database._engine.pool
        self.version = self._found.version
        self.in_use: list[int] = []

    def assess(self, utterance: Utterance) -> Assessment:
        assert isinstance(self._pool, QueuePool)
        self.in_use.append(self._pool.checkedout())
        return self._found.assess(utterance)


async def test_no_connection_is_held_while_a_call_is_heard_again(settings: Settings) -> None:
    policy = load_policy("ebetsu")
    async with exchange(settings, ScriptedTranscriber(HARMLESS, THREAT)) as office:
        await office.call("c1", call_bytes(sentences(2)))
        watchful = WatchfulDetector(office.database)
        await recover(
            office.database,
            "c1",
            detector=watchful,
            new_conversation=lambda: CallConversation(policy, watchful.version),
        )

    assert watchful.in_use == [0, 0]


class TellingDetector:
    """Finds nothing, and tells of which call it was asked."""

    version = "telling"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def assess(self, utterance: Utterance) -> Assessment:
        self.asked.append(utterance.utterance_id.partition(".")[0])
        return Assessment(utterance.utterance_id, (), ())


async def test_screens_are_shown_one_call_after_the_other_and_no_call_waits_for_them(
    settings: Settings,
) -> None:
    policy, detector = load_policy("ebetsu"), TellingDetector()
    async with exchange(settings, ScriptedTranscriber(*[HARMLESS] * 9)) as office:
        for call_id in ("a", "b", "c"):
            await office.call(call_id, call_bytes(sentences(3)))
        rehearing = Rehearing(
            office.database, detector, lambda: CallConversation(policy, detector.version)
        )
        async with anyio.create_task_group() as tasks:
            for call_id in ("a", "b"):
                tasks.start_soon(rehearing.to_be_shown, call_id, lambda: None)
        shown = list(detector.asked)
        with anyio.fail_after(ANSWER_SECONDS):
            async with rehearing._to_be_shown:  # a screen has its turn, however long
                await rehearing.to_go_on("c")

    assert shown == ["a"] * 3 + ["b"] * 3
    assert detector.asked[6:] == ["c"] * 3


async def test_a_call_that_has_come_to_life_meanwhile_is_not_heard_again_for_a_screen(
    settings: Settings,
) -> None:
    policy, detector = load_policy("ebetsu"), TellingDetector()
    async with exchange(settings, ScriptedTranscriber(HARMLESS)) as office:
        await office.call("a", ONE_SENTENCE)
        rehearing = Rehearing(
            office.database, detector, lambda: CallConversation(policy, detector.version)
        )

        shown = await rehearing.to_be_shown("a", lambda: "live")

    assert (shown, detector.asked) == ("live", [])
