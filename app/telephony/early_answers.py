"""Pure: calls that were answered before their stream came: the office may pick up while the exchange still connects."""

from __future__ import annotations

from typing import Final

KEPT_MS: Final = 30_000
"""A stream begins within seconds, or not at all."""
MOST_CALLS: Final = 1_000


class EarlyAnswers:
    """Note an answer, take it once. No more than ``MOST_CALLS`` are kept: the oldest give way."""

    __slots__ = ("_until_ms",)

    def __init__(self) -> None:
        self._until_ms: dict[str, int] = {}
        """By call, that which was answered for longest ago first."""

    def __len__(self) -> int:
        return len(self._until_ms)

    def note(self, call_id: str, now_ms: int) -> None:
        self._until_ms.pop(call_id, None)
        self._until_ms[call_id] = now_ms + KEPT_MS
        if len(self._until_ms) > MOST_CALLS:
            del self._until_ms[next(iter(self._until_ms))]

    def take(self, call_id: str, now_ms: int) -> bool:
        """Say whether *call_id* was answered a moment ago. It is forgotten with this."""
        while self._until_ms and self._until_ms[oldest := next(iter(self._until_ms))] <= now_ms:
            del self._until_ms[oldest]
        return self._until_ms.pop(call_id, None) is not None
