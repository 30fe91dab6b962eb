"""Putting recognised segments back in the order in which they were spoken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.calls.release import ReleaseOrder, Ticket

HOLD_MS = 500
CALLER, OPERATOR = 0, 1


def order() -> ReleaseOrder[str]:
    return ReleaseOrder(track_count=2, hold_ms=HOLD_MS)


def test_a_segment_is_released_as_soon_as_its_words_are_known() -> None:
    segments = order()
    ticket = segments.expect(CALLER, 0, 1_000)

    segments.settle(ticket, "もしもし", now_ms=10)

    assert segments.take(now_ms=10) is ticket
    assert len(segments) == 0


def test_an_unknown_segment_is_not_released() -> None:
    segments = order()
    segments.expect(CALLER, 0, 1_000)

    assert segments.take(now_ms=99_999) is None
    assert segments.wait_ms(now_ms=99_999) is None


def test_segments_of_a_track_never_overtake_each_other() -> None:
    segments = order()
    segments.expect(CALLER, 0, 1_000)
    later = segments.expect(CALLER, 1_000, 2_000)

    segments.settle(later, "後", now_ms=0)

    assert segments.take(now_ms=60_000) is None


def test_an_earlier_segment_of_the_other_track_is_waited_for() -> None:
    segments = order()
    earlier = segments.expect(OPERATOR, 0, 1_000)
    later = segments.expect(CALLER, 0, 2_000)

    segments.settle(later, "後", now_ms=0)
    held = segments.take(now_ms=HOLD_MS - 1)
    segments.settle(earlier, "先", now_ms=HOLD_MS - 1)

    assert held is None
    assert segments.take(now_ms=HOLD_MS - 1) is earlier
    assert segments.take(now_ms=HOLD_MS - 1) is later


def test_the_wait_for_the_other_track_ends() -> None:
    segments = order()
    segments.expect(OPERATOR, 0, 1_000)
    later = segments.expect(CALLER, 0, 2_000)

    segments.settle(later, "後", now_ms=100)

    assert segments.wait_ms(now_ms=100) == HOLD_MS
    assert segments.take(now_ms=100 + HOLD_MS) is later


def test_nothing_is_held_once_the_other_track_is_known_to_come_late() -> None:
    segments = order()
    segments.expect(OPERATOR, 0, 1_000)
    later = segments.expect(CALLER, 900, 2_000)
    segments.settle(later, "後", now_ms=0)

    segments.hold_ms = 0

    assert segments.take(now_ms=0) is later


def test_a_later_segment_of_the_other_track_is_not_waited_for() -> None:
    segments = order()
    segments.expect(OPERATOR, 0, 3_000)
    earlier = segments.expect(CALLER, 0, 2_000)

    segments.settle(earlier, "先", now_ms=0)

    assert segments.take(now_ms=0) is earlier


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(1, 3_000), st.integers(0, 2_000)), max_size=40
    )
)
def test_everything_settled_comes_out_once_and_in_order_of_its_track(
    spoken: list[tuple[int, int, int]],
) -> None:
    segments, ends = order(), [0, 0]
    tickets: list[tuple[int, Ticket[str]]] = []
    for track, duration_ms, delay_ms in spoken:
        start_ms, ends[track] = ends[track], ends[track] + duration_ms
        ticket = segments.expect(track, start_ms, ends[track])
        tickets.append((ends[track] + delay_ms, ticket))

    taken: list[Ticket[str]] = []
    now_ms = 0
    for at_ms, ticket in sorted(tickets, key=lambda item: item[0]):
        now_ms = at_ms
        segments.settle(ticket, "x", now_ms)
        while (released := segments.take(now_ms)) is not None:
            taken.append(released)
    while (released := segments.take(now_ms + HOLD_MS)) is not None:
        taken.append(released)

    assert len(taken) == len(spoken)
    for track in (CALLER, OPERATOR):
        starts = [ticket.start_ms for ticket in taken if ticket.track == track]
        assert starts == sorted(starts)
