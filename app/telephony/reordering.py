"""Pure: frames back into their order, where an exchange does not promise it (Telnyx).

A frame that is ahead waits for those before it, but never long: a late frame is worth less than a prompt warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from app.telephony.messages import Noticed

HOLD_MS: Final = 200
"""As long as the largest jitter that a telephone network is planned for."""
MOST_HELD: Final = 16
"""320 ms of usual frames: a burst after a stall is not held for its whole length."""
FIRST_NUMBER: Final = 1
LATE: Final = Noticed("chunk_late")
AGAIN: Final = Noticed("chunk_again")
RESTARTED: Final = Noticed("chunks_restarted")

Item = TypeVar("Item")


class Reordering(Generic[Item]):
    """Feed numbered frames of one track in any order; take them in order, each number at most once.

    Nothing is held longer than ``HOLD_MS`` of the fed times, nor more than ``MOST_HELD`` frames. What comes after
    its place was given up is dropped, and said. Numbers that begin anew are followed after ``MOST_HELD`` frames.
    """

    __slots__ = ("_held", "_late_in_a_row", "_next")

    def __init__(self) -> None:
        self._next: int | None = None
        self._held: dict[int, tuple[int, Item]] = {}
        """Number to when it came, and the frame."""
        self._late_in_a_row = 0

    def feed(self, number: int, item: Item, now_ms: int) -> Sequence[Item | Noticed]:
        noticed: list[Item | Noticed] = []
        if number in self._held:
            return (AGAIN, *self.due(now_ms))
        if self._next is not None and number < self._next:
            self._late_in_a_row += 1
            if self._late_in_a_row <= MOST_HELD:
                return (LATE, *self.due(now_ms))
            noticed = [*self.flush(), RESTARTED]
            self._next = None
        self._late_in_a_row = 0
        self._held[number] = (now_ms, item)
        return (*noticed, *self.due(now_ms))

    def due(self, now_ms: int) -> Sequence[Item]:
        """Return what is in order by now, or has waited long enough."""
        given: list[Item] = []
        while self._held:
            lowest = min(self._held)
            if not self._follows(lowest) and not self._is_full_or_old(now_ms):
                break
            given.append(self._held.pop(lowest)[1])
            self._next = lowest + 1
        return given

    def flush(self) -> Sequence[Item]:
        """Nothing more will come: give what is held, in order."""
        given = [self._held[number][1] for number in sorted(self._held)]
        if self._held:
            self._next = max(self._held) + 1
        self._held.clear()
        return given

    def _follows(self, number: int) -> bool:
        return number <= FIRST_NUMBER if self._next is None else number == self._next

    def _is_full_or_old(self, now_ms: int) -> bool:
        return len(self._held) > MOST_HELD or any(
            now_ms - came_ms >= HOLD_MS for came_ms, _ in self._held.values()
        )
