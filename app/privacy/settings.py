"""Pure: what an office may set about personal data in calls (``MIMAMORI_PRIVACY__…``)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PrivacySettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    masked_for: tuple[Literal["operator", "supervisor", "auditor"], ...] = ("auditor",)
    """Roles that read ended calls with names, numbers and addresses covered, until they say why they must read them."""
    unmask_minutes: int = Field(default=15, ge=1, le=480)
    """For so long after giving a reason a person reads one call uncovered."""
