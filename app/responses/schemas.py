"""Pure: the sentences to say, and their versions, as the REST interface takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.calls.schemas import StorableText

MOST_TYPED = 1_000
"""More is no sentence; what is too long below that is refused with a reason."""


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class DoubtOut(_Out):
    code: str
    message: str
    """What to look at twice; it forbids nothing."""


class ScriptVersionOut(_Out):
    version: int
    """0: as it shipped."""
    state: Literal["shipped", "waiting", "approved", "returned"]
    in_use: bool
    """This is the one that is suggested now."""
    based_on: int | None
    text: str
    text_when_recorded: str
    note: str
    reason: str
    """Why it was proposed."""
    proposed_by: str
    """Empty for what shipped."""
    proposed_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str
    """Why it was returned."""
    doubts: list[DoubtOut]


class ScriptLineOut(_Out):
    script_id: str
    step: str
    category: str | None
    """null: for any."""
    version: int
    draft: bool
    """案: nobody of the office has approved it."""
    text: str = Field(examples=["ご用件はきちんと承ります。落ち着いてお話しいただけますか。"])
    text_when_recorded: str
    """Suggested instead where the recording notice was played in the call; empty: *text* is said there too."""
    note: str
    waiting: ScriptVersionOut | None
    """The proposal that waits for approval; null for operators."""


class ReportOut(_Out):
    level: int = Field(ge=1, le=3)
    text: str
    """What to note and whom to tell after a call of that level; not to be said to the caller."""
    draft: bool


class ScriptsOut(_Out):
    scripts: list[ScriptLineOut]
    reports: list[ReportOut]


class ScriptVersionsOut(_Out):
    script_id: str
    step: str
    category: str | None
    versions: list[ScriptVersionOut]
    """The latest first, what shipped last."""


class ProposalIn(_In):
    text: StorableText = Field(max_length=MOST_TYPED)
    text_when_recorded: StorableText = Field(default="", max_length=MOST_TYPED)
    note: StorableText = Field(default="", max_length=MOST_TYPED)
    reason: StorableText = Field(max_length=MOST_TYPED)
    based_on: int = Field(ge=0)
    """The version that you saw; another one in use meanwhile refuses the proposal."""


class AgainIn(_In):
    reason: StorableText = Field(max_length=MOST_TYPED)
    based_on: int = Field(ge=0)
    """The version that is in use, as you saw it."""


class ReturnIn(_In):
    reason: StorableText = Field(max_length=MOST_TYPED)


class ProposedOut(_Out):
    version: int
    doubts: list[DoubtOut]
