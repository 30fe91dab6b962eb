"""Pure: where a page of results ends and the next begins: after a call, not after a number of calls.

What is found while somebody reads pushes nothing twice onto the next page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from app.auth.errors import FieldRefused
from app.calls.protocol import CALL_ID

_BETWEEN: Final = "~"
_WRITTEN: Final = re.compile(
    r"(?P<worth>[0-9]{1,9})~(?P<moment>[0-9T:.-]{26}\+00:00)~(?P<call>.+)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands among all, the newest first."""

    started_at: datetime
    call_id: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last call of a page; *worth* only where the order is by relevance."""

    place: Place
    worth: int = 0

    def __str__(self) -> str:
        moment = self.place.started_at.astimezone(UTC).isoformat(timespec="microseconds")
        return _BETWEEN.join((str(self.worth), moment, self.place.call_id))


def cursor_of(written: str) -> Cursor:
    """Read what ``str`` wrote of a cursor.

    Raises:
        FieldRefused: it is no such thing (``search_place_unknown``).
    """
    found = _WRITTEN.fullmatch(written)
    try:
        if found is not None and CALL_ID.fullmatch(found["call"]):
            started_at = datetime.fromisoformat(found["moment"]).astimezone(UTC)
            return Cursor(Place(started_at, found["call"]), int(found["worth"]))
    except (ValueError, OverflowError):
        pass  # no day of the calendar
    raise FieldRefused(
        "after",
        "search_place_unknown",
        "続きの場所が分かりません。はじめから検索し直してください。",
    )
