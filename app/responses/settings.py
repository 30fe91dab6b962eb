"""Pure: what an office may set about the sentences to say (``MIMAMORI_RESPONSES__…``)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ResponsesSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    recording_announcements: tuple[str, ...] = ("recording_notice",)
    """Announcements that tell the caller of the recording: once one was played to its end, a sentence may say so."""
