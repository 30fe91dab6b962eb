"""Pure: what the rules led to beside what was decided about them, in the order in which a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.feedback.precision import Limits, Proposal, RuleRecord
from app.feedback.reviews import Key, Standing, why_always_used
from detection.types import Severity


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule in one category."""

    rule: str
    category: str
    record: RuleRecord | None
    """None for a rule that is switched off and raised nothing in the span."""
    standing: Standing = field(default_factory=Standing)
    gravest: Severity = Severity.NONE
    """That it ever found here, before the span too."""

    @property
    def proposal(self) -> Proposal | None:
        """Set when the rule should be looked at; not while it is switched off."""
        if self.record is None or self.standing.switched_off is not None:
            return None
        return self.record.proposal

    @property
    def why_always_used(self) -> str:
        """Why it cannot be switched off; empty where it can."""
        return why_always_used(self.rule, self.gravest) if self.record else ""


@dataclass(frozen=True, slots=True)
class RuleTable:
    since: datetime
    days: int
    limits: Limits
    lines: tuple[RuleLine, ...]
    """The proposed ones first, those that are switched off last."""


def lined_up(
    records: Iterable[RuleRecord], decided: Mapping[Key, Standing], ever: Mapping[Key, Severity]
) -> tuple[RuleLine, ...]:
    """Return a line for each of *records*, in their order, and for every rule that is switched off.

    *ever* is the gravest that each rule found in an alert of this office, whenever that was.
    """
    lines = []
    for record in records:
        key = (record.rule, record.category)
        gravest = max(record.severity, ever.get(key, Severity.NONE))
        lines.append(RuleLine(*key, record, decided.get(key, Standing()), gravest))
    counted = {(line.rule, line.category) for line in lines}
    lines += [
        RuleLine(rule, category, None, standing)
        for (rule, category), standing in sorted(decided.items(), key=lambda item: item[0])
        if standing.switched_off is not None and (rule, category) not in counted
    ]
    return tuple(
        sorted(
            lines,
            key=lambda line: (line.standing.switched_off is not None, line.proposal is None),
        )
    )
