"""Pure: the aids as the REST interface shows them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from app.aids.settings import Contact
from app.calls.schemas import StorableText
from detection.types import Category

LONGEST_REASON: Final = 200
_MS: Final = 2**31 - 1


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class MissedOut(_Out):
    number: int
    """Counts the marks of the call from 1; one that was taken back keeps its number."""
    at_ms: int
    """Of the call's sound."""
    category: Category | None
    reason: str
    by: str
    by_name: str
    marked_at: datetime
    undone: bool


class CalledOut(_Out):
    by: str
    by_name: str
    at: datetime


class OfficeOut(_Out):
    """Empty where the administrator has entered nothing."""

    name: str
    address: str
    telephone: str
    place: str
    """Where the call's section sits."""


class AidsOut(_Out):
    call_id: str
    missed: list[MissedOut]
    """In the order in which they were marked, those taken back among them."""
    prompts_muted: bool
    emergency_called: CalledOut | None
    """Who said that they have called 110; Mimamori never dials."""
    break_proposed: bool
    """Its supervisors were asked to think of a break; what they answered is theirs."""
    office: OfficeOut
    welfare_contacts: list[Contact]
    national_line: Contact | None
    staff_desk: Contact | None


class MissedIn(_In):
    at_ms: Annotated[int, Field(ge=0, le=_MS, strict=True)] | None = None
    """Unset: now, in the call's sound. Needed once the call is over."""
    mark_id: StorableText = Field(default="", max_length=64)
    """Anything; sent again with the same, it is the same mark."""


class MissedExplainedIn(_In):
    category: Category | None = None
    reason: StorableText = ""
    """At most 200 characters."""


class BreakAnswer(StrEnum):
    GIVEN = "given"
    NOT_NEEDED = "not_needed"


class BreakAnswerIn(_In):
    answer: BreakAnswer


class BreakBecause(StrEnum):
    STOP = "stop"
    """The call reached 打ち切り・通報."""
    LONG_WARNING = "long_warning"
    """It stayed at 警告 for more than 15 minutes."""


class BreakOut(_Out):
    call_id: str
    operator: str
    display_name: str
    because: BreakBecause
    ended_at: datetime


class BreaksOut(_Out):
    breaks: list[BreakOut]
    """What waits for an answer; the oldest first. Nobody is counted."""
