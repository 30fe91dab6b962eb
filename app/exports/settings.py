"""Pure: what an office sets about what leaves it (``MIMAMORI_EXPORTS__…``)."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class ExportsSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    minutes: int = Field(default=30, ge=1, le=1_440)
    """An export can be fetched by who made it for so long; then it is deleted."""
    sound_minutes: int = Field(default=60, ge=1, le=240)
    """A vCon takes no more sound than this: who checks one holds it whole, with the sound at nearly twice its size."""
    signing_file: Path | None = None
    """PEM file with an RSA key and its certificate; unset: ``export_signing.pem`` in ``data_dir``, made when needed."""
