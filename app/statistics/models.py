"""Adapter: counts of calls that were deleted. Neither a word nor a person is in them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base

KEY_CHARACTERS: Final = 64


class StatisticsMonth(Base):
    """What deleted calls of one section and one month add to a figure."""

    __tablename__ = "statistics_months"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    """``2026-04``, in Japan."""
    section: Mapped[str] = mapped_column(String(64), primary_key=True)
    measure: Mapped[str] = mapped_column(String(24), primary_key=True)
    key: Mapped[str] = mapped_column(String(KEY_CHARACTERS), primary_key=True)
    count: Mapped[int]
    total: Mapped[int] = mapped_column(BigInteger)
    """Milliseconds, where the figure has such; else 0."""


class StatisticsRepeat(Base):
    """A call that repeats an earlier one which was deleted; goes with its own call."""

    __tablename__ = "statistics_repeats"

    call_id: Mapped[str] = mapped_column(
        ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True
    )
