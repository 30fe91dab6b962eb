"""Adapter: the trail and where it ends. Triggers of the migration refuse every change of what is written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base


class TrailRow(Base):
    """One link. No foreign keys: it outlives the calls and accounts that it names."""

    __tablename__ = "trail"
    __table_args__ = (
        Index("ix_trail_call_id", "call_id"),
        Index("ix_trail_by_login_at", "by_login", "at"),
        Index("ix_trail_at", "at"),
        Index("ix_trail_kind_number", "kind", "number"),
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(48))
    by_login: Mapped[str] = mapped_column(String(160))
    role: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(64))
    call_id: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(160))
    digest: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[str] = mapped_column(String(16))
    previous: Mapped[str] = mapped_column(String(64))
    seal: Mapped[str] = mapped_column(String(64))


class TrailEndRow(Base):
    """The one row that says where the trail ends. Writing it first is what lets one writer in at a time."""

    __tablename__ = "trail_end"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    seal: Mapped[str] = mapped_column(String(64))


class TrailCheckRow(Base):
    """What one check of the whole trail found. Rows are only added."""

    __tablename__ = "trail_checks"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by_login: Mapped[str] = mapped_column(String(160))
    links: Mapped[int]
    broken_number: Mapped[int | None]
    fault: Mapped[str] = mapped_column(String(16))
    altered: Mapped[list[int]] = mapped_column(JSON)
    end_number: Mapped[int]
    end_seal: Mapped[str] = mapped_column(String(64))
