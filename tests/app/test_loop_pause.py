"""Pauses of the event loop are counted as they were, and the longest of the last second is known."""

from __future__ import annotations

import gc

from hypothesis import given
from hypothesis import strategies as st

from app.loop_pause import LATELY_MS, PauseCount, Pauses, leave_out_what_stays, watch_loop
from tests.fakes_clock import FakeClock

LOOKS = st.lists(st.tuples(st.integers(-2, 300), st.integers(0, 1_500)), max_size=60)


@given(looks=LOOKS, read_after_ms=st.integers(0, 2_000))
def test_what_is_read_is_what_was_noted(looks: list[tuple[int, int]], read_after_ms: int) -> None:
    count, now_ms, noted = PauseCount(), 5_000, []

    for late_ms, passed_ms in looks:
        now_ms += passed_ms
        count.note(late_ms, now_ms)
        noted.append((now_ms, late_ms))
    now_ms += read_after_ms
    pauses = count.read(now_ms)

    late = [late_ms for _, late_ms in noted]
    lately = [late_ms for at_ms, late_ms in noted if at_ms > now_ms - LATELY_MS]
    assert pauses == Pauses(
        looks=len(noted),
        lately_ms=max(0, *lately, 0),
        longest_ms=max(0, *late, 0),
        over_50_ms=sum(late_ms > 50 for late_ms in late),
        over_100_ms=sum(late_ms > 100 for late_ms in late),
    )


def test_no_more_is_kept_than_a_second_of_looks() -> None:
    count = PauseCount()

    for look in range(10_000):
        count.note(10_000 - look, look * 10)

    assert len(count._recent) <= LATELY_MS // 10


class StoppedClock(FakeClock):
    """A clock that goes on by *steps_ms*, one at each look at it, and then breaks."""

    def __init__(self, *steps_ms: int) -> None:
        super().__init__()
        self._steps_ms = iter(steps_ms)

    def monotonic_ms(self) -> int:
        step_ms = next(self._steps_ms, None)
        if step_ms is None:
            raise EOFError
        self.advance(seconds=step_ms / 1000)
        return super().monotonic_ms()


async def test_a_look_that_comes_late_is_a_pause_of_the_loop() -> None:
    count, clock = PauseCount(), StoppedClock(0, 10, 11, 140, 10)

    try:
        await watch_loop(count, clock)
    except EOFError:
        pauses = count.read(FakeClock().monotonic_ms())

    assert (pauses.looks, pauses.longest_ms) == (4, 130)
    assert (pauses.over_50_ms, pauses.over_100_ms) == (1, 1)


def test_what_stays_is_left_out_of_the_search_for_what_is_unreachable() -> None:
    stays = [[number] for number in range(1_000)]

    leave_out_what_stays()
    left_out, looked_through = gc.get_freeze_count(), len(gc.get_objects())
    gc.unfreeze()

    assert left_out > len(stays)
    assert looked_through < len(stays)
