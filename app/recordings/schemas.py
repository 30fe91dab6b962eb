"""Pure: recordings as the REST interface shows them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from app.calls.protocol import Track


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class StretchOut(_Out):
    start_ms: int
    end_ms: int
    kind: Literal["sound", "paused", "lost", "off"]
    """``paused``: somebody had it paused. ``lost``: it could not be written. ``off``: it had not begun."""


class RecordingOut(_Out):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "standing": "kept",
                "reason": "",
                "reason_text": "",
                "paused": False,
                "paused_by": "",
                "may_pause": False,
                "may_hear": True,
                "tracks": ["caller", "operator"],
                "rate_hz": 8000,
                "samples": 1_440_000,
                "duration_ms": 180_000,
                "complete": True,
                "stretches": [{"start_ms": 0, "end_ms": 180_000, "kind": "sound"}],
            }
        }
    )

    standing: Literal["recording", "paused", "failed", "off", "kept"]
    """Of a live call ``recording``, ``paused``, ``failed`` or ``off``; of an ended one ``kept`` or ``off``."""
    reason: str
    """Why it failed: disk_full, cannot_write, too_slow, no_key; otherwise empty."""
    reason_text: str
    """The same in Japanese."""
    paused: bool
    """Somebody has it paused; also while it fails."""
    paused_by: str
    """Name of who did; empty where nobody has."""
    may_pause: bool
    may_hear: bool
    tracks: list[Track]
    """What follows is empty while the call is live."""
    rate_hz: int
    samples: int
    duration_ms: int
    complete: bool
    """Finished in order; otherwise the last second before the server was stopped may be missing."""
    stretches: list[StretchOut]


class PeaksOut(_Out):
    bins: int
    duration_ms: int
    """Of the part that was asked for."""
    peaks: dict[Track, str]
    """base64, one byte a bin: the greatest amplitude in it, 255 being the loudest there is."""
