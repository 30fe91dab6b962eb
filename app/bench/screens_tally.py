"""Pure: what the screens of a measurement were sent, how late it came, and whether anything is missing.

Only the head of a message is read: to parse a hundred screens' messages would cost more than to send them.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from app.bench.latency import percentile

VOLATILE: Final = frozenset({b"transcript.partial", b"health"})
TOO_SLOW: Final = 4408
_HEAD: Final = re.compile(
    rb'\{"seq":(\d+),"type":"([a-z.]+)","call_id":"([^"]*)","at":"([^"]+)"', re.ASCII
)


class ScreenKind(StrEnum):
    LIST = "operator_list"
    """An operator without a call, who waits on the list."""
    CALL = "operator_call"
    BOARD = "board"
    """A supervisor."""


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a message."""

    seq: int
    type: bytes
    call_id: str
    at: float
    """Seconds since 1970, by the server's clock."""


def head_of(frame: bytes) -> Head | None:
    """Return the head of a message of ``/v1/events``; None if it is something else."""
    found = _HEAD.match(frame)
    if found is None:
        return None
    seq, kind, call_id, at = found.groups()
    return Head(int(seq), kind, call_id.decode(), datetime.fromisoformat(at.decode()).timestamp())


@dataclass(slots=True)
class OfKind:
    """What screens of one kind were sent."""

    late_ms: array[float] = field(default_factory=lambda: array("f"))
    """From the beginning of the write that a message reports to its arrival."""
    volatile_late_ms: array[float] = field(default_factory=lambda: array("f"))
    """The same of what is told without a write."""
    messages: int = 0
    size_bytes: int = 0


@dataclass(slots=True)
class Tally:
    """Counts what arrives at all screens of one measurement."""

    kinds: dict[ScreenKind, OfKind] = field(
        default_factory=lambda: {kind: OfKind() for kind in ScreenKind}
    )
    alerts: dict[int, list[tuple[ScreenKind, float]]] = field(default_factory=dict)
    """By number of the alert's event: which screens were told, and at which second."""
    closed: dict[str, int] = field(default_factory=dict)
    """Sockets that the server or the machine closed, by code."""
    missed: int = 0
    """Numbers that a board was never sent although it may see every event."""
    repeated: int = 0
    strange: int = 0
    """Frames that are no message."""

    def lost(self, code: int | None) -> None:
        name = "too_slow" if code == TOO_SLOW else str(code or "cut")
        self.closed[name] = self.closed.get(name, 0) + 1

    def alert_ms(self, ended_at: Mapping[int, float], *kinds: ScreenKind) -> list[float]:
        """Return how long after the end of the words each alert was at each screen of *kinds*."""
        return [
            (seen_at - ended_at[seq]) * 1000
            for seq, told in self.alerts.items()
            if seq in ended_at
            for kind, seen_at in told
            if kind in kinds
        ]


class Sight:
    """One screen's view, from one opening to the next closing: every event once, in order."""

    def __init__(
        self, tally: Tally, kind: ScreenKind, *, after: int, opened_at: float, epoch: float
    ) -> None:
        self._tally, self._kind = tally, kind
        self._of_kind = tally.kinds[kind]
        self._opened_at = opened_at
        self._epoch = epoch
        self.last = after

    def take(self, frame: bytes, read_at: float) -> Head | None:
        """Count one frame, read at that second of the clock whose zero is *epoch*."""
        tally, counted = self._tally, self._of_kind
        counted.messages += 1
        counted.size_bytes += len(frame)
        head = head_of(frame)
        if head is None:
            tally.strange += 1
            return None
        volatile = head.type in VOLATILE
        if not volatile:
            self._number(head.seq)
        # What it was sent to catch up with happened before it was there.
        if head.at >= self._opened_at + self._epoch:
            late_ms = (read_at + self._epoch - head.at) * 1000
            (counted.volatile_late_ms if volatile else counted.late_ms).append(late_ms)
            if head.type.startswith(b"alert."):
                tally.alerts.setdefault(head.seq, []).append((self._kind, read_at))
        return head

    def _number(self, seq: int) -> None:
        if seq <= self.last:
            self._tally.repeated += 1
            return
        # Numbers are of the whole office; a board of the only section sees them all.
        if self._kind is ScreenKind.BOARD:
            self._tally.missed += seq - self.last - 1
        self.last = seq


def late(values: Sequence[float]) -> dict[str, Any]:
    """Return count, p50, p95 and maximum to a tenth of a millisecond; only the count when there are none."""
    if not values:
        return {"count": 0}
    return {
        "count": len(values),
        "p50": round(percentile(values, 0.50), 1),
        "p95": round(percentile(values, 0.95), 1),
        "max": round(max(values), 1),
    }
