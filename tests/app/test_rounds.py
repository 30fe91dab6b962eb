"""Rounds: whoever is heard together, every call gets its own segments, and none waits for another."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from dataclasses import replace as changed

import anyio
import anyio.lowlevel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from app.calls.facts import CallFacts
from app.calls.listening import MOST_WINDOWS_WAITING, CallListening
from app.calls.protocol import Track
from app.calls.rounds import MOST_CALLS, Rounds
from app.events import Audience
from asr.errors import VoiceActivityFailed
from asr.framing import Framer
from asr.ports import VoiceActivityModel
from asr.segmenter import Segmenter
from asr.types import WINDOW_MS, AudioFormat, Encoding, Samples, SpeechSegment
from tests.app.sounds import MULAW_TWO_TRACKS, call_bytes, joined, sentences, silence, speech
from tests.fakes import LoudnessActivity, TrackByTrack

ONE_WINDOW = bytes(2 * 256)
PACKET_BYTES = 320
SENTENCE = call_bytes(sentences(1))
CALLS = (
    SENTENCE,
    call_bytes(joined(silence(200), speech(320), silence(700), speech(480))),
    call_bytes(joined(silence(900), speech(3_200)), joined(speech(800), silence(1_500), speech())),
    call_bytes(silence(500), speech(9_000)),
)
Plain = list[tuple[int, int, int, float]]


@dataclass(slots=True)
class Ears:
    """A call that listens, and what came of it."""

    listening: CallListening
    segments: list[tuple[int, SpeechSegment]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    @property
    def plain(self) -> Plain:
        return [(track, s.start_ms, s.end_ms, s.voice_ratio) for track, s in self.segments]


def ears_of(
    rounds: Rounds,
    call_id: str = "c1",
    *,
    checkpoints_ms: tuple[int, ...] = (0, 0),
    audio: AudioFormat = MULAW_TWO_TRACKS,
    accept: Callable[[int, SpeechSegment], None] | None = None,
) -> Ears:
    segments: list[tuple[int, SpeechSegment]] = []
    failures: list[Exception] = []
    facts = CallFacts(call_id, Audience("sato", "市民課"), (Track.CALLER, Track.OPERATOR), audio)
    listening = rounds.listen(
        changed(facts, tracks=facts.tracks[: audio.track_count]),
        checkpoints_ms,
        accept=accept or (lambda track, segment: segments.append((track, segment))),
        fail=failures.append,
    )
    return Ears(listening, segments, failures)


def heard_alone(payload: bytes) -> Plain:
    """Return the segments of a call without rounds: framer, voice activity, segmenter."""
    framer, activity = Framer(MULAW_TWO_TRACKS), LoudnessActivity()
    segmenters = (Segmenter(), Segmenter())
    windows = [*framer.feed(payload), *framer.flush()]
    fed = [
        (track, segmenters[track].feed(window, activity.probability(window.samples)))
        for track, window in windows
    ]
    fed += [(track, segmenter.flush()) for track, segmenter in enumerate(segmenters)]
    return [(track, s.start_ms, s.end_ms, s.voice_ratio) for track, s in fed if s is not None]


def loudness() -> TrackByTrack:
    return TrackByTrack(LoudnessActivity)


@settings(max_examples=20)
@given(
    turns=st.lists(
        st.tuples(st.integers(0, len(CALLS) - 1), st.integers(1, 30), st.booleans()), max_size=60
    )
)
def test_however_calls_are_heard_together_each_has_the_segments_that_it_has_alone(
    turns: list[tuple[int, int, bool]],
) -> None:
    rounds = Rounds(loudness())
    calls = [ears_of(rounds, f"c{number}") for number in range(len(CALLS))]
    sent = [0] * len(CALLS)

    for number, packets, with_a_round in turns:
        until = sent[number] + packets * PACKET_BYTES
        calls[number].listening.hear(CALLS[number][sent[number] : until])
        sent[number] = min(until, len(CALLS[number]))
        if with_a_round:
            rounds.hold()
    for call, payload, begun in zip(calls, CALLS, sent, strict=True):
        call.listening.hear(payload[begun:])
        call.listening.finish(over=True)

    assert [call.plain for call in calls] == [heard_alone(payload) for payload in CALLS]


def test_a_round_hears_one_window_of_every_track() -> None:
    activity = loudness()
    rounds = Rounds(activity)
    much, little = ears_of(rounds, "much"), ears_of(rounds, "little")
    much.listening.hear(ONE_WINDOW * 50)
    little.listening.hear(ONE_WINDOW)

    somebody_waits = rounds.hold()

    assert somebody_waits
    assert activity.rounds == [[*much.listening.places, *little.listening.places]]
    assert (much.listening.waits, little.listening.waits) == (True, False)


def test_whoever_sent_much_at_once_takes_its_turns_behind_the_others() -> None:
    activity = loudness()
    rounds = Rounds(activity)
    calls = [ears_of(rounds, f"c{number}").listening for number in range(MOST_CALLS + 2)]
    calls[0].hear(ONE_WINDOW * 3)
    for call in calls[1:]:
        call.hear(ONE_WINDOW)

    while rounds.hold():
        pass

    heard = [{place // 2 for place in places} for places in activity.rounds]
    assert heard == [set(range(MOST_CALLS)), {0, MOST_CALLS, MOST_CALLS + 1}, {0}]


def test_without_whole_windows_nobody_waits() -> None:
    activity = loudness()
    rounds = Rounds(activity)
    ears_of(rounds).listening.hear(ONE_WINDOW[:-2])

    somebody_waits = rounds.hold()

    assert not somebody_waits
    assert activity.rounds == []


def test_calls_of_different_carriers_are_heard_in_the_same_round() -> None:
    activity = loudness()
    rounds = Rounds(activity)
    alaw = AudioFormat(Encoding.ALAW, 8_000, 1)
    wide = AudioFormat(Encoding.PCM_S16LE, 16_000, 2)
    sound = joined(silence(300), speech(), silence(900))
    calls = [
        (ears_of(rounds, "a", audio=alaw, checkpoints_ms=(0,)), call_bytes(sound, audio=alaw)),
        (ears_of(rounds, "w", audio=wide), call_bytes(sound, audio=wide)),
        (ears_of(rounds, "m"), call_bytes(sound)),
    ]

    for ears, payload in calls:
        ears.listening.hear(payload)
    while rounds.hold():
        pass

    for ears, _ in calls:
        ((track, segment),) = ears.segments
        assert track == 0
        assert segment.start_ms <= 300
        assert abs(segment.end_ms - 1_900 - 200) <= 2 * WINDOW_MS


class Broken:
    """Voice activity that fails with *error* whenever it hears something."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def probability(self, samples: Samples) -> float:
        if np.any(samples):
            raise self._error
        return 0.0


def first_broken(error: Exception) -> TrackByTrack:
    """Return voice activity that breaks on the first track of the first call."""
    models: itertools.chain[VoiceActivityModel] = itertools.chain(
        [Broken(error)], iter(LoudnessActivity, None)
    )
    return TrackByTrack(lambda: next(models))


def test_a_call_that_breaks_voice_activity_ends_and_no_other_notices() -> None:
    rounds = Rounds(first_broken(RuntimeError("broken")))
    broken, healthy = ears_of(rounds, "broken"), ears_of(rounds, "healthy")

    for begin in range(0, len(SENTENCE), PACKET_BYTES):
        for call in (broken, healthy):
            call.listening.hear(SENTENCE[begin : begin + PACKET_BYTES])
        rounds.hold()
    healthy.listening.finish(over=True)

    assert [str(error) for error in broken.failures] == ["broken"]
    assert healthy.failures == []
    assert healthy.plain == heard_alone(SENTENCE)


def test_sound_whose_voice_activity_is_unknown_counts_as_speech_and_is_told_once_a_call() -> None:
    rounds = Rounds(first_broken(VoiceActivityFailed("the model failed")))
    calls = [ears_of(rounds, "c1"), ears_of(rounds, "c2")]

    with capture_logs() as told:
        for call in calls:
            call.listening.hear(SENTENCE)
        while rounds.hold():
            pass

    assert [call.failures for call in calls] == [[], []]
    assert sorted(entry["call_id"] for entry in told) == ["c1", "c2"]
    spoken = [segment for track, segment in calls[0].segments if track == 0]
    assert sum(segment.duration_ms for segment in spoken) >= 1_600


def test_a_call_that_cannot_take_its_segment_ends_and_no_other_notices() -> None:
    rounds = Rounds(loudness())

    def refuse(track: int, segment: SpeechSegment) -> None:
        raise LookupError(track)

    broken, healthy = ears_of(rounds, "broken", accept=refuse), ears_of(rounds, "healthy")
    for call in (broken, healthy):
        call.listening.hear(SENTENCE)
    while rounds.hold():
        pass

    assert [type(error) for error in broken.failures] == [LookupError]
    assert len(healthy.segments) == 1


def test_the_last_segment_that_cannot_be_taken_ends_the_call_too() -> None:
    rounds = Rounds(loudness())

    def refuse(track: int, segment: SpeechSegment) -> None:
        raise LookupError(track)

    broken = ears_of(rounds, accept=refuse)
    broken.listening.hear(call_bytes(speech()))
    broken.listening.finish(over=True)

    assert [type(error) for error in broken.failures] == [LookupError]


@pytest.mark.parametrize(("over", "end_ms"), [(True, 1_632), (False, 1_600)])
def test_the_end_of_a_call_hears_all_that_waits_and_its_break_leaves_the_last_window(
    over: bool, end_ms: int
) -> None:
    rounds = Rounds(loudness())
    ears = ears_of(rounds)
    ears.listening.hear(call_bytes(speech(1_600)) + call_bytes(speech(160))[:160])

    ears.listening.finish(over=over)

    ((track, segment),) = ears.segments
    assert (track, segment.start_ms, segment.end_ms) == (0, 0, end_ms)
    assert ears.listening.position_ms == 1_610


def test_after_the_end_nothing_is_heard_and_nothing_held() -> None:
    activity = loudness()
    rounds = Rounds(activity)
    ears = ears_of(rounds)
    ears.listening.hear(SENTENCE)
    ears.listening.finish(over=True)
    segments, position = ears.plain, ears.listening.position_samples

    ears.listening.hear(SENTENCE)
    ears.listening.finish(over=True)
    rounds.hold()

    assert ears.plain == segments == heard_alone(SENTENCE)
    assert ears.listening.position_samples == position
    assert activity.open_places == {}


def test_a_call_that_was_closed_in_the_middle_hands_on_nothing() -> None:
    rounds = Rounds(loudness())
    ears = ears_of(rounds)
    ears.listening.hear(SENTENCE)

    ears.listening.close()
    rounds.hold()
    ears.listening.finish(over=True)

    assert ears.segments == []


def test_of_a_call_that_goes_on_after_a_crash_each_track_is_heard_from_its_checkpoint() -> None:
    activity = loudness()
    rounds = Rounds(activity)
    ears = ears_of(rounds, checkpoints_ms=(2 * WINDOW_MS, 5 * WINDOW_MS))
    caller, operator = ears.listening.places
    ears.listening.hear(ONE_WINDOW * 4)

    while rounds.hold():
        pass

    assert ears.listening.position_ms == 6 * WINDOW_MS
    assert activity.rounds == [[caller], [caller], [caller], [caller, operator]]


async def test_a_call_that_is_behind_says_when_it_has_caught_up() -> None:
    rounds = Rounds(loudness(), gather_ms=0)
    ears = ears_of(rounds)
    ears.listening.hear(ONE_WINDOW * (MOST_WINDOWS_WAITING + 10))
    was_behind = ears.listening.behind

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(rounds.run)
        await ears.listening.caught_up()
        still_behind, waits = ears.listening.behind, ears.listening.waits
        tasks.cancel_scope.cancel()

    assert (was_behind, still_behind, waits) == (True, False, True)


async def test_nobody_waits_for_a_call_that_has_ended_to_catch_up() -> None:
    ears = ears_of(Rounds(loudness()))
    ears.listening.hear(ONE_WINDOW * (MOST_WINDOWS_WAITING + 1))

    ears.listening.close()
    await ears.listening.caught_up()

    assert not ears.listening.behind


async def test_between_two_rounds_everybody_else_has_a_turn() -> None:
    rounds = Rounds(loudness(), gather_ms=0)
    ears = ears_of(rounds)
    turns = 0

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(rounds.run)
        ears.listening.hear(ONE_WINDOW * 40)
        while ears.listening.waits:
            await anyio.lowlevel.checkpoint()
            turns += 1
        tasks.cancel_scope.cancel()

    assert turns >= 40
