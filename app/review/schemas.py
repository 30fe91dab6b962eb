"""Pure: the shapes of ``/v1/calls/{call_id}/review``. Defaults are left out: three hours stay small."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from app.calls.schemas import CallOut, ExplanationOut, GapOut
from detection.types import How


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class ReviewUtteranceOut(_Out):
    utterance_id: str
    track: Literal["caller", "operator"]
    start_ms: int
    end_ms: int
    text: str
    """Covered where this person reads the call covered; of the same length then."""
    confidence: float
    doubts: list[str] = []
    model: int = 0
    """Its place in ``models``."""


class ReviewFindingOut(_Out):
    utterance_id: str
    start_ms: int
    """When the words began that it rests on."""
    end_ms: int
    category: str
    severity: int
    start: int
    """First character of the quote in the utterance's text."""
    end: int
    quote: str
    rule: str
    clause: str
    reason: str
    score: float
    explanation: ExplanationOut | None = None
    """As it was told when it was found; null in calls of earlier versions."""


class ReviewAlertOut(_Out):
    alert_id: str
    level: int
    categories: list[str]
    utterance_id: str
    quote: str
    start_ms: int
    end_ms: int
    reason: str
    clause: str
    count: int = 1
    needs_check: bool = False
    withdrawn: bool = False
    false_alarm: bool = False
    raised_at: datetime
    closed_at: datetime | None = None


class LevelOut(_Out):
    """From here on, until the next one."""

    at_ms: int
    level: int
    outcome: str
    content: int = 0
    manner: int = 0
    step: str


class DeedGroup(StrEnum):
    """By what a reader picks out of everything that happened."""

    STAFF = "staff"
    SUPERVISOR = "supervisor"
    WARNING = "warning"
    ALERT = "alert"
    CLOCK = "clock"
    RECORD = "record"


class ReviewDeedOut(_Out):
    at_ms: int
    """Milliseconds of the call's sound. Of what is only known by the hour of the day, it is worked out."""
    at: datetime | None = None
    kind: str
    group: DeedGroup
    by: str = ""
    name: str = ""
    """How the person was called then, where that was kept."""
    text: str = ""
    """The exact words: of a warning, a sentence, a note."""
    end_ms: int | None = None
    utterance_id: str = ""
    number: int = 0
    """Which warning it was, or the level, or how many minutes: what ``kind`` says."""
    how: How | None = None
    """Of a warning: whether it was heard, or pressed."""
    because: str = ""


class StayOut(_Out):
    """A supervisor was at the call."""

    login: str
    display_name: str
    listening: bool
    start_ms: int
    end_ms: int


class StalemateOut(_Out):
    start_ms: int
    end_ms: int
    """When it was last told; it may have gone on for up to half a minute."""


class ModelOut(_Out):
    model: str
    utterances: int
    first_heard_at: datetime
    last_heard_at: datetime


class VersionOut(_Out):
    """These rules and this policy judged from here on, until the next ones."""

    from_ms: int
    policy_version: str
    detector_version: str
    decisions: int
    first_decided_at: datetime
    last_decided_at: datetime


class StretchOut(_Out):
    start_ms: int
    end_ms: int
    kind: str
    """``sound``, ``paused``, ``lost`` or ``off``."""


class RecordingState(StrEnum):
    KEPT = "kept"
    NONE = "none"
    """Never recorded, or no sound came, or deleted since."""
    UNREADABLE = "unreadable"
    """It is there, and its key is not, or its file is not what was written."""


class ReviewRecordingOut(_Out):
    state: RecordingState
    tracks: list[str] = []
    duration_ms: int = 0
    complete: bool = True
    """Finished in order; otherwise it may end a second early."""
    stretches: list[StretchOut] = []
    code: str = ""
    """Of why it cannot be read."""
    message: str = ""


class ReviewOut(_Out):
    call: CallOut
    """Without its last words: they stand among ``utterances``."""
    covered: bool
    """Whether this person reads the words covered."""
    warning_limit: int | None
    utterances: list[ReviewUtteranceOut]
    findings: list[ReviewFindingOut]
    alerts: list[ReviewAlertOut]
    levels: list[LevelOut]
    deeds: list[ReviewDeedOut]
    """Everything that happened beside the talk, in the order of the sound."""
    stays: list[StayOut]
    gaps: list[GapOut]
    stalemates: list[StalemateOut]
    models: list[ModelOut]
    versions: list[VersionOut]
    recording: ReviewRecordingOut
