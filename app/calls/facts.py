"""Pure: what a live call knows about itself, and what became of one stretch of its sound."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.calls.protocol import Track
from app.events import Audience
from asr.types import AudioFormat, SpeechSegment, Transcript

TICK_MS: Final = 5_000
"""How often a call's conversation is let notice that time has passed, in milliseconds of its sound."""


class GapReason(StrEnum):
    """Why a stretch of speech has no words."""

    OVERLOAD = "overload"
    """Recognition could not keep up."""
    FAILED = "failed"
    """The recogniser gave up on this stretch."""
    UNAVAILABLE = "unavailable"
    """No recogniser was running."""
    LINE = "line"
    """The exchange, or the network before it, brought no sound."""
    HELD = "held"
    """The caller was on hold: what sounded then is nobody's speech to judge."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    call_id: str
    audience: Audience
    tracks: tuple[Track, ...]
    format: AudioFormat


@dataclass(frozen=True, slots=True)
class Heard:
    """A segment whose words are known; they may be none."""

    track: Track
    segment: SpeechSegment
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Lost:
    """A segment whose words will never be known."""

    track: Track
    start_ms: int
    end_ms: int
    reason: GapReason


def utterance_id(call_id: str, track: Track, start_ms: int) -> str:
    """Return the same id for the same stretch of the same call, however often it is judged."""
    return f"{call_id}.{track.value[0]}{start_ms}"


def line_of(facts: CallFacts, track: Track) -> str:
    """Return the name by which recognition keeps the segments of one track in their order."""
    return f"{facts.call_id}.{track.value}"
