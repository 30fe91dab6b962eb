"""Adapter: what is kept of a call so that its words are found again, covered as an auditor reads them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base

GRAMS: Final = "search_grams"
"""The inverted index: an FTS5 table in SQLite, one of ``tsvector`` in PostgreSQL; no model can say both."""


class SearchedCall(Base):
    """The words of one ended call as they are searched. One line an utterance, in the order of their ends."""

    __tablename__ = "search_calls"
    __table_args__ = (UniqueConstraint("call_id"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    """By which the inverted index names the call; never given twice."""
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    version: Mapped[str] = mapped_column(String(16))
    """Of the folding and the readings; another one is made anew."""
    caller_words: Mapped[str] = mapped_column(Text)
    caller_readings: Mapped[str] = mapped_column(Text)
    operator_words: Mapped[str] = mapped_column(Text)
    operator_readings: Mapped[str] = mapped_column(Text)
    covers: Mapped[dict[str, Any]]
    """Track to line to the ranges of its words that are covered, as the whole call shows them."""
    indexed_at: Mapped[datetime]
