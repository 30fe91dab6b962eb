"""Pure: after which calls a break is proposed. It looks at one call, never at a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from app.aids.schemas import BreakBecause
from detection.types import Severity

LONG_WARNING: Final = timedelta(minutes=15)
"""So long at 警告 wears people out as much as a threat does."""
PROPOSED_FOR: Final = timedelta(hours=8)
"""A proposal that nobody has answered by then has outlived the working day."""

LevelChange = tuple[datetime, int]


def why_break(
    top_level: int, changes: Sequence[LevelChange], ended_at: datetime
) -> BreakBecause | None:
    """Say why a call that ended at *ended_at* asks for a break; None where it does not.

    *changes* are the moments at which its level changed, in order, with the new level.
    """
    if top_level >= Severity.STOP:
        return BreakBecause.STOP
    if at_warning(changes, ended_at) > LONG_WARNING:
        return BreakBecause.LONG_WARNING
    return None


def at_warning(changes: Sequence[LevelChange], ended_at: datetime) -> timedelta:
    """Return for how long the call stood at 警告 or above, all its stretches together."""
    return sum(
        (
            max(after - since, timedelta())
            for (since, level), (after, _) in pairwise([*changes, (ended_at, 0)])
            if level >= Severity.WARNING
        ),
        timedelta(),
    )
