"""Pure: the shapes of exports over REST."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.calls.schemas import StorableText
from app.exports.disclosing import SoundCover


class _Model(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class VconIn(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    sound: bool = False
    """Also the recording; only for who reads the words of the call whole."""


class SuggestionOut(_Model):
    start: int
    end: int
    kind: str
    """What it seems to be, in Japanese."""


class SentenceOut(_Model):
    utterance_id: str
    track: Literal["caller", "operator"]
    start_ms: int
    end_ms: int
    text: str
    suggestions: list[SuggestionOut]


class UnheardOut(_Model):
    track: str
    start_ms: int
    end_ms: int


class DisclosureOut(_Model):
    covered: bool
    """Whether this person reads the words covered: what they do not see stays covered in the copy."""
    recorded: bool
    sentences: list[SentenceOut]
    unheard: list[UnheardOut]
    """Where there are no words: nothing is suggested there, and nothing covered."""


class PlaceIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    utterance_id: str = Field(max_length=96)
    start: int = Field(ge=0, le=100_000)
    end: int = Field(ge=1, le=100_000)


class DisclosureIn(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    reference: StorableText = Field(min_length=1, max_length=120)
    """Under which the office keeps the request."""
    sound: bool = True
    """Whether the recording is in it."""
    reach: SoundCover = SoundCover.SENTENCE
    """How far the tone reaches."""
    covers: list[PlaceIn] = Field(default_factory=list, max_length=20_000)
    """What is covered beside what is suggested."""
    spared: list[PlaceIn] = Field(default_factory=list, max_length=20_000)
    """Suggestions that are not covered, each exactly as it was suggested; all others are."""


class ExportOut(_Model):
    export_id: str | None
    """Fetch ``/v1/exports/{export_id}`` with it; null for what somebody else made."""
    kind: Literal["vcon", "disclosure"]
    reference: str
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
