"""Pure: the board as the REST interface shows it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.calls.schemas import HealthOut


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class BoardAlertOut(_Out):
    """One open alert: enough to say what it is about, and to follow ``alert.*`` events."""

    alert_id: str
    level: int
    categories: list[str]


class BoardHelpOut(_Out):
    """Help that somebody asked for and nobody has answered yet."""

    since: datetime
    """The first request of this wait: who presses twice does not go to the end of the queue."""
    by: str
    by_name: str
    text: str
    """The reason that was given with the latest request; may be empty."""


class BoardPersonOut(_Out):
    """A supervisor who is at the call now."""

    login: str
    display_name: str
    listening: bool
    since: datetime


class BoardCallOut(_Out):
    call_id: str
    operator: str
    operator_name: str
    """Display name of the operator's account; empty where there is none."""
    started_at: datetime
    level: int = Field(ge=0, le=3)
    top_level: int = Field(ge=0, le=3)
    outcome: str
    alerts: list[BoardAlertOut]
    """Open ones, gravest first."""
    last_words: str
    """The caller's last sentence; empty before the first."""
    stalemate_ms: int
    """As it was told last, at ``stalemate_at``; 0 while the talk moves."""
    stalemate_at: datetime | None
    warnings_spoken: int
    step: str
    """Of the sentence that is suggested now: ``welfare`` marks a caller who needs help."""
    help: BoardHelpOut | None
    joined: list[BoardPersonOut]


class LimitsOut(_Out):
    """The office's limits on time; null where its policy sets none."""

    held_ms: int | None
    held_after_abuse_ms: int | None
    stalemate_ms: int | None


class BoardOut(_Out):
    section: str
    calls: list[BoardCallOut]
    """Live ones only, in the order in which they began."""
    warning_limit: int | None
    """How many warnings the policy wants before the end; null where it fixes no number."""
    limits: LimitsOut
    health: HealthOut
    seq: int
    """Open ``/v1/events?after=`` with it to miss nothing."""
