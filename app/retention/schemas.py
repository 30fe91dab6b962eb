"""Pure: how long calls are kept, as the REST interface shows it."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from app.retention.kinds import Kind, Why


class _Model(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class HoldOut(_Model):
    hold_id: int
    reason: str
    by: str
    at: datetime
    until: date | None
    """Its last day, in Japan; null until it is lifted."""
    stands: bool
    lifted_by: str | None
    lifted_at: datetime | None
    lift_reason: str
    may_lift: bool
    """You may: another person set it."""


class KeptOut(_Model):
    """How long one call is kept, and why."""

    kind: Kind
    why: Why
    days: int | None
    """After its end; null: the office has not decided, and nothing is deleted."""
    sound_days: int | None
    due_at: datetime | None
    """From when on it is deleted, if nothing holds it."""
    sound_due_at: datetime | None
    held: bool
    going: bool
    """It is being deleted now."""
    may_hold: bool
    holds: list[HoldOut]
    """The latest first, those that are over too."""


class HoldIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=2_000)
    until: date | None = None


class LiftIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=2_000)


class HeldOut(_Model):
    hold_id: int


class CountOut(_Model):
    what: str
    """``call`` or ``sound``."""
    kind: Kind
    calls: int


class DueOut(_Model):
    call_id: str
    section: str
    ended_at: datetime
    what: str
    kind: Kind
    why: Why


class PlanOut(_Model):
    decided: bool
    """False: the office has set no period, and nothing is deleted by itself."""
    counts: list[CountOut]
    held: int
    """Calls that would be due and are held."""
    calls: list[DueOut] | None
    """Those that you may see, at most 500; null for administrators, who see no call."""
