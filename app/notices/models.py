"""Adapter: notices in the tables: which are owed, where each stands. No word of a call and no name is kept here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base


class NoticeRow(Base):
    """One notice on one route. What it says is put together from its call when it is sent."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("route", "event_seq"),
        UniqueConstraint("route", "call_id", "subject"),
        Index("ix_notices_route_state_next_try_at", "route", "state", "next_try_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Sent with it, the same at every try."""
    route: Mapped[str] = mapped_column(String(32))
    call_id: Mapped[str | None] = mapped_column(
        ForeignKey("calls.id", ondelete="CASCADE"), index=True
    )
    """Null in a test, like the event's number."""
    event_seq: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(32))
    """What a route is told once only of a call: ``level.2``, ``help.0``, ``ended``."""
    level: Mapped[int]
    section: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    """Of what it tells."""
    state: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    """While it is being sent: when it counts as interrupted."""
    sent_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(String(64), default="")
    """Code of the last try's; empty when there was none."""


class NoticePosition(Base):
    """Up to which event a route has been served. A route begins at the present, not with old calls."""

    __tablename__ = "notice_positions"

    route: Mapped[str] = mapped_column(String(32), primary_key=True)
    seq: Mapped[int]
