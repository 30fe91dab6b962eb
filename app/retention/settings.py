"""Pure: what an office sets about how long calls are kept (``MIMAMORI_RETENTION__…``)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Preset = Literal["", "30days", "90days", "1year"]

PRESET_DAYS: Final = MappingProxyType({"30days": 30, "90days": 90, "1year": 365})
"""Of ordinary calls. 30 days as 長浜市 and 1 year as 貝塚市 have them; 90 days is the middle way."""
INCIDENT_DAYS: Final = 365
"""With every preset: an office must be able to answer for what it did."""
LONGEST_DAYS: Final = 36_500


class RetentionSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    preset: Preset = ""
    """How long calls are kept: ``30days``, ``90days`` or ``1year`` (incidents 365 days); unset: nothing is deleted."""
    ordinary_days: int | None = Field(default=None, ge=1, le=LONGEST_DAYS)
    """Days after its end that an ordinary call is kept; unset: as the preset says."""
    incident_days: int | None = Field(default=None, ge=1, le=LONGEST_DAYS)
    """The same of an incident (docs/retention.md says which calls are one)."""
    report_days: int | None = Field(default=None, ge=1, le=LONGEST_DAYS)
    """The same of an incident with an approved report; unset: as other incidents."""
    ordinary_sound_days: int | None = Field(default=None, ge=1, le=LONGEST_DAYS)
    """Days that the recording of an ordinary call is kept; unset: as long as its text."""
    incident_sound_days: int | None = Field(default=None, ge=1, le=LONGEST_DAYS)
    """The same of an incident, with a report or without."""
    hour: int = Field(default=3, ge=0, le=23)
    """Hour in Japan at which the server deletes what is due."""
    minute: int = Field(default=30, ge=0, le=59)
    """And its minute."""
    compact: bool = True
    """After deleting, write the SQLite file anew when no call is live, so that nothing deleted is left in it."""
    export_minutes: int = Field(default=30, ge=1, le=1_440)
    """An export for one person can be fetched once, for so long; then it is deleted."""

    @model_validator(mode="after")
    def _sound_ends_first(self) -> RetentionSettings:
        for sound, text in (
            (self.ordinary_sound_days, self.days_of_ordinary),
            (self.incident_sound_days, self.days_of_incident),
        ):
            if sound is not None and text is not None and sound > text:
                raise ValueError("a recording cannot be kept longer than its call")
        return self

    @property
    def days_of_ordinary(self) -> int | None:
        """Return after how many days; None where the office has not decided."""
        return self.ordinary_days or PRESET_DAYS.get(self.preset)

    @property
    def days_of_incident(self) -> int | None:
        return self.incident_days or (INCIDENT_DAYS if self.preset else None)

    @property
    def days_of_report(self) -> int | None:
        return self.report_days or self.days_of_incident

    @property
    def decided(self) -> bool:
        """Say whether anything is ever deleted by itself."""
        days = (self.days_of_ordinary, self.days_of_incident, self.report_days)
        return any((*days, self.ordinary_sound_days, self.incident_sound_days))
