"""Pure: when a call has lasted longer than the policy allows for a talk that does not move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from detection.ladder import Offence
from detection.policy import CLAUSES, Policy
from detection.types import Category, Finding, Severity, Span, Utterance

RESTATED_AFTER_MS: Final = 240_000
"""While it lasts, the finding comes again: sooner than its line would lapse (5 min), later than a nuisance."""

HELD: Final = "conversation.held"
HELD_AFTER_ABUSE: Final = "conversation.held_after_abuse"
STALEMATE: Final = "conversation.stalemate"

_MINUTE_MS: Final = 60_000
_ABUSE: Final = frozenset(Category) - {
    Category.PERSISTENCE,
    Category.RESTRAINT,
    Category.DEMAND_NO_FAULT,
    Category.DEMAND_UNRELATED,
}


@dataclass(frozen=True, slots=True)
class Overrun:
    """A limit of the policy that was passed."""

    rule: str
    reason: str


def overrun(
    now_ms: int, stalemate_ms: int, offences: Sequence[Offence], policy: Policy
) -> Overrun | None:
    """Return the limit that the call has passed, the gravest first.

    Time alone is no harassment: a long call counts only where the same demand keeps
    coming back after an answer, or where something was found in it.
    """
    abusive = abusive_offences(offences)
    limit_ms = policy.held_after_abuse_limit_ms
    if limit_ms is not None and abusive >= 2 and now_ms >= limit_ms:
        reason = f"暴言などが繰り返され、通話が{_minutes(limit_ms)}分を超えています"
        return Overrun(HELD_AFTER_ABUSE, reason)
    limit_ms = policy.stalemate_limit_ms
    if limit_ms is not None and stalemate_ms >= limit_ms:
        reason = f"話が平行線になってから{_minutes(limit_ms)}分を超えています"
        return Overrun(STALEMATE, reason)
    limit_ms = policy.held_limit_ms
    if limit_ms is not None and now_ms >= limit_ms and (stalemate_ms > 0 or offences):
        reason = f"話が進まないまま、通話が{_minutes(limit_ms)}分を超えています"
        return Overrun(HELD, reason)
    return None


def abusive_offences(offences: Sequence[Offence]) -> int:
    """Return how often there was abuse: not only repetition, time, or what was asked for."""
    return sum(offence.category in _ABUSE for offence in offences)


def finding_of(passed: Overrun, last_said: Utterance) -> Finding:
    """Return *passed* as a finding that quotes what the caller said last."""
    return Finding(
        category=Category.RESTRAINT,
        severity=Severity.WARNING,
        span=Span(0, len(last_said.text)),
        quote=last_said.text,
        rule=passed.rule,
        clause=CLAUSES[Category.RESTRAINT],
        reason=passed.reason,
    )


def _minutes(limit_ms: int) -> int:
    return limit_ms // _MINUTE_MS
