"""Pure: incident reports as the REST interface shows and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.calls.schemas import StorableText

State = Literal["draft", "submitted", "returned", "approved"]
Revision = Annotated[int, Field(ge=1, le=2**31 - 1)]


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class BegunOut(_Out):
    report_id: int
    created: bool
    """False where the call already had a report."""


class ReportLineOut(_Out):
    report_id: int
    number: str
    """The same in all versions."""
    version: int
    state: State
    call_id: str
    section: str
    started_at: datetime
    top_level: int
    outcome: str
    changed_at: datetime
    changed_by: str


class ReportsOut(_Out):
    reports: list[ReportLineOut]
    """The last version of each, the latest call first."""
    more: bool


class CallReportOut(_Out):
    report: ReportLineOut | None
    """Null where nobody has begun one."""
    versions: int


class FieldOut(_Out):
    key: str
    label: str
    text: str
    automatic: bool
    edited: bool
    """It was filled in from the record, and a person wrote it anew."""
    original: str
    """As it was filled in; empty where it is not."""
    covered: bool
    """Words in it are covered for you: you cannot change it."""


class QuoteOut(_Out):
    utterance_id: str
    track: str
    start_ms: int
    end_ms: int
    text: str
    categories: list[str]
    severity: int
    chosen: bool


class StepOut(_Out):
    kind: str
    by: str
    at: datetime
    reason: str
    changed: list[str]


class MayOut(_Out):
    write: bool
    submit: bool
    withdraw: bool
    decide: bool
    correct: bool


class ReportOut(ReportLineOut):
    revision: int
    """To be named when something is saved."""
    caller_number: str
    """As much of it as you read."""
    fields: list[FieldOut]
    quotes: list[QuoteOut]
    """All that may be quoted."""
    steps: list[StepOut]
    may: MayOut
    decision_reason: str
    correction_reason: str


class RecordOut(_Out):
    fields: dict[str, str]
    """What the record would fill in now, by key."""


class SaveIn(_In):
    revision: Revision
    """Of the report that you saw; an older one is refused."""
    fields: dict[str, StorableText] = Field(default_factory=dict, max_length=50)
    """Only what changes, by key."""
    quotes: list[StorableText] | None = Field(default=None, max_length=200)
    """Ids of the sentences to quote; left out: as they were."""


class SavedOut(_Out):
    revision: int


class RevisionIn(_In):
    revision: Revision


class ReturnIn(_In):
    revision: Revision
    reason: StorableText = Field(max_length=2_000)


class CorrectionIn(_In):
    reason: StorableText = Field(max_length=2_000)


class CorrectionOut(_Out):
    report_id: int
