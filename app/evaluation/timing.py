"""Pure: when each turn of a written call was spoken.

A turn without ``t`` begins 0.6 s after the one before it and lasts 0.15 s a character
(about 6.7 characters a second, ordinary Japanese telephone speech), at least half a second.
``t`` is taken for seconds, unless it can only be milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Final

from app.evaluation.cases import TurnCase

MS_PER_CHARACTER: Final = 150
PAUSE_MS: Final = 600
SHORTEST_MS: Final = 500
_MS_FROM: Final = 1_000
"""No call has a median of 17 minutes between two turns, and hardly one of less than a second."""


class TimeUnit(StrEnum):
    AUTO = "auto"
    SECONDS = "s"
    MILLISECONDS = "ms"


def unit_of(turns: Sequence[TurnCase]) -> TimeUnit:
    """Return the unit that the call's ``t`` must be in."""
    times = [turn.t for turn in turns if turn.t is not None]
    gaps = [after - before for before, after in pairwise(times)]
    whole = all(float(t).is_integer() for t in times)
    if gaps and whole and median(gaps) >= _MS_FROM:
        return TimeUnit.MILLISECONDS
    return TimeUnit.SECONDS


def spoken_at(turns: Sequence[TurnCase], unit: TimeUnit = TimeUnit.AUTO) -> list[tuple[int, int]]:
    """Return begin and end of each turn, in milliseconds of the call."""
    known = unit_of(turns) if unit is TimeUnit.AUTO else unit
    scale = 1 if known is TimeUnit.MILLISECONDS else 1_000
    spoken: list[tuple[int, int]] = []
    now_ms = 0
    for turn in turns:
        start_ms = now_ms if turn.t is None else round(turn.t * scale)
        end_ms = start_ms + max(SHORTEST_MS, len(turn.text) * MS_PER_CHARACTER)
        spoken.append((start_ms, end_ms))
        now_ms = end_ms + PAUSE_MS
    return [
        (start_ms, _before(end_ms, start_ms, following))
        for (start_ms, end_ms), following in zip(spoken, [*spoken[1:], None], strict=True)
    ]


def _before(end_ms: int, start_ms: int, following: tuple[int, int] | None) -> int:
    """People take turns: who begins ends the other's turn."""
    if following is None or following[0] <= start_ms:
        return end_ms
    return min(end_ms, following[0])
