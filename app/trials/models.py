"""Adapter: the tables of rules that were tried on past calls. No word of a call is in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base


class Trial(Base):
    """Changed rules, tried on calls of a chosen range."""

    __tablename__ = "trials"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    change: Mapped[dict[str, Any]]
    """What is changed (``app.trials.change``)."""
    section: Mapped[str] = mapped_column(String(64))
    """Whose calls; empty: every section's."""
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
    most_calls: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)
    why: Mapped[str] = mapped_column(String(48))
    """Why it did not come to its end; a code."""
    by_login: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    policy_before: Mapped[str] = mapped_column(Text)
    """The whole policy as TOML, as it stood when the trial was asked for."""
    policy_after: Mapped[str] = mapped_column(Text)
    off_before: Mapped[list[Any]] = mapped_column(JSON())
    """``[rule, category]`` of what this office did not use then."""
    versions: Mapped[dict[str, Any]]
    """Of both detectors, once they were loaded."""


class TrialCall(Base):
    """One call of a trial: waiting, compared, or not comparable."""

    __tablename__ = "trial_calls"
    __table_args__ = (Index("ix_trial_calls_trial_id_state", "trial_id", "state"),)

    trial_id: Mapped[str] = mapped_column(
        ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True
    )
    call_id: Mapped[str] = mapped_column(
        ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    place: Mapped[int]
    """In which order they are heard."""
    state: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(String(64))
    level_before: Mapped[int]
    level_after: Mapped[int]
    come: Mapped[int]
    """Alerts that only the changed rules raise."""
    gone: Mapped[int]
    differs: Mapped[bool]
    differences: Mapped[list[Any]] = mapped_column(JSON())
    """By utterance: rules, levels and places; the words stay where they are."""
