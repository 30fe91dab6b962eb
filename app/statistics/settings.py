"""Pure: what an office may set about its figures (``MIMAMORI_STATISTICS__…``)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StatisticsSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    least_shown: int = Field(default=5, ge=2, le=20)
    """Counts below it, other than 0, are told only as 「5未満」."""
    least_operators: int = Field(default=3, ge=2, le=20)
    """A section or month in which fewer people answered is never shown by itself: its figures would be theirs."""
