"""What people say about alerts takes its place among the words, whatever arrives meanwhile."""

from __future__ import annotations

import anyio
import pytest

from app.calls.recovery import Recovered, recover
from app.ledger import Entry
from app.models import StaffAction
from app.settings import Settings
from detection.conversation import CallConversation
from detection.policy_files import load_policy
from tests.app.exchange import Exchange, exchange
from tests.app.sounds import call_bytes, sentences
from tests.detection.shipped import shipped_detector
from tests.fakes_transcriber import ScriptedTranscriber

THREAT = "今からそっちに行って刺してやるからな"
HARMLESS = "住民票の写しがほしいのですが"
ONE_SENTENCE = call_bytes(sentences(1))


async def nothing(_entry: Entry) -> None:
    return


async def read_again(office: Exchange, call_id: str) -> Recovered:
    detector, policy = shipped_detector(), load_policy("ebetsu")
    async with office.database.transaction() as session:
        return await recover(
            session,
            call_id,
            detector=detector,
            new_conversation=lambda: CallConversation(policy, detector.version),
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
