"""Sentences that are recognised before they are over: when they are asked for, and what becomes of the words."""

from __future__ import annotations

import anyio
import pytest

from app.calls.facts import GapReason, Heard
from app.calls.protocol import Track
from app.events import EventType
from app.settings import Settings
from asr.errors import TranscriberUnavailable, TranscriptionFailed, TranscriptionShed
from asr.types import Doubt, Rank, Shedding, Transcript
from tests.app.exchange import exchange
from tests.app.sounds import call_bytes, joined, silence, speech
from tests.app.speaking import (
    PAUSE_MS,
    alerts,
    begun,
    sentence,
    speak,
    stored_kinds,
    watched,
)
from tests.fakes_transcriber import ScriptedTranscriber

SO_FAR = "住民票の写しを"
WHOLE = "住民票の写しがほしいのですが"
THREAT_SO_FAR = "今からそっちに行って刺してやるからな、お前の顔は"
STILL = (SO_FAR,)


async def test_words_stand_on_the_screens_before_the_sentence_is_over_under_its_id(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(WHOLE, partials=STILL)
    async with watched(settings, transcriber) as (office, screens):
        attached = await office.attach("c1")
        await speak(attached.call, begun(2_600))
        await screens.until(EventType.TRANSCRIPT_PARTIAL)
        before = screens.kinds()
        await speak(attached.call, joined(speech(800), silence(PAUSE_MS)))
        await office.registry.stop(attached, "stop")

        (partial,) = screens.of(EventType.TRANSCRIPT_PARTIAL)
        (final,) = screens.of(EventType.TRANSCRIPT_FINAL)
        assert EventType.TRANSCRIPT_FINAL not in before
        assert partial["text"] == SO_FAR
        assert {**final, **partial}.keys() - partial.keys() == {"doubts"}
        assert (partial["utterance_id"], partial["start_ms"]) == (
            final["utterance_id"],
            final["start_ms"],
        )
        assert partial["end_ms"] < final["end_ms"]


async def test_a_partial_that_decides_nothing_leaves_no_trace_in_the_tables(
    settings: Settings,
) -> None:
    async with watched(settings, ScriptedTranscriber(partials=STILL)) as (office, screens):
        attached = await office.attach("c1")
        await speak(attached.call, begun(2_600))
        await screens.until(EventType.TRANSCRIPT_PARTIAL)

        assert await stored_kinds(office) == ["call.started"]
        assert await office.texts("c1") == []


async def test_the_first_partial_is_asked_for_after_2400_ms_and_each_further_one_2400_ms_later(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(partials=[SO_FAR] * 9)
    async with watched(settings, transcriber) as (office, screens):
        attached = await office.attach("c1")
        await speak(attached.call, silence(400))
        for count in (1, 2, 3):
            await speak(attached.call, speech(2_480))
            await screens.until(EventType.TRANSCRIPT_PARTIAL, count)
        lengths_ms = [part.duration_ms for part in transcriber.partials_heard]

    assert [length // 100 for length in lengths_ms] == [24, 48, 72]
    assert len({part.start_ms for part in transcriber.partials_heard}) == 1


async def test_each_sentence_has_partials_of_its_own_and_a_short_one_has_none(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber("一", "二", "三", partials=[SO_FAR] * 9)
    async with watched(settings, transcriber) as (office, _):
        attached = await office.attach("c1")
        await speak(attached.call, joined(sentence(4_000), sentence(1_600), sentence(4_000)))
        parts = transcriber.partials_heard
        await office.registry.stop(attached, "stop")

        starts_ms = [start for start, _ in (await office.spans("c1"))["caller"]]
        assert [part.start_ms for part in parts] == [starts_ms[0], starts_ms[2]]


async def test_only_the_callers_sentences_are_looked_at_before_they_are_over(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(WHOLE, partials=STILL)
    async with watched(settings, transcriber) as (office, _):
        attached = await office.attach("c1")
        await speak(attached.call, silence(4_400), begun(4_000))

        assert transcriber.partials_heard == []


@pytest.mark.parametrize("step", [Shedding.PARTIALS, Shedding.OPERATOR, Shedding.THOROUGHNESS])
async def test_none_is_asked_for_while_anything_is_left_out(
    settings: Settings, step: Shedding
) -> None:
    transcriber = ScriptedTranscriber(WHOLE, partials=STILL)
    transcriber.shedding = step
    async with watched(settings, transcriber) as (office, _):
        attached = await office.attach("c1")
        await speak(attached.call, begun(3_000))
        while_shedding = list(transcriber.partials_heard)
        transcriber.shedding = Shedding.NOTHING
        await speak(attached.call, speech(160))

        assert while_shedding == []
        assert len(transcriber.partials_heard) == 1


async def test_none_is_asked_for_where_the_office_does_not_want_them(settings: Settings) -> None:
    transcriber = ScriptedTranscriber(WHOLE, partials=STILL)
    async with watched(settings, transcriber, partials=False) as (office, screens):
        attached = await office.attach("c1")
        await speak(attached.call, sentence())
        await office.registry.stop(attached, "stop")

        assert transcriber.partials_heard == []
        assert EventType.TRANSCRIPT_PARTIAL not in screens.kinds()


@pytest.mark.parametrize(
    "refusal",
    [TranscriptionShed("busy"), TranscriptionFailed("lost"), TranscriberUnavailable("gone"), ""],
)
async def test_a_partial_that_comes_to_nothing_is_simply_not_there(
    settings: Settings, refusal: TranscriptionFailed | TranscriberUnavailable | str
) -> None:
    transcriber = ScriptedTranscriber(WHOLE, partials=[refusal])
    async with watched(settings, transcriber) as (office, screens):
        attached = await office.attach("c1")
        await speak(attached.call, sentence())
        await office.registry.stop(attached, "stop")

        assert len(transcriber.partials_heard) == 1
        assert await office.texts("c1") == [WHOLE]
        assert {EventType.GAP, EventType.TRANSCRIPT_PARTIAL}.isdisjoint(screens.kinds())


async def test_a_partial_is_asked_for_as_what_matters_least_in_the_line_of_its_track(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(WHOLE, WHOLE)
    async with watched(settings, transcriber) as (office, _):
        attached = await office.attach("c1")
        await speak(attached.call, sentence())
        await office.registry.stop(attached, "stop")

    partial, whole = transcriber.urgencies
    assert (partial.rank, whole.rank) == (Rank.PARTIAL, Rank.CALLER)
    assert partial.line == whole.line


async def test_a_partial_that_is_still_in_hand_when_the_sentence_ends_is_let_go(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(WHOLE, "次", partials=[SO_FAR, "次の"])
    shut, transcriber.partial_gate = transcriber.partial_gate, anyio.Event()
    async with watched(settings, transcriber) as (office, screens):
        attached = await office.attach("c1")
        await speak(attached.call, sentence())
        await screens.until(EventType.TRANSCRIPT_FINAL)
        transcriber.partial_gate = shut
        await speak(attached.call, sentence())
        await office.registry.stop(attached, "stop")

        shown = screens.of(EventType.TRANSCRIPT_PARTIAL)
        assert [part["text"] for part in shown] == ["次の"]
        assert await office.texts("c1") == [WHOLE, "次"]


async def test_the_end_of_a_call_does_not_wait_for_a_partial(settings: Settings) -> None:
    transcriber = ScriptedTranscriber(WHOLE, partials=STILL)
    transcriber.partial_gate = anyio.Event()
    async with watched(settings, transcriber) as (office, _):
        attached = await office.attach("c1")
        await speak(attached.call, begun(3_000))
        await office.registry.stop(attached, "stop")

        assert (await office.row("c1")).end_reason == "stop"
        assert await office.texts("c1") == [WHOLE]


async def test_words_that_come_after_their_sentence_was_judged_are_not_shown(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(WHOLE, partials=[TranscriptionShed("busy")])
    async with watched(settings, transcriber) as (office, screens):
        attached = await office.attach("c1")
        await speak(attached.call, sentence())
        await screens.until(EventType.TRANSCRIPT_FINAL)
        (part,) = transcriber.partials_heard
        late = Heard(Track.CALLER, part, Transcript(text=THREAT_SO_FAR, confidence=0.9))
        await attached.call.judge.foresee(late)

        assert EventType.TRANSCRIPT_PARTIAL not in screens.kinds()
        assert await alerts(office, "c1") == []


async def test_what_was_shown_is_taken_back_where_the_sentence_holds_no_words(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber("", partials=STILL)
    async with watched(settings, transcriber) as (office, screens):
        attached = await office.attach("c1")
        await speak(attached.call, sentence())
        await office.registry.stop(attached, "stop")

        shown, taken_back = screens.of(EventType.TRANSCRIPT_PARTIAL)
        assert (shown["text"], taken_back["text"]) == (SO_FAR, "")
        assert shown["utterance_id"] == taken_back["utterance_id"]
        assert "transcript.partial" not in await stored_kinds(office)


async def test_a_lost_sentence_is_a_gap_whatever_was_shown_of_it(settings: Settings) -> None:
    transcriber = ScriptedTranscriber(TranscriptionFailed("lost"), partials=STILL)
    async with watched(settings, transcriber) as (office, screens):
        attached = await office.attach("c1")
        await speak(attached.call, sentence())
        await office.registry.stop(attached, "stop")

        (gap,) = screens.of(EventType.GAP)
        (partial,) = screens.of(EventType.TRANSCRIPT_PARTIAL)
        assert (gap["start_ms"], gap["reason"]) == (partial["start_ms"], GapReason.FAILED.value)
        assert await office.texts("c1") == []


async def test_doubtful_words_are_shown_and_not_judged_before_the_end(settings: Settings) -> None:
    doubtful = Transcript(THREAT_SO_FAR, 0.4, doubts=(Doubt.LOW_PROBABILITY,))
    async with watched(settings, ScriptedTranscriber(partials=[doubtful])) as (office, screens):
        attached = await office.attach("c1")
        await speak(attached.call, begun(2_600))
        await screens.until(EventType.TRANSCRIPT_PARTIAL)

        assert screens.of(EventType.TRANSCRIPT_PARTIAL)[0]["text"] == THREAT_SO_FAR
        assert await alerts(office, "c1") == []


async def test_a_call_in_which_nobody_hears_partials_is_stored_the_same(settings: Settings) -> None:
    payload = call_bytes(joined(sentence(), sentence(1_600)))
    async with exchange(settings, ScriptedTranscriber(WHOLE, "はい")) as office:
        await office.call("without", payload)
        without = await office.spans("without")
    async with watched(settings, ScriptedTranscriber(WHOLE, "はい", partials=STILL)) as (office, _):
        attached = await office.attach("with")
        await speak(attached.call, joined(sentence(), sentence(1_600)))
        await office.registry.stop(attached, "stop")

        assert await office.spans("with") == without
        assert await office.texts("with") == [WHOLE, "はい"]
