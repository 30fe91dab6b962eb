"""Port: what a person's click may ask of the exchange, and every way in which it can fail.

Unavailable
└── ControlFailed       what was clicked did not come about, or nobody knows; ``sent`` and ``known`` say which
    ├── NotControllable   nothing was sent: this call cannot be reached this way
    ├── ExchangeAway      nothing was sent: the exchange could not be reached
    ├── ExchangeRefused   the exchange answered, and its answer was no
    └── OutcomeUnknown    it was sent and no answer came: look at the telephone

An adapter acts when it is called and at no other time; only ``app.control.endpoints`` calls it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol

from app.auth.identity import Role
from app.errors import Unavailable


class ControlFailed(Unavailable):
    """The message is Japanese, names the next step and holds nothing that the exchange said."""

    sent: ClassVar[bool] = True
    known: ClassVar[bool] = True


class NotControllable(ControlFailed):
    sent = False


class ExchangeAway(ControlFailed):
    sent = False


class ExchangeRefused(ControlFailed):
    pass


class OutcomeUnknown(ControlFailed):
    known = False


class JoinMode(StrEnum):
    LISTEN = "listen"
    """The supervisor hears both sides and is heard by nobody."""
    WHISPER = "whisper"
    """… and is heard by the operator alone."""
    TALK = "talk"
    """… and is heard by both: three people talk."""


@dataclass(frozen=True, slots=True)
class ControlledCall:
    """What an exchange needs to know its call again. No word of the talk is in it."""

    call_id: str
    operator: str = ""
    section: str = ""
    caller_number: str = ""
    called_number: str = ""
    exchange: Mapping[str, str] = field(default_factory=dict)
    """What the exchange itself told when the call began: its ids, channel names, headers."""


@dataclass(frozen=True, slots=True)
class Clicker:
    """The person who clicked and confirmed."""

    login: str
    display_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Ability:
    """What can be asked for one call by one person, and in an office's words why the rest cannot."""

    join_modes: tuple[JoinMode, ...] = ()
    why_no_join: str = ""
    can_end: bool = False
    why_no_end: str = ""

    @property
    def can_join(self) -> bool:
        return bool(self.join_modes)


class CallControl(Protocol):
    """The exchange's hands. Each method acts once, or raises; none is repeated by itself after it was sent."""

    def ability(self, call: ControlledCall, by: Clicker) -> Ability:
        """Tell what is worth offering, from what is known already: asks nobody, never fails."""
        ...

    async def join(self, call: ControlledCall, mode: JoinMode, by: Clicker) -> None:
        """Bring a supervisor into the call: *by*, or one of the section's where *by* is its operator.

        Returns when the exchange has said that it is so.

        Raises:
            ControlFailed: as its tree says.
        """
        ...

    async def end(self, call: ControlledCall, by: Clicker) -> None:
        """Hang up.

        Raises:
            ControlFailed: as its tree says.
        """
        ...
