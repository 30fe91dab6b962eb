"""Pure: which findings of one utterance count in this call, and how much."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from detection.policy import DEMAND_CATEGORIES, Policy
from detection.types import Category, Finding, Severity

_GRAVITY = {
    category: place
    for place, category in enumerate(
        (
            Category.PHYSICAL_ATTACK,
            Category.SEXUAL,
            Category.DISCRIMINATION,
            Category.MENTAL_ATTACK,
            Category.PERSONAL_ATTACK,
            Category.INTIMIDATION,
            Category.APOLOGY,
            Category.COMPENSATION,
            Category.RESTRAINT,
            Category.PERSISTENCE,
            Category.DEMAND_NO_FAULT,
            Category.DEMAND_UNRELATED,
        )
    )
}
"""Between findings of one severity: which of them names the line."""

_LEVEL_NAMES: Final = {Severity.CAUTION: "注意", Severity.WARNING: "警告"}


MOST_QUIETS: Final = 32
MEANING_RULES: Final = "meaning."
"""How the ids of the trained model's rules begin."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A rule that a person called wrong in this call."""

    rule: str
    category: Category
    quote: str
    """A threat is kept quiet for these words only: a different one must be heard."""
    until_ms: int

    def covers(self, finding: Finding, at_ms: int) -> bool:
        return (
            at_ms < self.until_ms
            and (finding.rule, finding.category) == (self.rule, self.category)
            and (finding.severity < Severity.STOP or finding.quote == self.quote)
        )


def quieted(before: Iterable[Quiet], new: Iterable[Quiet], at_ms: int) -> tuple[Quiet, ...]:
    """Return *before* with *new*, without what is over. Where they are too many, one stays of every rule."""
    alive = [quiet for quiet in dict.fromkeys((*before, *new)) if at_ms < quiet.until_ms]
    latest = {(quiet.rule, quiet.category): quiet for quiet in alive}
    surplus, kept = len(alive) - MOST_QUIETS, list[Quiet]()
    for quiet in alive:
        if surplus > 0 and latest[quiet.rule, quiet.category] != quiet:
            surplus -= 1
        else:
            kept.append(quiet)
    return tuple(kept[-MOST_QUIETS:])


def weighed(
    findings: Iterable[Finding],
    *,
    at_ms: int,
    quiets: Collection[Quiet],
    fault_admitted: bool,
    needs_help: bool,
    policy: Policy,
) -> tuple[Finding, ...]:
    """Return the findings that count, the gravest first.

    *needs_help*: the caller hinted at suicide or is lost; then only a threat counts.
    """
    kept = []
    for found in findings:
        claim = eased(found) if fault_admitted else found
        finding = counted(claim, policy) if claim else None
        if finding is None or finding.severity is Severity.NONE:
            continue
        if needs_help and finding.severity < Severity.STOP:
            continue
        if any(quiet.covers(finding, at_ms) for quiet in quiets):
            continue
        kept.append(finding)
    return gravest_first(kept)


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (-f.severity, _GRAVITY[f.category], -f.score)))


def counted(finding: Finding, policy: Policy) -> Finding | None:
    """Return *finding* as the office's policy lets it count; None where it does not.

    A threat of harm counts in full, whatever category it stands in: no policy switches it off.
    """
    if finding.score < policy.minimum_score(finding.category, finding.severity):
        return None
    if finding.severity is Severity.STOP:
        return finding
    if finding.category in policy.categories_off:
        return None
    cap = policy.severity_caps.get(finding.category, Severity.STOP)
    if finding.severity <= cap:
        return finding
    reason = f"{finding.reason}(方針により「{_LEVEL_NAMES[cap]}」まで)"
    return replace(finding, severity=cap, reason=reason)


def eased(finding: Finding) -> Finding | None:
    """Return *finding* as it weighs once the city has admitted its mistake; None where it falls away.

    A claim that rests on the city's own mistake is not harassment; what goes beyond it still is.
    """
    if finding.category is Category.DEMAND_NO_FAULT and finding.severity < Severity.STOP:
        return None
    if finding.category not in DEMAND_CATEGORIES or finding.severity is Severity.STOP:
        return finding
    severity = Severity(max(0, finding.severity - 1))
    if severity is Severity.NONE:
        return None
    return replace(
        finding, severity=severity, reason=f"{finding.reason}(市の誤りを認めているため一段下げ)"
    )


def only_a_mild_demand(findings: tuple[Finding, ...], policy: Policy) -> bool:
    """True where all that was found is what a complaint may hold once: 「金返せ」."""
    return all(
        f.severity is Severity.CAUTION and f.category in policy.forgiven_once for f in findings
    )


def only_a_faint_sign(findings: tuple[Finding, ...], policy: Policy) -> bool:
    """True where all that was found is mild, unsure and known by its meaning alone.

    In a fair call of thirty sentences one such is chance more often than not; two are not.
    """
    return all(
        f.severity is Severity.CAUTION
        and f.score < policy.check_below_score
        and f.rule.startswith(MEANING_RULES)
        for f in findings
    )
