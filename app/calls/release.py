"""Pure: puts recognised segments of one call back in the order in which they were spoken.

Segments of a track are never released out of order, because a track's checkpoint is
the end of the last one released. Between tracks an earlier segment that is still being
recognised holds a later one back, but only for ``hold_ms``: an alert about the caller
does not wait for the operator's words.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

R = TypeVar("R")


@dataclass(slots=True)
class Ticket(Generic[R]):
    """A segment that was accepted; settled once its words, or their loss, are known."""

    track: int
    start_ms: int
    end_ms: int
    result: R | None = None
    settled_at_ms: int | None = None


class ReleaseOrder(Generic[R]):
    """Expect in order of each track, settle in any order, take in order of time."""

    def __init__(self, track_count: int, hold_ms: int) -> None:
        self.hold_ms = hold_ms
        """May be changed at any time: nothing need be held for words that come far too late."""
        self._tracks: tuple[deque[Ticket[R]], ...] = tuple(deque() for _ in range(track_count))

    def __len__(self) -> int:
        return sum(len(tickets) for tickets in self._tracks)

    def expect(self, track: int, start_ms: int, end_ms: int) -> Ticket[R]:
        ticket: Ticket[R] = Ticket(track, start_ms, end_ms)
        self._tracks[track].append(ticket)
        return ticket

    def settle(self, ticket: Ticket[R], result: R, now_ms: int) -> None:
        ticket.result = result
        ticket.settled_at_ms = now_ms

    def take(self, now_ms: int) -> Ticket[R] | None:
        """Return the next settled ticket that need not wait for an earlier one, and forget it."""
        for ticket in self._settled_heads():
            if self._held_ms(ticket, now_ms) <= 0:
                return self._tracks[ticket.track].popleft()
        return None

    def wait_ms(self, now_ms: int) -> int | None:
        """Return how long until ``take`` would give something by itself; None when nothing would."""
        waits = [self._held_ms(ticket, now_ms) for ticket in self._settled_heads()]
        return max(0, min(waits)) if waits else None

    def first_pending_ms(self, track: int) -> int | None:
        """Return where the earliest segment of *track* begins that was not taken yet."""
        return self._tracks[track][0].start_ms if self._tracks[track] else None

    def _settled_heads(self) -> list[Ticket[R]]:
        heads = [t[0] for t in self._tracks if t and t[0].settled_at_ms is not None]
        return sorted(heads, key=lambda ticket: (ticket.end_ms, ticket.track))

    def _held_ms(self, ticket: Ticket[R], now_ms: int) -> int:
        earlier_unsettled = any(
            tickets and tickets[0].settled_at_ms is None and tickets[0].end_ms < ticket.end_ms
            for index, tickets in enumerate(self._tracks)
            if index != ticket.track
        )
        if not earlier_unsettled or ticket.settled_at_ms is None:
            return 0
        return ticket.settled_at_ms + self.hold_ms - now_ms
