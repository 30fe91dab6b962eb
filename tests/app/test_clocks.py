"""The clock that tests move keeps the promises of the machine's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.clock import SystemClock
from app.ports import Clock
from tests.fakes_clock import FakeClock


@pytest.fixture(params=[SystemClock, FakeClock])
def either(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_the_time_of_day_is_in_utc_and_aware_of_it(either: Clock) -> None:
    assert either.now().utcoffset() == timedelta(0)


def test_milliseconds_are_whole_and_never_go_back(either: Clock) -> None:
    read = [either.monotonic_ms() for _ in range(1_000)]

    assert read == sorted(read)
    assert all(type(ms) is int for ms in read)


def test_both_clocks_of_a_moved_one_move_alike() -> None:
    clock = FakeClock()
    day, ms = clock.now(), clock.monotonic_ms()

    clock.advance(minutes=1, seconds=2)

    assert clock.now() - day == timedelta(milliseconds=clock.monotonic_ms() - ms)
    assert clock.monotonic_ms() - ms == 62_000
