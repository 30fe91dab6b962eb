"""Pure: what the decisions of a call rest on, as the REST interface shows it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class InUseOut(_Out):
    kind: str = Field(examples=["policy", "lexicons", "software", "clock"])
    version: str
    digest: str
    """Ask for the kept text with it; empty where the version says everything."""
    since: datetime


class JudgedByOut(_Out):
    """A stretch of decisions of the call that rest on the same versions."""

    policy_version: str
    detector_version: str
    decisions: int
    first_at: datetime
    """By the server's clock."""
    last_at: datetime


class BasisOut(_Out):
    call_id: str
    decided: list[JudgedByOut]
    recognition_models: list[str]
    """Every model that wrote down sentences of the call."""
    in_use: list[InUseOut]
    """What the server noted as in use when the call began, and every change until it ended."""


class BasisTextOut(_Out):
    digest: str
    text: str
    used: list[InUseOut]
    """When it came into use."""
