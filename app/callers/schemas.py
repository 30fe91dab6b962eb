"""Pure: callers and measures as the REST interface takes and gives them."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from app.auth.names import SECTION_CHARACTERS
from app.callers.measures import TEXT_CHARACTERS, Kind, State
from app.calls.schemas import StorableText


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class MatterOut(_Out):
    matter: str = Field(examples=["ごみ収集日の変更を求める申入れ"])
    """What the caller wanted, as a person wrote it."""
    answer: str = Field(examples=["収集日は変更できないこと、理由は収集経路であることを説明"])
    """What was answered, as a person wrote it."""
    by: str
    at: datetime


class EarlierCallOut(_Out):
    call_id: str | None
    """None where you may not open it."""
    started_at: datetime
    section: str
    top_level: int = Field(ge=0, le=3)
    outcome: str
    duration_ms: int
    live: bool
    matter: MatterOut | None
    """None where nobody wrote it down, or where it is not for you to read."""


class MeasureInForceOut(_Out):
    measure_id: int
    kind: Kind
    label: str = Field(examples=["電話の時間を限る"])
    detail: str = Field(examples=["30"])
    """Minutes, or the section that alone answers; empty for other kinds."""
    words: str
    """To be said to the caller."""
    clause: str
    """Of the policy."""
    section: str
    """That decided on it."""
    office_wide: bool
    begins_on: date
    ends_on: date
    """Its last day."""
    approved_by: str
    reason: str | None
    """None for operators, and for supervisors of other sections."""


class CallerOut(_Out):
    known: bool
    """False where the number was withheld, or names no telephone outside the office."""
    number: str = Field(examples=["****5678"])
    number_is_whole: bool
    """False: only the last digits are shown."""
    last_24_hours: int
    """Earlier calls that you may see, before this one began. The same number need not be the same person."""
    last_90_days: int
    calls: list[EarlierCallOut]
    """The latest first, at most 50."""
    measures: list[MeasureInForceOut]


class NumberOut(_Out):
    number: str
    """Whole."""


class MatterIn(_In):
    matter: StorableText = Field(max_length=TEXT_CHARACTERS)
    answer: StorableText = Field(max_length=TEXT_CHARACTERS)


class MeasureIn(_In):
    kind: Kind
    detail: StorableText = Field(default="", max_length=SECTION_CHARACTERS)
    """Minutes for ``time_limit``, a section for ``one_section``."""
    office_wide: bool = False
    """True: in force for every section; an administrator must approve it."""
    reason: StorableText = Field(max_length=TEXT_CHARACTERS)
    words: StorableText = Field(default="", max_length=TEXT_CHARACTERS)
    """To be said to the caller; empty: a sentence that fits the kind."""
    begins_on: date
    ends_on: date
    """Its last day; at most a year after the first."""


class LiftIn(_In):
    reason: StorableText = Field(max_length=TEXT_CHARACTERS)


class ProposedOut(_Out):
    measure_id: int


class MeasureOut(_Out):
    measure_id: int
    state: State
    kind: Kind
    label: str
    detail: str
    number: str
    """Empty where it is not for you, or where the calls from it have been deleted."""
    number_is_whole: bool
    section: str
    office_wide: bool
    reason: str
    words: str
    clause: str
    begins_on: date
    ends_on: date
    requested_by: str
    requested_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    lifted_by: str | None
    lifted_at: datetime | None
    lift_reason: str


class MeasuresOut(_Out):
    measures: list[MeasureOut]
    """The latest first."""
