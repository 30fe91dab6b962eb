"""Reordering: frames back into their order, but never long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.telephony.messages import Noticed
from app.telephony.reordering import AGAIN, HOLD_MS, LATE, MOST_HELD, RESTARTED, Reordering


def fed(*numbers: int, reordering: Reordering[int] | None = None) -> list[int | Noticed]:
    """Feed frames named by their numbers, 20 ms apart; return all that was given."""
    order = reordering or Reordering[int]()
    return [
        each for index, number in enumerate(numbers) for each in order.feed(number, number, index)
    ]


def test_frames_in_order_pass_at_once() -> None:
    assert fed(1, 2, 3) == [1, 2, 3]


def test_frames_that_changed_places_change_back() -> None:
    assert fed(1, 3, 2, 4) == [1, 2, 3, 4]


def test_the_first_frame_may_be_the_one_that_is_late() -> None:
    assert fed(2, 1, 3) == [1, 2, 3]


def test_a_frame_that_came_before_is_dropped_and_said() -> None:
    assert fed(1, 1, 2) == [1, LATE, 2]
    assert fed(1, 3, 3, 2) == [1, AGAIN, 2, 3]


def test_a_lost_frame_is_waited_for_200_ms_and_no_longer() -> None:
    order = Reordering[int]()
    order.feed(1, 1, 0)
    waiting = order.feed(3, 3, 20)

    before, after = order.due(20 + HOLD_MS - 1), order.due(20 + HOLD_MS)

    assert (list(waiting), list(before), list(after)) == ([], [], [3])


def test_a_frame_that_comes_after_it_was_given_up_is_dropped_and_said() -> None:
    order = Reordering[int]()
    order.feed(1, 1, 0)
    order.feed(3, 3, 20)
    order.due(20 + HOLD_MS)

    late = order.feed(2, 2, 20 + HOLD_MS)

    assert list(late) == [LATE]


def test_no_more_than_sixteen_frames_are_held() -> None:
    numbers = range(3, 3 + MOST_HELD + 1)

    given_ = fed(1, *numbers)

    assert given_ == [1, *numbers]


def test_numbers_that_begin_anew_are_followed_after_a_while() -> None:
    order = Reordering[int]()
    fed(1_000_000, reordering=order)
    order.flush()

    given_ = fed(*range(1, MOST_HELD + 3), reordering=order)

    assert given_[:MOST_HELD] == [LATE] * MOST_HELD
    assert RESTARTED in given_
    assert [*given_, *order.flush()][-2:] == [MOST_HELD + 1, MOST_HELD + 2]


@given(st.permutations(range(1, 15)))
def test_any_order_becomes_the_right_one(numbers: list[int]) -> None:
    order = Reordering[int]()

    given_ = [*fed(*numbers, reordering=order), *order.flush()]

    assert given_ == sorted(numbers)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 300))))
def test_whatever_comes_nothing_waits_too_long_and_nothing_is_given_twice_in_a_run(
    asked: list[tuple[int, int]],
) -> None:
    order, now_ms = Reordering[tuple[int, int]](), 0
    given_: list[tuple[int, int] | Noticed] = []

    for came, (number, later_ms) in enumerate(asked):
        now_ms += later_ms
        given_ += order.feed(number, (number, came), now_ms)
    given_ += order.due(now_ms + HOLD_MS)

    frames = [each for each in given_ if not isinstance(each, Noticed)]
    dropped = [each for each in given_ if each in (LATE, AGAIN)]
    assert len(set(frames)) == len(frames)
    assert len(frames) + len(dropped) == len(asked)
