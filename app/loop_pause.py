"""Glue: for how long the event loop answered nobody. Carriers hang up a call whose socket is not read.

A task sleeps 10 ms, again and again, and notes how late it was woken. A pause may have begun up
to 10 ms before the task wanted to wake, so what is told is too little by at most that.
"""

from __future__ import annotations

import gc
from collections import deque
from dataclasses import dataclass
from typing import Final

import anyio

from app.ports import Clock

LOOK_MS: Final = 10
"""A hundred looks a second cost 0.3 % of a core."""
LATELY_MS: Final = 1_000
LONG_MS: Final = 50
TOO_LONG_MS: Final = 100
"""Above it the event loop is what is wrong: some telephones hang up."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """All since the start, but ``lately_ms``."""

    looks: int
    lately_ms: int
    """The longest of the last second."""
    longest_ms: int
    over_50_ms: int
    """How many were longer than that."""
    over_100_ms: int


class PauseCount:
    """Note how late each look was, in order of time; read at any moment."""

    def __init__(self) -> None:
        self._looks = self._longest_ms = self._over_50_ms = self._over_100_ms = 0
        self._recent: deque[tuple[int, int]] = deque()
        """(when, how late): each later than all behind it, so that the first is the latest of all."""

    def note(self, late_ms: int, at_ms: int) -> None:
        """Count a look that was *late_ms* late (a clock may also say: too early) and ended at *at_ms*."""
        self._looks += 1
        self._longest_ms = max(self._longest_ms, late_ms)
        self._over_50_ms += late_ms > LONG_MS
        self._over_100_ms += late_ms > TOO_LONG_MS
        while self._recent and self._recent[-1][1] <= late_ms:
            self._recent.pop()
        self._recent.append((at_ms, late_ms))
        self._forget(at_ms)

    def read(self, at_ms: int) -> Pauses:
        self._forget(at_ms)
        lately_ms = max(0, self._recent[0][1]) if self._recent else 0
        return Pauses(self._looks, lately_ms, self._longest_ms, self._over_50_ms, self._over_100_ms)

    def _forget(self, now_ms: int) -> None:
        while self._recent and self._recent[0][0] <= now_ms - LATELY_MS:
            self._recent.popleft()


async def watch_loop(count: PauseCount, clock: Clock) -> None:
    """Note every pause of this event loop; never returns."""
    began_ms = clock.monotonic_ms()
    while True:
        await anyio.sleep(LOOK_MS / 1000)
        woken_ms = clock.monotonic_ms()
        count.note(woken_ms - began_ms - LOOK_MS, woken_ms)
        began_ms = woken_ms


def leave_out_what_stays() -> None:
    """Leave what was made until now out of every later search for unreachable objects.

    To be called once, when the server is ready: 160,000 objects stay as long as it runs, and a
    search through all of them stops the event loop for 100 ms. What comes later takes 1 ms. The
    4,000 that are unreachable by then are not worth such a search: they stay too.
    """
    gc.freeze()
