"""The clock of a stream that has none but its bytes: pauses become holes, delays do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.telephony.byte_clock import CATCH_UP_MS, HOLE_MS, ByteClock
from app.telephony.messages import Missed, WovenSound

RATE_HZ = 8_000
FRAME_MS = 20
FRAME_BYTES = RATE_HZ * FRAME_MS // 1000

Steps = Sequence[WovenSound | Missed]


def frame(number: int) -> bytes:
    return bytes([number % 251]) * FRAME_BYTES


def fed(arrivals: Iterable[tuple[int, bytes]]) -> list[WovenSound | Missed]:
    """Feed what arrives when, to the end."""
    clock = ByteClock(RATE_HZ, 1)
    steps = [step for at_ms, payload in arrivals for step in clock.feed(payload, at_ms)]
    return [*steps, *clock.flush()]


def sound_of(steps: Steps) -> bytes:
    return b"".join(step.payload for step in steps if isinstance(step, WovenSound))


def missed_ms(steps: Steps) -> int:
    return sum(step.samples for step in steps if isinstance(step, Missed)) * 1000 // RATE_HZ


def on_time(first: int, last: int, *, late_ms: int = 0) -> list[tuple[int, bytes]]:
    """Frames *first* to *last*, each when it is due."""
    return [((n + 1) * FRAME_MS + late_ms, frame(n)) for n in range(first, last)]


arrivals = st.lists(st.tuples(st.integers(0, 3_000), st.binary(max_size=400)), max_size=60).map(
    lambda gaps: [
        (sum(gap for gap, _ in gaps[: place + 1]), payload)
        for place, (_, payload) in enumerate(gaps)
    ]
)


@given(arrivals)
def test_no_byte_is_lost_or_doubled_however_they_come(
    arriving: list[tuple[int, bytes]],
) -> None:
    steps = fed(arriving)

    assert sound_of(steps) == b"".join(payload for _, payload in arriving)
    assert all(step.samples > 0 for step in steps if isinstance(step, Missed))


@given(
    spoken=st.integers(1, 200),
    pause_ms=st.integers(HOLE_MS, 60_000),
    after=st.integers(CATCH_UP_MS // FRAME_MS + 2, 200),
)
def test_a_pause_becomes_a_hole_of_its_length_within_a_frame(
    spoken: int, pause_ms: int, after: int
) -> None:
    steps = fed([*on_time(0, spoken), *on_time(spoken, spoken + after, late_ms=pause_ms)])

    assert abs(missed_ms(steps) - pause_ms) <= FRAME_MS
    assert sound_of(steps[:spoken]) == b"".join(frame(n) for n in range(spoken))
    assert isinstance(steps[spoken], Missed)


@given(
    pauses_ms=st.lists(st.integers(HOLE_MS, 10_000), min_size=1, max_size=5),
    between=st.integers(60, 120),
)
def test_the_clock_is_right_after_many_pauses(pauses_ms: list[int], between: int) -> None:
    late_ms, arriving = 0, on_time(0, between)
    for place, pause_ms in enumerate(pauses_ms, start=1):
        late_ms += pause_ms
        arriving += on_time(place * between, (place + 1) * between, late_ms=late_ms)

    steps = fed(arriving)

    assert abs(missed_ms(steps) - sum(pauses_ms)) <= FRAME_MS


@given(spoken=st.integers(1, 200), stalled=st.integers(HOLE_MS // FRAME_MS + 1, 500))
def test_a_burst_after_a_stall_is_no_hole(spoken: int, stalled: int) -> None:
    end = spoken + stalled
    burst = [(end * FRAME_MS, frame(n)) for n in range(spoken, end)]

    steps = fed([*on_time(0, spoken), *burst, *on_time(end, end + 50)])

    assert missed_ms(steps) == 0


def test_a_stall_in_which_half_was_dropped_is_a_hole_of_that_half() -> None:
    burst = [(6_000, frame(n)) for n in range(200, 300)]

    steps = fed([*on_time(0, 100), *burst, *on_time(300, 400)])

    assert abs(missed_ms(steps) - 2_000) <= FRAME_MS


@given(st.lists(st.integers(0, 900), min_size=1, max_size=100))
def test_jitter_below_a_second_is_never_a_hole(late_ms: list[int]) -> None:
    at_ms, arriving = 0, []
    for n, late in enumerate(late_ms):
        at_ms = max(at_ms, (n + 1) * FRAME_MS + late)
        arriving.append((at_ms, frame(n)))

    steps = fed(arriving)

    assert missed_ms(steps) == 0


def test_what_follows_a_hole_is_kept_back_until_it_is_known_what_it_was() -> None:
    clock = ByteClock(RATE_HZ, 1)
    clock.feed(frame(0), 20)

    kept = clock.feed(frame(1), 5_020)
    released = clock.feed(frame(2), 5_020 + CATCH_UP_MS)

    assert kept == ()
    assert [type(step) for step in released] == [Missed, WovenSound]
    assert clock.flush() == ()


def test_the_end_gives_back_what_was_kept() -> None:
    clock = ByteClock(RATE_HZ, 1)
    clock.feed(frame(0), 20)
    clock.feed(frame(1), 5_020)

    steps = clock.flush()

    assert sound_of(steps) == frame(1)
    assert abs(missed_ms(steps) - 4_980) <= FRAME_MS


def test_a_hole_holds_whole_samples_of_every_track() -> None:
    clock = ByteClock(RATE_HZ, 4)
    clock.feed(b"\x00" * 640, 20)
    clock.feed(b"\x00" * 640, 3_021)

    steps = clock.flush()

    assert [type(step) for step in steps] == [Missed, WovenSound]
    assert abs(missed_ms(steps) - 2_981) <= FRAME_MS


def test_sound_between_two_holes_keeps_its_place_between_them() -> None:
    clock = ByteClock(RATE_HZ, 1)
    frame = b"\x01" * 160

    steps = [step for at_ms in (0, 3_000, 8_000) for step in clock.feed(frame, at_ms)]
    steps += clock.flush()

    assert steps == [
        WovenSound(frame),
        Missed(2_960 * RATE_HZ // 1000),
        WovenSound(frame),
        Missed(4_980 * RATE_HZ // 1000),
        WovenSound(frame),
    ]
