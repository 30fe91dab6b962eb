"""Pure: which notice, if any, follows from a stored event on a route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.events import Event, EventType
from app.notices.routes import Route

TOLD_BY: Final = frozenset({EventType.LEVEL_CHANGED, EventType.NOTE, EventType.CALL_ENDED})
"""No other event leads to a notice."""


class NoticeKind(StrEnum):
    LEVEL = "level"
    HELP = "help"
    ENDED = "ended"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Wanted:
    kind: NoticeKind
    level: int
    """That the call rose to, has, or reached; 0 where the event does not say."""

    def subject(self, helps_withdrawn: int = 0) -> str:
        """Return what a route is told once only of a call; help anew after it was withdrawn."""
        match self.kind:
            case NoticeKind.LEVEL:
                return f"level.{self.level}"
            case NoticeKind.HELP:
                return f"help.{helps_withdrawn}"
            case _:
                return self.kind.value


def wanted(event: Event, route: Route) -> Wanted | None:
    """Return the notice that *route* is owed because of *event*; None where it is owed none."""
    if route.sections and event.audience.section not in route.sections:
        return None
    match event.type:
        case EventType.LEVEL_CHANGED:
            return _risen(event.data, route)
        case EventType.NOTE if route.on_help and event.data.get("kind") == "help_requested":
            return Wanted(NoticeKind.HELP, 0)
        case EventType.CALL_ENDED:
            top = _level(event.data.get("top_level"))
            if route.ended_from_level is not None and top >= route.ended_from_level:
                return Wanted(NoticeKind.ENDED, top)
    return None


def _risen(told: Mapping[str, Any], route: Route) -> Wanted | None:
    level, top = _level(told.get("level")), _level(told.get("top_level"))
    # Below what the call has reached before, it is on its way down, or back up to what was told.
    if level >= max(1, route.from_level) and level >= top:
        return Wanted(NoticeKind.LEVEL, level)
    return None


def _level(told: object) -> int:
    return told if isinstance(told, int) else 0
