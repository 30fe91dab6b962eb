"""Pure: judgements as the REST interface takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.calls.schemas import StorableText
from app.judgements.opinions import Opinion, Standing, Verdict


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


Beyond = Literal["beyond", "within", "unclear"]
YesNo = Literal["yes", "no", "unclear"]


class Considered(_In):
    """The policy's questions. They guide; none of them decides."""

    content: Beyond | None = None
    """Does what is asked for go beyond what is acceptable?"""
    manner: Beyond | None = None
    """Does how it is asked for?"""
    repeated: Literal["once", "repeated", "unclear"] | None = None
    """Said once, or again after an answer or a request to stop?"""
    office_fault: YesNo | None = None
    """Did the office's own mistake stand behind it?"""
    accommodation: YesNo | None = None
    """Did the caller ask for consideration of a disability? That alone is never harassment."""


class JudgedFindingIn(_In):
    finding_id: int = Field(ge=1, le=2**31 - 1)
    right: bool
    """The words bear it out; false counts like 誤検知."""


class JudgementIn(_In):
    verdict: Verdict
    reason: StorableText = Field(
        max_length=20_000, examples=["回答の後も同じ要求を40分繰り返した。"]
    )
    """1 to 2,000 characters."""
    callers_side: StorableText = Field(
        default="", max_length=20_000, examples=["通知の誤記があり、説明も二度変わっていた。"]
    )
    """What the caller came for, whether the office's own fault stood behind it. Required for 該当."""
    considered: Considered = Considered()
    findings: list[JudgedFindingIn] = Field(default_factory=list, max_length=2_000)
    second_wanted: bool = False
    """Ask somebody else for an opinion."""
    seen: int = Field(ge=0, le=100_000)
    """How many judgements of the call you had before you; refused when there are more by now."""


class StandingOut(_Out):
    verdict: Verdict | None
    """The one that stands; None where nobody judged yet, 判断保留 while opinions differ."""
    judged: int
    differing: bool
    second_wanted: bool


class JudgementOut(_Out):
    judgement_id: int
    verdict: Verdict
    opinion: Opinion
    reason: str
    callers_side: str
    considered: Considered
    second_wanted: bool
    findings: list[JudgedFindingIn]
    by: str
    by_name: str
    """Empty where no such account exists."""
    mine: bool
    at: datetime


class JudgeableFindingOut(_Out):
    finding_id: int
    utterance_id: str
    category: str
    severity: int
    rule: str
    quote: str
    """As you may read it."""
    reason: str
    start_ms: int
    right: bool | None
    """What was last said of it; None where nobody did."""


class JudgementsOut(_Out):
    call_id: str
    standing: StandingOut
    judgements: list[JudgementOut]
    """In the order in which they were made; none is ever taken away."""
    findings: list[JudgeableFindingOut]
    may_judge: bool
    why_not: str
    """A code, where you may not: ``still_live``, ``own_call`` or ``not_yet_judged``."""
    seen: int
    """To be sent with a judgement."""


class WaitingCallOut(_Out):
    call_id: str
    section: str
    started_at: datetime
    duration_ms: int
    top_level: int = Field(ge=0, le=3)
    outcome: str
    help_requested: bool
    """Help was asked for in the call."""
    missed: bool
    """Somebody marked a moment as missed."""
    standing: StandingOut


class WaitingCallsOut(_Out):
    calls: list[WaitingCallOut]
    total: int
    """All that match, however many are shown."""
    sections: list[str]
    """Of which you may see calls; for the filter."""


def standing_out(standing: Standing | None) -> StandingOut:
    if standing is None:
        return StandingOut(verdict=None, judged=0, differing=False, second_wanted=False)
    return StandingOut(
        verdict=standing.verdict,
        judged=standing.judged,
        differing=standing.differing,
        second_wanted=standing.second_wanted,
    )
