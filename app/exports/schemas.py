"""Pure: the shapes of exports over REST."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Model(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class VconIn(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    sound: bool = False
    """Also the recording; only for who reads the words of the call whole."""


class ExportOut(_Model):
    export_id: str | None
    """Fetch ``/v1/exports/{export_id}`` with it; null for what somebody else made."""
    kind: Literal["vcon", "disclosure"]
    covered: bool
    sound: bool
    file_name: str
    bytes: int
    sha256: str
    by: str
    made_at: datetime
    expires_at: datetime
    fetched_at: datetime | None


class ExportsOut(_Model):
    exports: list[ExportOut]
    """The latest first."""
