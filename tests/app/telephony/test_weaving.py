"""Tracks that come apart become one stream in which every sample has its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telephony.weaving import LAG_MS, TOLD_AT_ONCE_MS, LostStretch, Weave, silence
from asr.types import AudioFormat, Encoding

RATE_HZ = 8_000
MULAW = AudioFormat(Encoding.MULAW, RATE_HZ, 2)
LAG = LAG_MS * RATE_HZ // 1000
CALLER, OPERATOR = 0, 1


def ms(count: int) -> int:
    """Return so many milliseconds in samples."""
    return count * RATE_HZ // 1000


def tracks_of(woven: bytes) -> tuple[bytes, bytes]:
    return woven[0::2], woven[1::2]


@given(
    st.binary(max_size=400),
    st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=40),
)
def test_however_two_tracks_are_cut_they_are_woven_sample_by_sample(
    sound: bytes, cuts: list[tuple[bool, int]]
) -> None:
    other = bytes(255 - sample for sample in sound)
    weave, sent, woven = Weave(MULAW), [0, 0], b""

    for caller, length in [*cuts, (True, len(sound)), (False, len(sound))]:
        index = CALLER if caller else OPERATOR
        source = sound if caller else other
        weave.feed(index, source[sent[index] : sent[index] + length])
        sent[index] = min(len(source), sent[index] + length)
        woven += weave.take()
    woven += weave.flush()

    assert tracks_of(woven) == (sound, other)
    assert weave.lost() == []


def test_sixteen_bit_samples_stay_whole() -> None:
    weave = Weave(AudioFormat(Encoding.PCM_S16LE, 16_000, 2))

    weave.feed(CALLER, b"\x01\x02\x03\x04")
    weave.feed(OPERATOR, b"\x11\x12\x13\x14")

    assert weave.take() == b"\x01\x02\x11\x12\x03\x04\x13\x14"


def test_a_dead_leg_does_not_hold_up_the_other() -> None:
    weave = Weave(MULAW)

    weave.feed(CALLER, b"\x01" * (LAG + 100))
    caller, operator = tracks_of(weave.take())

    assert caller == b"\x01" * 100
    assert operator == silence(Encoding.MULAW, 100)


def test_a_dead_leg_is_told_while_the_call_goes_on() -> None:
    weave = Weave(MULAW)
    piece = ms(TOLD_AT_ONCE_MS)

    weave.feed(CALLER, b"\x01" * (LAG + 2 * piece + 5))
    weave.take()

    assert weave.lost() == [
        LostStretch(OPERATOR, 0, piece),
        LostStretch(OPERATOR, piece, 2 * piece),
    ]
    assert weave.lost() == []


def test_what_was_only_late_is_heard_in_its_place_and_its_beginning_is_lost() -> None:
    weave, late = Weave(MULAW), 300
    weave.feed(CALLER, b"\x01" * (LAG + late))
    weave.take()

    weave.feed(OPERATOR, b"\x02" * (LAG + late))
    caller, operator = tracks_of(weave.take())

    assert caller == b"\x01" * LAG
    assert operator == b"\x02" * LAG


def test_a_slower_clock_costs_a_piece_once_and_not_the_track() -> None:
    weave, woven = Weave(MULAW), b""
    weave.feed(CALLER, b"\x01" * ms(3_000))
    weave.take()

    for _ in range(100):  # the operator's leg goes on at the same pace, three seconds behind
        weave.feed(CALLER, b"\x01" * 160)
        weave.feed(OPERATOR, b"\x02" * 160)
        woven += weave.take()

    _, operator = tracks_of(woven)
    assert operator.count(b"\x02") >= 98 * 160


@pytest.mark.parametrize(("hole_ms", "told"), [(199, False), (200, True), (3_000, True)])
def test_a_hole_is_silence_and_told_from_the_length_at_which_words_are_lost(
    hole_ms: int, told: bool
) -> None:
    weave = Weave(MULAW)
    weave.feed(CALLER, b"\x01" * 160, 0)
    weave.feed(CALLER, b"\x01" * 160, 160 + ms(hole_ms))
    weave.feed(OPERATOR, b"\x02" * (320 + ms(hole_ms)), 0)

    caller, _ = tracks_of(weave.take())

    assert caller == b"\x01" * 160 + silence(Encoding.MULAW, ms(hole_ms)) + b"\x01" * 160
    expected = [LostStretch(CALLER, 160, 160 + ms(hole_ms))] if told else []
    assert weave.lost() == expected


def test_sound_that_comes_twice_is_heard_once() -> None:
    weave = Weave(MULAW)
    weave.feed(CALLER, b"\x01\x02\x03\x04", 0)
    weave.feed(CALLER, b"\x03\x04\x05\x06", 2)
    weave.feed(OPERATOR, b"\x00" * 6, 0)

    caller, _ = tracks_of(weave.take())

    assert caller == b"\x01\x02\x03\x04\x05\x06"


def test_a_socket_that_comes_later_brings_what_sounds_now() -> None:
    weave = Weave(MULAW)
    weave.feed(CALLER, b"\x01" * 500)
    weave.begin(OPERATOR, weave.end_sample)

    weave.feed(OPERATOR, b"\x02" * 100)
    weave.feed(CALLER, b"\x01" * 100)
    _, operator = tracks_of(weave.take())

    assert operator == silence(Encoding.MULAW, 500) + b"\x02" * 100


places = st.one_of(st.none(), st.integers(0, 30_000))


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("feed"), st.integers(0, 1), st.binary(max_size=400), places),
            st.tuples(st.just("miss"), st.integers(0, 1), st.integers(0, 20_000), st.none()),
        ),
        max_size=30,
    )
)
def test_whatever_comes_no_place_is_given_twice_and_no_track_runs_away(
    steps: list[tuple[str, int, bytes | int, int | None]],
) -> None:
    weave, woven = Weave(MULAW), b""
    for kind, track, what, place in steps:
        if kind == "feed" and isinstance(what, bytes):
            weave.feed(track, what, place)
        elif isinstance(what, int):
            weave.miss(track, what)
        woven += weave.take()
        assert weave.end_sample - len(woven) // 2 <= LAG
    end_sample = weave.end_sample

    woven += weave.flush()

    assert len(woven) == end_sample * 2
    for stretch in weave.lost():
        assert 0 <= stretch.begin_sample < stretch.end_sample <= end_sample
