"""Adapter: the tables of incident reports: their versions, and every step that somebody took with one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base


class IncidentReport(Base):
    """One version of the report of a call. An approved one is never changed again: a correction is a new version."""

    __tablename__ = "incident_reports"
    __table_args__ = (
        UniqueConstraint("call_id", "version"),
        Index("ix_incident_reports_state_changed_at", "state", "changed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    version: Mapped[int]
    """版: 1 is the first, each correction counts on."""
    state: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int]
    """Counts what was saved; who saves names the one that they saw."""
    fields: Mapped[dict[str, Any]]
    """Key of each field to its text."""
    originals: Mapped[dict[str, Any]]
    """The same as it was filled in from the record, where it was."""
    quotes: Mapped[list[str]]
    """The utterances that are quoted; their words stand in the call's own table only."""
    created_by: Mapped[str] = mapped_column(String(160))
    created_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(160))
    changed_at: Mapped[datetime]
    submitted_by: Mapped[str | None] = mapped_column(String(160))
    submitted_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(160))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(Text)
    """Why it was returned."""
    correction_reason: Mapped[str] = mapped_column(Text)
    """Why this version was begun; empty in the first."""


class ReportStep(Base):
    """What somebody did with a report. Rows are only added, each is on the trail."""

    __tablename__ = "incident_report_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(
        ForeignKey("incident_reports.id", ondelete="CASCADE"), index=True
    )
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    by_login: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime]
    revision: Mapped[int]
    """Of the report after it."""
    reason: Mapped[str] = mapped_column(Text)
    changed: Mapped[list[str]]
    """Keys of the fields that it changed."""
    contents_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of what the report said after it; the trail's digest of this row vouches for both."""
