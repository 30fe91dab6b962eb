"""Facts about how frames are spoilt on purpose."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.mangling import (
    OF_ORDER,
    OF_VALUES,
    Ending,
    Frame,
    Mangle,
    Mangler,
    Plan,
    close_code,
    mangled,
    new_plan,
)

START = {"type": "start", "sequenceNumber": "1", "timestamp": 20, "media": {"tracks": ["caller"]}}
WORDS = Frame(json.dumps(START).encode(), is_text=True)
seeds = st.integers(0, 2**32 - 1)
frames = st.one_of(
    st.builds(Frame, st.binary(max_size=400), st.just(False)),
    st.builds(
        lambda said: Frame(json.dumps(said).encode(), is_text=True),
        st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=5),
    ),
)


def plan_of(kind: Mangle, ending: Ending = Ending.AS_PLAYED) -> Plan:
    return Plan((kind,), share=1.0, spared=0, ending=ending, ends_after=3, seed=7)


def played(plan: Plan, given_frames: list[Frame]) -> list[Frame]:
    mangler = Mangler(plan)
    return [made for frame in given_frames for made in mangler.feed(frame)] + mangler.rest()


@given(seed=seeds, stream=st.lists(frames, max_size=30))
def test_the_same_seed_makes_the_same_trouble(seed: int, stream: list[Frame]) -> None:
    once, again = new_plan(random.Random(seed)), new_plan(random.Random(seed))

    assert once == again
    assert played(once, stream) == played(again, stream)


@given(kind=st.sampled_from(sorted(set(Mangle) - OF_ORDER)), seed=seeds, frame=frames)
def test_whatever_is_done_to_a_frame_changes_it(kind: Mangle, seed: int, frame: Frame) -> None:
    assert mangled(frame, kind, random.Random(seed)) != frame


@pytest.mark.parametrize("kind", sorted(Mangle))
def test_every_kind_changes_a_stream_of_words_and_sound_and_is_counted(kind: Mangle) -> None:
    stream = [WORDS, *(Frame(bytes([number]) * 320, is_text=False) for number in range(200))]
    mangler = Mangler(plan_of(kind) if kind not in OF_ORDER else replace(plan_of(kind), share=0.3))

    made = [each for frame in stream for each in mangler.feed(frame)] + mangler.rest()

    assert made != stream
    assert mangler.counts[kind] > 0
    assert set(mangler.counts) == {kind}


@given(kind=st.sampled_from([Mangle.SWAPPED, Mangle.HELD_BACK]), stream=st.lists(frames))
def test_what_is_only_late_arrives_in_the_end(kind: Mangle, stream: list[Frame]) -> None:
    made = played(replace(plan_of(kind), share=0.5), stream)

    assert sorted(made, key=repr) == sorted(stream, key=repr)


@pytest.mark.parametrize("kind", sorted(OF_VALUES))
def test_a_changed_value_leaves_the_other_words_as_they_were(kind: Mangle) -> None:
    changed = [mangled(WORDS, kind, random.Random(seed)) for seed in range(20)]

    assert all(frame.is_text for frame in changed)
    assert any(b'"type": "start"' in frame.payload for frame in changed)


def test_numbers_and_times_are_changed_where_there_are_some() -> None:
    dice = random.Random(1)

    renumbered = json.loads(mangled(WORDS, Mangle.RENUMBERED, dice).payload)
    retimed = json.loads(mangled(WORDS, Mangle.RETIMED, dice).payload)

    assert {**renumbered, "sequenceNumber": None} == {**START, "sequenceNumber": None}
    assert {**retimed, "timestamp": None} == {**START, "timestamp": None}


def test_a_spared_beginning_stays_whole() -> None:
    plan = replace(plan_of(Mangle.DROPPED), spared=2)

    assert played(plan, [WORDS] * 5) == [WORDS] * 2


def test_a_stream_that_ends_early_is_over_after_so_many_frames() -> None:
    mangler = Mangler(plan_of(Mangle.DOUBLED, Ending.ABORTED))

    over = [mangler.over for _ in range(4) if mangler.feed(WORDS)]

    assert over == [False, False, True, True]


def test_after_a_stop_the_frames_before_it_come_again() -> None:
    stop = Frame(b'{"type": "stop"}', is_text=True)
    mangler = Mangler(replace(plan_of(Mangle.CUT, Ending.AFTER_STOP), share=0.0))

    mangler.feed(WORDS)

    assert mangler.feed(stop) == [stop, WORDS, stop]


@pytest.mark.parametrize(
    ("frames_received", "code"),
    [
        (b"", None),
        (b"\x81\x02hi", None),
        (b"\x88\x02\x03\xe8", 1000),
        (b"\x81\x02hi\x88\x05\x11\x31why", 4401),
        (b"\x81\x7e\x00\x80" + b"x" * 128 + b"\x88\x02\x11\x31", 4401),
        (b"\x88\x00", 1005),
    ],
)
def test_a_close_code_is_found_behind_other_frames(frames_received: bytes, code: int) -> None:
    assert close_code(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + frames_received) == code


@given(received=st.binary(max_size=200))
def test_any_bytes_have_a_close_code_or_none(received: bytes) -> None:
    code = close_code(received)

    assert code is None or 0 <= code <= 65_535
