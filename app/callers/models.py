"""Adapter: the tables about callers, and the columns of calls by which they are found."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import Date, ForeignKey, Index, Integer, String, column, table
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.names import SECTION_CHARACTERS
from app.callers.measures import TEXT_CHARACTERS
from app.models import Base, UtcDateTime

HASH_CHARACTERS: Final = 64
KEY_ID_CHARACTERS: Final = 16

CALLS: Final = table(
    "calls",
    column("id", String),
    column("operator", String),
    column("section", String),
    column("caller_number", String),
    column("started_at", UtcDateTime()),
    column("ended_at", UtcDateTime()),
    column("top_level", Integer),
    column("outcome", String),
    column("duration_ms", Integer),
    column("caller_hash", String),
    column("caller_key_id", String),
)
"""What a look-up reads of calls, and no more: no row of them is loaded whole for it."""


class CallMatter(Base):
    """What the caller wanted and what was answered, in the words of a person."""

    __tablename__ = "call_matters"

    call_id: Mapped[str] = mapped_column(
        ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True
    )
    matter: Mapped[str] = mapped_column(String(TEXT_CHARACTERS))
    answer: Mapped[str] = mapped_column(String(TEXT_CHARACTERS))
    by_login: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime]


class CallerMeasure(Base):
    """A measure (対応制限) from its proposal to its end. The number itself is not in it."""

    __tablename__ = "caller_measures"
    __table_args__ = (Index("ix_caller_measures_caller_hash", "caller_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    caller_hash: Mapped[str] = mapped_column(String(HASH_CHARACTERS))
    caller_key_id: Mapped[str] = mapped_column(String(KEY_ID_CHARACTERS))
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id", ondelete="SET NULL"))
    """The call after which it was proposed; null once that was deleted."""
    section: Mapped[str] = mapped_column(String(64))
    """Whose supervisors proposed it."""
    office_wide: Mapped[bool]
    kind: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(String(SECTION_CHARACTERS))
    """Minutes, or the section that alone answers."""
    reason: Mapped[str] = mapped_column(String(TEXT_CHARACTERS))
    words: Mapped[str] = mapped_column(String(TEXT_CHARACTERS))
    """To be said to the caller."""
    clause: Mapped[str] = mapped_column(String(TEXT_CHARACTERS))
    """Of the policy, as it stood when the measure was proposed."""
    begins_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    """Its last day, in Japan."""
    requested_by: Mapped[str] = mapped_column(String(160))
    requested_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(String(160))
    approved_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None] = mapped_column(String(160))
    lifted_at: Mapped[datetime | None]
    lift_reason: Mapped[str] = mapped_column(String(TEXT_CHARACTERS), default="")
