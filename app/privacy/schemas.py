"""Pure: uncovered sights as the REST interface shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.calls.schemas import StorableText

SHORTEST_REASON = 5
LONGEST_REASON = 500


def _without_space_round(given: object) -> object:
    return given.strip() if isinstance(given, str) else given


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class UnmaskIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[StorableText, BeforeValidator(_without_space_round)] = Field(
        min_length=SHORTEST_REASON, max_length=LONGEST_REASON
    )


class UnmaskingOut(_Out):
    by: str
    """Login name."""
    display_name: str
    reason: str
    at: datetime
    until: datetime
    """When the call is covered again by itself."""
    covered_at: datetime | None
    """When they covered it again themselves; null: it ran out, or will."""


class SightOut(_Out):
    covered: bool
    """You read this call with names, numbers and addresses covered now."""
    may_uncover: bool
    """It would be read uncovered once you give a reason."""
    until: datetime | None
    """You read it uncovered until then; null: it is covered, or your role reads everything."""
    minutes: int
    """For so long a reason uncovers it."""
    unmaskings: list[UnmaskingOut]
    """Who read it uncovered, the latest first."""
