"""Pure: calls as the REST interface shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class CallOut(_Out):
    call_id: str
    operator: str
    section: str
    caller_number: str
    """Whole for who may read it, else its last digits; empty where it names no telephone outside."""
    started_at: datetime
    ended_at: datetime | None
    end_reason: str
    duration_ms: int
    level: int = Field(ge=0, le=3)
    """0 none, 1 注意, 2 警告, 3 打ち切り・通報."""
    top_level: int = Field(ge=0, le=3)
    """The highest level that the call reached."""
    outcome: str
    """``ordinary``, ``legitimate_complaint`` or ``harassment_suspected``."""
    content: int = Field(ge=0, le=3)
    """The level that what is asked for has alone."""
    manner: int = Field(ge=0, le=3)
    """The level that how it is asked for has alone."""
    warnings_spoken: int
    help_requested: bool
    last_words: str | None
    held: bool = False
    """An ended call that must not be deleted (保全); told in lists, to supervisors and auditors."""


class HealthOut(_Out):
    recognition_delay_ms: int
    status: Literal["ok", "behind", "down"]
    shedding: Literal["nothing", "partials", "operator", "thoroughness"]
    """What recognition leaves out to keep up; each contains the ones before it."""


class CallsOut(_Out):
    calls: list[CallOut]
    health: HealthOut
    seq: int
    """Open ``/v1/events?after=`` with it to miss nothing."""


class FindingOut(_Out):
    utterance_id: str
    category: str
    severity: int
    start: int
    """First character of the quote in the utterance's text."""
    end: int
    quote: str
    rule: str
    clause: str
    """The policy's words that it rests on."""
    reason: str
    score: float


class ExplanationPartOut(_Out):
    kind: str
    """``said``, ``when``, ``how``, ``answers``, ``clause``, ``severity``, ``considered`` or ``versions``."""
    label: str
    lines: list[str]


class ExplanationOut(_Out):
    text: str
    """To be read out as it stands."""
    parts: list[ExplanationPartOut]


class ExplainedFindingOut(FindingOut):
    start_ms: int
    """When the words began that it rests on."""
    end_ms: int
    explanation: ExplanationOut | None
    """As it was told when it was found; null in calls of earlier versions."""


class FindingsOut(_Out):
    findings: list[ExplainedFindingOut]


class UtteranceOut(_Out):
    utterance_id: str
    track: Literal["caller", "operator"]
    start_ms: int
    end_ms: int
    text: str
    confidence: float
    doubts: list[str]
    findings: list[FindingOut]


class AlertOut(_Out):
    alert_id: str
    level: int
    categories: list[str]
    utterance_id: str
    quote: str
    start_ms: int
    end_ms: int
    reason: str
    clause: str
    count: int
    needs_check: bool
    """要確認."""
    explanation: ExplanationOut | None
    """Of what the line shows; null in calls of earlier versions."""
    withdrawn: bool
    """取り下げ: it was shown before its sentence was over, and the whole sentence did not bear it out."""
    state: Literal["open", "closed"]
    false_alarm: bool
    raised_at: datetime


class GapOut(_Out):
    track: str
    start_ms: int
    end_ms: int
    reason: str


class NoteOut(_Out):
    kind: str
    text: str
    by: str
    at: datetime


class ScriptOut(_Out):
    script_id: str
    text: str
    step: str
    category: str | None
    draft: bool
    """案: not yet approved by the office."""
    version: int = 0
    """0: as it shipped; higher ones were approved in this office."""
    note: str = ""
    """What to mind while saying it."""
    recorded: bool = False
    """It says that the call is recorded: the recording notice was played in this call."""


class CallDetailOut(_Out):
    call: CallOut
    utterances: list[UtteranceOut]
    alerts: list[AlertOut]
    gaps: list[GapOut]
    notes: list[NoteOut]
    script: ScriptOut | None
    stalemate_ms: int
    warning_limit: int | None
    """How many warnings the policy wants before the end; null where it fixes no number."""
    health: HealthOut
    seq: int
    """Open ``/v1/events?after=`` with it to miss nothing."""


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not hold NUL")
    return text


StorableText = Annotated[str, AfterValidator(_storable)]
"""PostgreSQL keeps no NUL."""


class ReasonIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: StorableText = Field(default="", max_length=500)


class ScriptUsedIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    script_id: StorableText = Field(min_length=1, max_length=128)
