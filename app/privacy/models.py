"""Adapter: the table of who read which call uncovered, when, and why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import String

from app.models import Base


class Unmasking(Base):
    """One person's uncovered sight of one call. A row is never taken away while its call is there."""

    __tablename__ = "unmaskings"
    __table_args__ = (Index("ix_unmaskings_call_id_by_login", "call_id", "by_login"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    by_login: Mapped[str] = mapped_column(String(160))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    until: Mapped[datetime]
    covered_at: Mapped[datetime | None]
    """When the person covered it again themselves; null where it just ran out."""
