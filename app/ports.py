"""Ports: what the application needs from the outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from anyio.abc import ObjectReceiveStream

from app.events import Event


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the time of day, in UTC and aware of it."""
        ...

    def monotonic_ms(self) -> int:
        """Return milliseconds that never go back, for measuring how long something took."""
        ...


class EventBus(Protocol):
    """Carries committed events to every screen. Order of publishing is order of receiving."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Hand *events* to all subscribers; never waits for a slow one."""
        ...

    def subscribe(
        self, wanted: Callable[[Event], bool] | None = None
    ) -> AbstractAsyncContextManager[ObjectReceiveStream[Event]]:
        """Receive what is published from now on and *wanted*; everything where it is not given.

        *wanted* is asked once for all subscribers whose *wanted* is equal.

        A subscriber that falls more than its buffer behind finds its stream
        closed (``anyio.EndOfStream``): it comes back with the last number it has seen.
        """
        ...
