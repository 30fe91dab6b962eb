"""Glue: what an office may set about recording calls (``MIMAMORI_RECORDING__…``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

EVERY_SECTION: Final = "*"


class RecordingSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    sections: str = ""
    """Sections whose calls are recorded, separated by commas; ``*``: every call. Publish the purpose first."""
    folder: Path | None = None
    """Where recordings lie, sealed; unset: ``recordings`` in ``data_dir``."""
    reserve_mb: int = Field(default=1_024, ge=0)
    """Recording stops while less than this is free on that disk, before the database suffers."""
    operators_hear_own: bool = False
    """Operators may hear the recordings of their own calls, once these have ended."""

    def records(self, section: str) -> bool:
        """Say whether calls of *section* are recorded."""
        if self.sections.strip() == EVERY_SECTION:
            return True
        named = {name.strip() for name in self.sections.split(",")} - {""}
        return section in named
