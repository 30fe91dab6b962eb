"""Adapter: the tables of who listened to which call, and of what supervisors and operators asked each other."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base


class JoinRow(Base):
    """One stay of one supervisor at one call."""

    __tablename__ = "joins"
    __table_args__ = (Index("ix_joins_left_at", "left_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    login: Mapped[str] = mapped_column(String(64))
    display_name: Mapped[str] = mapped_column(String(128))
    listening: Mapped[bool]
    """Whether the call's sound went to this person's screen when it was last told."""
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    left_because: Mapped[str] = mapped_column(String(16), default="")


class JoinRequestRow(Base):
    """A supervisor asked the call's operator to let them take over, or come in as a third."""

    __tablename__ = "join_requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    by_login: Mapped[str] = mapped_column(String(64))
    by_name: Mapped[str] = mapped_column(String(128))
    asked_at: Mapped[datetime]
    answered_by: Mapped[str] = mapped_column(String(64), default="")
    answered_at: Mapped[datetime | None]
