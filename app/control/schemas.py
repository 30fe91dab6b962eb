"""Pure: the way back to the telephone as the REST interface shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from app.calls.schemas import StorableText
from app.control.ports import JoinMode


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class AnnouncementOut(_Out):
    name: str
    label: str
    duration_ms: int
    changed_at: datetime


class TelephoneOut(_Out):
    call_id: str
    level: int = Field(ge=0, le=3)
    """To be named when somebody is asked to confirm."""
    busy: bool
    """Something that was clicked for this call is still being done."""
    can_play: bool
    why_no_play: str
    """For people; empty where it can be done."""
    announcements: list[AnnouncementOut]
    can_join: bool
    why_no_join: str
    join_modes: list[JoinMode]
    can_end: bool
    why_no_end: str


class DoneOut(_Out):
    """What came of a click; what did not come about is an error with a code."""

    result: Literal["done"] = "done"
    level: int = Field(ge=0, le=3)
    """Of the call when it was clicked."""
    at: datetime


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    confirmed: StrictBool = False
    """True: a person was asked by name what should happen to which call, and said yes."""


class PlayIn(_In):
    pass


class JoinIn(_In):
    mode: JoinMode = JoinMode.TALK


class EndIn(_In):
    reason: StorableText = Field(default="", max_length=200)
    """Kept with the record here; not sent to the exchange."""
