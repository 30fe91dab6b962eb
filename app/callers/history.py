"""Pure: what somebody is shown of the earlier calls from a number, and how these are summed up.

A call that a person may not see is neither listed nor counted: a number of calls is a statement about
a caller, too. Nothing here is a score, and nothing follows from it by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from app.auth.identity import Identity, Role
from app.auth.visibility import may_see
from app.callers.number import masked

if TYPE_CHECKING:
    from app.models import Call

DAY: Final = timedelta(hours=24)
LONGEST_LOOK_BACK: Final = timedelta(days=90)
MOST_LISTED: Final = 50
POLICE_LEVEL: Final = 3


class Sight(Enum):
    """How much of an earlier call somebody is shown."""

    NOTHING = "nothing"
    DATE_AND_LEVEL = "date_and_level"
    WHOLE = "whole"
    """Also the matter and the answer."""


@dataclass(frozen=True, slots=True)
class PastCall:
    """What the tables know of an earlier call from the same number."""

    call_id: str
    operator: str
    section: str
    started_at: datetime
    ended_at: datetime | None
    top_level: int
    outcome: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class ShownCall:
    call: PastCall
    whole: bool


@dataclass(frozen=True, slots=True)
class History:
    """The earlier calls that one person may see, the latest first, and how many they are."""

    last_24_hours: int
    last_90_days: int
    calls: tuple[ShownCall, ...]
    """At most ``MOST_LISTED``."""


def sight_of(identity: Identity, call: PastCall, *, colleagues_answers: bool) -> Sight:
    """Say how much of *call* this person is shown.

    Who may see a call sees the whole of it. An operator is told that colleagues of their section
    had a call, when it is over, and reads what these noted only where the office has decided so.
    """
    live = call.ended_at is None
    if may_see(identity, operator=call.operator, section=call.section, live=live):
        return Sight.WHOLE
    if identity.role is Role.OPERATOR and call.section == identity.section and not live:
        return Sight.WHOLE if colleagues_answers else Sight.DATE_AND_LEVEL
    return Sight.NOTHING


def summed_up(
    earlier: Sequence[PastCall],
    identity: Identity,
    *,
    call_began_at: datetime,
    colleagues_answers: bool,
) -> History:
    """Return what *identity* is shown of *earlier*, as it stood when the call at hand began."""
    shown = [
        ShownCall(call, sight is Sight.WHOLE)
        for call in earlier
        if timedelta(0) <= call_began_at - call.started_at <= LONGEST_LOOK_BACK
        and (sight := sight_of(identity, call, colleagues_answers=colleagues_answers))
        is not Sight.NOTHING
    ]
    shown.sort(key=lambda one: (one.call.started_at, one.call.call_id), reverse=True)
    return History(
        last_24_hours=sum(call_began_at - one.call.started_at <= DAY for one in shown),
        last_90_days=len(shown),
        calls=tuple(shown[:MOST_LISTED]),
    )


def may_read_number(identity: Identity, section: str) -> bool:
    """Say whether *identity* reads the whole number of a call of *section*, or its last digits."""
    match identity.role:
        case Role.SUPERVISOR:
            return identity.section == section
        case Role.AUDITOR:
            return identity.section in ("", section)
        case _:
            return False


@dataclass(frozen=True, slots=True)
class NumberSight:
    """How much of the callers' numbers one person reads, of calls that they may see."""

    identity: Identity
    operators_read_numbers: bool = False
    """As the office has decided."""
    number_of: Callable[[Call], str] = attrgetter("caller_number")
    """Opens the number of a call."""

    def is_whole(self, *, operator: str, section: str, top_level: int) -> bool:
        """Say whether the whole number is read.

        Once a call has reached the third level, whoever took it reads it too: the police ask for it.
        """
        if may_read_number(self.identity, section):
            return True
        own = self.identity.role is Role.OPERATOR and operator == self.identity.login
        return own and (self.operators_read_numbers or top_level >= POLICE_LEVEL)

    def of(self, number: str, *, operator: str, section: str, top_level: int) -> str:
        """Return *number*, or its last digits; the table keeps it whole."""
        whole = self.is_whole(operator=operator, section=section, top_level=top_level)
        return number if whole else masked(number)

    def of_call(self, call: Call) -> str:
        """Return the number of *call* as it is read."""
        return self.of(
            self.number_of(call),
            operator=call.operator,
            section=call.section,
            top_level=call.top_level,
        )
