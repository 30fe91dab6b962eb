"""Pure: the trail as the REST interface shows it. No word of a call is in it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.trail.chain import Fault


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class LinkOut(_Out):
    number: int
    at: datetime
    kind: str = Field(examples=["call.seen"])
    label: str
    """What the kind is called in Japanese; its family's name where it has none."""
    known: bool
    """False where only the family has a name."""
    by: str
    """Empty for what the server did by itself."""
    role: str
    address: str
    call_id: str
    call_there: bool
    """The call can still be opened."""
    subject: str


class TrailOut(_Out):
    links: list[LinkOut]
    """The latest first."""
    next_before: int | None
    """Ask with ``before`` for the next page; null at the end."""


class CheckOut(_Out):
    at: datetime
    by: str
    sound: bool
    links: int
    broken_number: int | None
    """The first link that is not as it was written."""
    fault: Fault | None
    fault_words: str
    altered: list[int]
    """Links whose record no longer says what it said."""
    end: str
    """Number and seal of the last link, to be noted elsewhere."""


class ChecksOut(_Out):
    running: bool
    done: int
    of: int
    failed: bool
    """The last one broke off and found nothing."""
    last: CheckOut | None
