"""Pure: rules and their reviews as the REST interface takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.feedback.precision import Count, Proposal
from app.feedback.reviews import (
    LONGEST_CATEGORY,
    LONGEST_RULE,
    NOTE_CHARACTERS,
    Review,
    ReviewKind,
)
from app.feedback.table import RuleLine, RuleTable
from app.feedback.wording import reason_for


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class CountOut(_Out):
    raised: int
    """Alerts that whole sentences bore out; each once, however often it was updated."""
    marked_false: int
    """Of them, those that a person called 誤検知."""
    share_right: float | None
    """None where nothing was raised."""
    low: float
    """Lower end of the 95 % interval (Wilson) of that share."""
    high: float


class RuleVersionOut(_Out):
    detector_version: str
    policy_version: str
    withdrawn: int
    count: CountOut
    last_at: datetime


class ProposalOut(_Out):
    reason: str = Field(
        examples=["30件のうち14件が誤検知でした。ルールの見直しを検討してください。"]
    )
    count: CountOut
    """The alerts that it rests on: those since the last review, of the latest version where they are enough."""
    only_to_look_at: bool
    """The rule finds threats of harm and stays in use."""


class ReviewOut(_Out):
    note: str
    by: str
    at: datetime


class RuleOut(_Out):
    rule: str = Field(examples=["mental.fool_at_you"])
    category: str = Field(examples=["mental_attack"])
    severity: int | None = Field(ge=1, le=3)
    """The gravest that it found in the span; None where it found nothing."""
    count: CountOut
    withdrawn: int
    """Alerts on half a sentence that the whole of it did not bear out; in no other number."""
    versions: list[RuleVersionOut]
    """The latest first."""
    proposal: ProposalOut | None
    """Set when the rule should be looked at."""
    reviewed: ReviewOut | None
    switched_off: ReviewOut | None
    """Set while this office does not use it."""
    may_be_switched_off: bool


class RulesOut(_Out):
    days: int
    since: datetime
    """Alerts raised from then on are counted, in calls that are over, of all sections together."""
    review_below: float
    review_from: int
    rules: list[RuleOut]
    """The proposed ones first."""


class ReviewIn(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    rule: str = Field(max_length=LONGEST_RULE, examples=["mental.fool_at_you"])
    category: str = Field(max_length=LONGEST_CATEGORY, examples=["mental_attack"])
    decision: Literal["reviewed", "switched_off", "switched_on"]
    """Switching concerns calls that start afterwards."""
    note: str = Field(default="", max_length=2 * NOTE_CHARACTERS)
    """Needed unless the rule is switched on again."""

    @property
    def kind(self) -> ReviewKind:
        return ReviewKind(self.decision)


def rules_out(table: RuleTable) -> RulesOut:
    return RulesOut(
        days=table.days,
        since=table.since,
        review_below=table.limits.below,
        review_from=table.limits.at_least,
        rules=[_rule(line) for line in table.lines],
    )


def _rule(line: RuleLine) -> RuleOut:
    record = line.record
    return RuleOut(
        rule=line.rule,
        category=line.category,
        severity=int(record.severity) if record else None,
        count=_count(record.count if record else Count()),
        withdrawn=record.withdrawn if record else 0,
        versions=[
            RuleVersionOut(
                detector_version=version.detector_version,
                policy_version=version.policy_version,
                withdrawn=version.withdrawn,
                count=_count(version.count),
                last_at=version.last_at,
            )
            for version in (record.versions if record else ())
        ],
        proposal=_proposal(line.proposal),
        reviewed=_review(line.standing.reviewed),
        switched_off=_review(line.standing.switched_off),
        may_be_switched_off=not line.why_always_used,
    )


def _proposal(proposal: Proposal | None) -> ProposalOut | None:
    if proposal is None:
        return None
    return ProposalOut(
        reason=reason_for(proposal),
        count=_count(proposal.count),
        only_to_look_at=proposal.only_to_look_at,
    )


def _count(count: Count) -> CountOut:
    interval = count.interval
    return CountOut(
        raised=count.raised,
        marked_false=count.false,
        share_right=None if count.share is None else round(count.share, 3),
        low=round(interval.low, 3),
        high=round(interval.high, 3),
    )


def _review(review: Review | None) -> ReviewOut | None:
    return ReviewOut(note=review.note, by=review.by, at=review.at) if review else None
