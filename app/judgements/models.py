"""Adapter: the tables of what auditors found calls to be. Rows are only added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base


class Judgement(Base):
    """What one person found a call to be, with reasons and the caller's side."""

    __tablename__ = "judgements"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    verdict: Mapped[str] = mapped_column(String(16))
    opinion: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(Text)
    callers_side: Mapped[str] = mapped_column(Text)
    considered: Mapped[dict[str, Any]]
    """Answers to the questions of the guide, by question; those left open are not in it."""
    second_wanted: Mapped[bool]
    """Another opinion is asked for."""
    by_login: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime]


class JudgedFinding(Base):
    """What the person said of one finding: right or wrong. The last word about a finding counts."""

    __tablename__ = "judged_findings"

    judgement_id: Mapped[int] = mapped_column(
        ForeignKey("judgements.id", ondelete="CASCADE"), primary_key=True
    )
    finding_id: Mapped[int] = mapped_column(
        ForeignKey("findings.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    borne_out: Mapped[bool]
