"""Adapter: the table of what this office made of the shipped sentences."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base
from app.responses.wording import REASON_CHARACTERS

ID_CHARACTERS = 64


class ScriptVersion(Base):
    """One wording of one sentence, from its proposal to what became of it. Rows are added, never taken away."""

    __tablename__ = "script_versions"
    __table_args__ = (
        UniqueConstraint("script_id", "version"),
        # What is looked up before every suggestion: the number of the last approval.
        Index("ix_script_versions_approval", "approval", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    script_id: Mapped[str] = mapped_column(String(ID_CHARACTERS))
    version: Mapped[int]
    """Counted for each sentence from 1; 0 is what shipped and has no row."""
    based_on: Mapped[int]
    """The version that the proposal was to replace."""
    text: Mapped[str] = mapped_column(Text)
    text_when_recorded: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(REASON_CHARACTERS))
    """Why it is to be changed."""
    proposed_by: Mapped[str] = mapped_column(String(160))
    """Empty where the shipped wording was approved as it is: its author is nobody of the office."""
    proposed_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    decided_by: Mapped[str | None] = mapped_column(String(160))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(String(REASON_CHARACTERS))
    """Why it was returned."""
    approval: Mapped[int | None]
    """Counted over all sentences; null unless it was approved."""
