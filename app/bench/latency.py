"""Pure: how late words and alerts came, counted from the end of the words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """When somebody really spoke, from the script that made the sound."""

    speaker: str
    start_ms: int
    end_ms: int


def end_of_words_ms(
    turns: Sequence[SpokenTurn], track: str, start_ms: int, end_ms: int
) -> tuple[int, bool]:
    """Return when the words of an utterance ended, and whether the script says so.

    An utterance may hold the end of a turn, or be cut from its middle: then the
    words go on and its own end is the only one there is. Voice activity puts that
    end up to its tail later than the sound, so figures by it flatter; the script
    is preferred.
    """
    of_track = [turn for turn in turns if turn.speaker == track]
    if any(turn.start_ms < end_ms < turn.end_ms for turn in of_track):
        return end_ms, False
    ends = [turn.end_ms for turn in of_track if start_ms < turn.end_ms <= end_ms]
    return (max(ends), True) if ends else (end_ms, False)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that *share* of *values* do not exceed (nearest rank).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("a percentile needs values")
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 1_000) // 1_000))
    return ordered[rank - 1]


def summary_ms(values: Sequence[float]) -> Mapping[str, Any]:
    """Return count, p50, p95, p99 and maximum; only the count when there are none."""
    if not values:
        return {"count": 0}
    return {
        "count": len(values),
        "p50": round(percentile(values, 0.50)),
        "p95": round(percentile(values, 0.95)),
        "p99": round(percentile(values, 0.99)),
        "max": round(max(values)),
    }
