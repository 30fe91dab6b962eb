"""Adapter: a clock that moves only when a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MONDAY_MORNING = datetime(2026, 4, 6, 9, 0, tzinfo=UTC)


class FakeClock:
    def __init__(self, now: datetime = MONDAY_MORNING) -> None:
        self._now = now
        self._monotonic_ms = 1_000_000

    def now(self) -> datetime:
        return self._now

    def monotonic_ms(self) -> int:
        return self._monotonic_ms

    def advance(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        passed = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        self._now += passed
        self._monotonic_ms += passed // timedelta(milliseconds=1)
