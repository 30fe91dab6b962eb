"""Glue: no loud window is lost, no segment is too long, and a crash in between loses nothing."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.segmenter import Segmenter, SegmenterConfig
from asr.types import WINDOW_MS, WINDOW_SAMPLES, Cut, Samples, SpeechSegment, Window

CONFIG = SegmenterConfig()
SMALL = SegmenterConfig(
    min_speech_ms=32,
    pre_roll_ms=96,
    pause_ms=160,
    tail_ms=64,
    forced_cut_from_ms=600,
    max_segment_ms=1_000,
)
"""The same rules within a second, so that a short example reaches all of them."""

ODDS = st.sampled_from([0.0, 0.2, 0.34, 0.35, 0.4, 0.49, 0.5, 0.8, 1.0])
STRETCHES = st.lists(st.tuples(ODDS, st.integers(1, 40)), max_size=12).map(
    lambda stretches: [odds for odds, count in stretches for _ in range(count)]
)
CONFIGS = st.builds(
    SegmenterConfig,
    min_speech_ms=st.sampled_from([32, 64, 96]),
    pre_roll_ms=st.sampled_from([0, 32, 100, 300]),
    pause_ms=st.sampled_from([32, 160, 250]),
    tail_ms=st.sampled_from([0, 20, 32]),
    forced_cut_from_ms=st.sampled_from([650, 700]),
    max_segment_ms=st.sampled_from([900, 1_000, 1_200]),
)


def window(index: int) -> Window:
    """Window *index* of a sound in which every sample is different."""
    begin = index * WINDOW_SAMPLES
    return Window(index, np.arange(begin, begin + WINDOW_SAMPLES, dtype=np.float32))


def fed(
    segmenter: Segmenter, probabilities: list[float], first_index: int = 0
) -> list[SpeechSegment]:
    finished = []
    for index, probability in enumerate(probabilities, first_index):
        segment = segmenter.feed(window(index), probability)
        if segment is not None:
            finished.append(segment)
    return finished


def segments_of(
    probabilities: list[float], config: SegmenterConfig = CONFIG
) -> list[SpeechSegment]:
    segmenter = Segmenter(config)
    finished = fed(segmenter, probabilities)
    last = segmenter.flush()
    return finished if last is None else [*finished, last]


def holds(segments: list[SpeechSegment], index: int) -> bool:
    return any(
        s.start_ms <= index * WINDOW_MS and (index + 1) * WINDOW_MS <= s.end_ms for s in segments
    )


@given(STRETCHES, CONFIGS)
def test_segments_are_ordered_disjoint_and_bounded(
    probabilities: list[float], config: SegmenterConfig
) -> None:
    segments = segments_of(probabilities, config)

    assert all(0 < s.duration_ms <= config.max_segment_ms for s in segments)
    assert all(a.end_ms <= b.start_ms for a, b in itertools.pairwise(segments))
    assert all(s.start_ms >= 0 and s.end_ms <= len(probabilities) * WINDOW_MS for s in segments)


@given(STRETCHES, CONFIGS)
def test_a_segment_holds_the_sound_of_its_time(
    probabilities: list[float], config: SegmenterConfig
) -> None:
    segments = segments_of(probabilities, config)

    for segment in segments:
        begin, end = segment.start_ms * 16, segment.end_ms * 16
        assert np.array_equal(segment.samples, np.arange(begin, end, dtype=np.float32))


@given(STRETCHES)
def test_no_loud_window_is_lost(probabilities: list[float]) -> None:
    segments = segments_of(probabilities, SMALL)

    loud = [i for i, odds in enumerate(probabilities) if odds >= SMALL.start_threshold]
    assert all(holds(segments, index) for index in loud)


@given(STRETCHES, CONFIGS)
def test_no_speech_of_the_least_length_is_lost(
    probabilities: list[float], config: SegmenterConfig
) -> None:
    segments = segments_of(probabilities, config)

    least = -(-config.min_speech_ms // WINDOW_MS)
    for first in range(len(probabilities) - least + 1):
        if all(p >= config.start_threshold for p in probabilities[first : first + least]):
            assert all(holds(segments, first + more) for more in range(least))


@given(STRETCHES, CONFIGS)
def test_every_segment_holds_speech(probabilities: list[float], config: SegmenterConfig) -> None:
    segments = segments_of(probabilities, config)

    for segment in segments:
        inside = probabilities[segment.start_ms // WINDOW_MS : segment.end_ms // WINDOW_MS]
        speech = sum(odds >= config.stop_threshold for odds in inside)
        assert segment.voice_ratio == speech / len(inside)
        assert speech >= 1


@given(STRETCHES, CONFIGS)
def test_never_more_than_one_segment_is_kept(
    probabilities: list[float], config: SegmenterConfig
) -> None:
    segmenter, kept_ms = Segmenter(config), []

    for index, odds in enumerate(probabilities):
        segmenter.feed(window(index), odds)
        kept_ms.append((index + 1) * WINDOW_MS - segmenter.checkpoint_ms)

    assert all(kept <= config.max_segment_ms for kept in kept_ms)


@given(probabilities=STRETCHES, crash_at=st.floats(0, 1))
def test_going_on_from_the_checkpoint_after_a_crash_loses_and_repeats_nothing(
    probabilities: list[float], crash_at: float
) -> None:
    crashed = int(crash_at * len(probabilities))
    before = Segmenter(SMALL)
    segments = fed(before, probabilities[:crashed])

    after = Segmenter(SMALL, start_ms=before.checkpoint_ms)
    first = before.checkpoint_ms // WINDOW_MS
    assert after.checkpoint_ms == before.checkpoint_ms
    segments += fed(after, probabilities[first:], first)
    last = after.flush()

    heard = segments if last is None else [*segments, last]
    loud = [i for i, odds in enumerate(probabilities) if odds >= SMALL.start_threshold]
    assert all(holds(heard, index) for index in loud)
    assert all(a.end_ms <= b.start_ms for a, b in itertools.pairwise(heard))


@given(STRETCHES, CONFIGS)
def test_the_checkpoint_never_goes_back_nor_past_what_comes(
    probabilities: list[float], config: SegmenterConfig
) -> None:
    segmenter, checkpoint_ms = Segmenter(config), 0

    for index, odds in enumerate(probabilities):
        segment = segmenter.feed(window(index), odds)

        assert segment is None or segment.start_ms >= checkpoint_ms
        assert segmenter.checkpoint_ms >= (segment.end_ms if segment else checkpoint_ms)
        checkpoint_ms = segmenter.checkpoint_ms


@given(STRETCHES, CONFIGS)
def test_looking_at_unfinished_speech_changes_nothing(
    probabilities: list[float], config: SegmenterConfig
) -> None:
    looked_at, left_alone = Segmenter(config), Segmenter(config)

    for index, odds in enumerate(probabilities):
        one, other = looked_at.feed(window(index), odds), left_alone.feed(window(index), odds)
        looked_at.unfinished()

        assert same(one, other)
        assert looked_at.checkpoint_ms == left_alone.checkpoint_ms
    assert same(looked_at.flush(), left_alone.flush())


def same(one: SpeechSegment | None, other: SpeechSegment | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.start_ms, one.end_ms, one.cut, one.voice_ratio) == (
        other.start_ms,
        other.end_ms,
        other.cut,
        other.voice_ratio,
    ) and np.array_equal(one.samples, other.samples)


@given(STRETCHES, CONFIGS)
def test_a_finished_segment_begins_with_what_was_unfinished_but_for_a_forced_cut(
    probabilities: list[float], config: SegmenterConfig
) -> None:
    segmenter, seen, finished = Segmenter(config), list[SpeechSegment](), list[SpeechSegment]()

    for index, odds in enumerate(probabilities):
        segment = segmenter.feed(window(index), odds)
        finished += [segment] if segment is not None else []
        unfinished = segmenter.unfinished()
        assert segmenter.unfinished_ms == (unfinished.duration_ms if unfinished else 0)
        seen += [unfinished] if unfinished is not None else []
    last = segmenter.flush()
    whole = {s.start_ms: s for s in [*finished, *([last] if last else [])]}

    for part in seen:
        segment = whole[part.start_ms]
        assert part.cut is Cut.PARTIAL
        if segment.cut is not Cut.FORCED:
            assert part.end_ms <= segment.end_ms
        shared = min(len(part.samples), len(segment.samples))
        assert np.array_equal(part.samples[:shared], segment.samples[:shared])


def test_speech_is_unfinished_until_the_speaker_pauses() -> None:
    segmenter, lengths_ms = Segmenter(CONFIG), list[int]()

    for index, odds in enumerate([0.0] * 30 + [0.9] * 50 + [0.0] * 40):
        segmenter.feed(window(index), odds)
        lengths_ms.append(segmenter.unfinished_ms)

    # It begins with 300 ms of pre-roll; after 200 ms of silence its end is waited for.
    spoken_ms = [count * WINDOW_MS for count in range(12, 12 + 49 + 7)]
    assert lengths_ms == [0] * 31 + spoken_ms + [0] * (40 - 7)


def test_what_was_handed_out_of_an_unfinished_segment_is_a_copy() -> None:
    segmenter = Segmenter(CONFIG)
    fed(segmenter, [0.9] * 80)
    part = segmenter.unfinished()
    assert part is not None

    part.samples[:] = 0.0

    segment = segmenter.flush()
    assert segment is not None
    assert np.array_equal(segment.samples, np.arange(80 * WINDOW_SAMPLES, dtype=np.float32))


def test_a_click_is_no_unfinished_speech() -> None:
    segmenter = Segmenter(CONFIG)

    fed(segmenter, [0.0] * 40 + [0.9])

    assert segmenter.unfinished() is None


def test_a_burst_of_a_quarter_second_is_kept_with_what_surrounds_it() -> None:
    burst = [0.0] * 40 + [0.9] * 8 + [0.0] * 40

    (segment,) = segments_of(burst)

    assert segment.start_ms == (40 - 10) * WINDOW_MS
    assert segment.end_ms == (48 + 7) * WINDOW_MS
    assert segment.cut is Cut.PAUSE
    assert segment.voice_ratio == 8 / 25


def test_a_click_is_dropped_and_the_word_behind_it_is_not() -> None:
    click = [0.0] * 40 + [0.9] + [0.0] * 40

    segments = segments_of([*click, *[0.9] * 8, *[0.0] * 20])

    assert [s.start_ms for s in segments] == [(81 - 10) * WINDOW_MS]


def test_clicks_do_not_add_up_over_a_pause_nor_with_the_speech_before() -> None:
    pause = [0.0] * 20
    clicks = [*pause, 0.9, *pause, 0.9, *pause]

    segments = segments_of([*clicks, *[0.9] * 8, *clicks])

    assert [s.start_ms for s in segments] == [(len(clicks) - 10) * WINDOW_MS]


def test_a_segment_is_returned_as_soon_as_the_pause_is_long_enough() -> None:
    segmenter = Segmenter(CONFIG)
    before = fed(segmenter, [0.9] * 30 + [0.0] * 15)

    segment = segmenter.feed(window(45), 0.0)

    assert before == []
    assert segment is not None


def test_a_short_breath_does_not_part_a_sentence() -> None:
    sentence = [0.9] * 30 + [0.1] * 15 + [0.9] * 30

    (segment,) = segments_of(sentence)

    assert segment.duration_ms == 75 * WINDOW_MS


def test_speech_that_fades_goes_on_until_it_is_below_the_stop_threshold() -> None:
    fading = [0.9] * 10 + [0.3] * 40 + [0.2] * 40

    (segment,) = segments_of(fading)

    assert segment.end_ms == (10 + 40 + 7) * WINDOW_MS


def test_a_hang_up_in_the_middle_of_a_word_keeps_the_word() -> None:
    segmenter = Segmenter(CONFIG)
    fed(segmenter, [0.0] * 20 + [0.9] * 8)

    segment = segmenter.flush()

    assert segment is not None
    assert (segment.end_ms, segment.cut) == (28 * WINDOW_MS, Cut.FLUSH)
    assert segmenter.flush() is None


def test_a_hang_up_in_silence_returns_nothing() -> None:
    segmenter = Segmenter(CONFIG)
    fed(segmenter, [0.0] * 20)

    segment = segmenter.flush()

    assert segment is None


def tirade(window_count: int, quiet_at: int) -> list[Samples]:
    """Loud sound with 100 ms of near silence that begin with window *quiet_at*."""
    sound = np.random.default_rng(7).uniform(-1, 1, window_count * WINDOW_SAMPLES)
    sound[quiet_at * WINDOW_SAMPLES : quiet_at * WINDOW_SAMPLES + 1_600] *= 0.01
    return list(sound.astype(np.float32).reshape(-1, WINDOW_SAMPLES))


@pytest.mark.parametrize("quiet_at", [190, 210, 230, 245])
def test_a_tirade_is_cut_where_it_is_quietest_between_6_and_8_seconds(quiet_at: int) -> None:
    segmenter = Segmenter(CONFIG)
    sound = tirade(300, quiet_at)

    cuts = [segmenter.feed(Window(i, samples), 0.99) for i, samples in enumerate(sound)]

    (segment,) = [cut for cut in cuts if cut is not None]
    assert cuts.index(segment) == 249
    assert segment.cut is Cut.FORCED
    assert quiet_at * WINDOW_MS < segment.end_ms < quiet_at * WINDOW_MS + 100
    assert 6_000 <= segment.end_ms <= 8_000


def test_what_a_forced_cut_leaves_over_opens_the_next_segment() -> None:
    first, second, last = segments_of([0.99] * 600)

    assert first.end_ms == second.start_ms
    assert second.end_ms == last.start_ms
    assert (last.end_ms, last.cut) == (600 * WINDOW_MS, Cut.FLUSH)


def test_a_word_shorter_than_a_click_is_kept_when_a_forced_cut_left_it_over() -> None:
    config = replace(SMALL, min_speech_ms=96)
    segmenter = Segmenter(config)
    # 31 windows fill a segment; the quietest place is just before the last one that is voiced.
    sound = [np.full(WINDOW_SAMPLES, 0.5, dtype=np.float32) for _ in range(31)]
    sound[27] = sound[28] = np.zeros(WINDOW_SAMPLES, dtype=np.float32)
    odds = [0.9] * 29 + [0.9, 0.1]
    cuts = [
        segmenter.feed(Window(i, s), p) for i, (s, p) in enumerate(zip(sound, odds, strict=True))
    ]

    rest = segmenter.flush()

    assert cuts[-1] is not None
    assert rest is not None
    assert rest.start_ms == cuts[-1].end_ms


def test_silence_left_over_by_a_forced_cut_is_not_a_segment() -> None:
    config = replace(SMALL, forced_cut_from_ms=600, pause_ms=320)
    segmenter = Segmenter(config)
    sound = [np.full(WINDOW_SAMPLES, 0.5 if i < 22 else 0.0, dtype=np.float32) for i in range(40)]
    odds = [0.9] * 22 + [0.0] * 18

    cuts = [
        segmenter.feed(Window(i, s), p) for i, (s, p) in enumerate(zip(sound, odds, strict=True))
    ]

    assert [cut.cut for cut in cuts if cut is not None] == [Cut.FORCED]
    assert segmenter.flush() is None


def test_a_screen_can_see_that_somebody_is_speaking() -> None:
    segmenter = Segmenter(CONFIG)
    seen = []

    for index, odds in enumerate([0.0] * 20 + [0.9] * 3 + [0.0] * 16):
        segmenter.feed(window(index), odds)
        seen.append(segmenter.speech_so_far)

    began_ms = (20 - 10) * WINDOW_MS
    assert seen == [None] * 21 + [began_ms] * 17 + [None]


def test_while_somebody_speaks_the_checkpoint_is_where_they_began() -> None:
    segmenter = Segmenter(CONFIG)

    fed(segmenter, [0.0] * 20 + [0.9] * 30)

    assert segmenter.checkpoint_ms == segmenter.speech_so_far == (20 - 10) * WINDOW_MS


def test_in_silence_the_checkpoint_leaves_the_pre_roll_of_what_may_come() -> None:
    segmenter = Segmenter(CONFIG)

    fed(segmenter, [0.0] * 100)

    assert segmenter.checkpoint_ms == (100 - 10) * WINDOW_MS


@pytest.mark.parametrize("index", [0, 2, 99])
def test_a_window_out_of_order_is_refused(index: int) -> None:
    segmenter = Segmenter(CONFIG)
    segmenter.feed(window(0), 0.0)

    with pytest.raises(ValueError, match=f"window 1 was expected, not {index}"):
        segmenter.feed(window(index), 0.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stop_threshold": 0.6},
        {"stop_threshold": 0.0},
        {"start_threshold": 1.1},
        {"min_speech_ms": 0},
        {"pre_roll_ms": -1},
        {"tail_ms": 501},
        {"max_segment_ms": 6_100},
        {"forced_cut_from_ms": 800},
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"_ms|threshold|forced cut"):
        replace(CONFIG, **wrong)
