"""Pure: when a call has lasted longer than the policy allows for a talk that does not move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from detection.ladder import ABUSE_REPEATED, Offence, is_abuse
from detection.policy import CLAUSES, Policy
from detection.types import Category, Finding, Severity, Span, Utterance

RESTATED_AFTER_MS: Final = 240_000
"""While it lasts, the finding comes again: sooner than its line would lapse (5 min), later than a nuisance."""

HELD: Final = "conversation.held"
HELD_AFTER_ABUSE: Final = "conversation.held_after_abuse"
STALEMATE: Final = "conversation.stalemate"

_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Overrun:
    """A limit of the policy that was passed."""

    rule: str
    reason: str


def overruns(
    now_ms: int, stalemate_ms: int, offences: Sequence[Offence], policy: Policy
) -> Iterator[Overrun]:
    """Yield the limits that the call has passed, the gravest first.

    Time alone is no harassment: a long call counts only where the same demand keeps
    coming back after an answer, or where something was found in it.
    """
    limit_ms = policy.held_after_abuse_limit_ms
    if limit_ms is not None and abuse_repeated(offences) and now_ms >= limit_ms:
        reason = f"暴言などが繰り返され、通話が{_minutes(limit_ms)}分を超えています"
        yield Overrun(HELD_AFTER_ABUSE, reason)
    limit_ms = policy.stalemate_limit_ms
    if limit_ms is not None and stalemate_ms >= limit_ms:
        reason = f"話が平行線になってから{_minutes(limit_ms)}分を超えています"
        yield Overrun(STALEMATE, reason)
    limit_ms = policy.held_limit_ms
    if limit_ms is not None and now_ms >= limit_ms and (stalemate_ms > 0 or offences):
        reason = f"話が進まないまま、通話が{_minutes(limit_ms)}分を超えています"
        yield Overrun(HELD, reason)


def abuse_repeated(offences: Sequence[Offence]) -> bool:
    """Say whether there was abuse more than once: one outburst is no reason to count minutes."""
    return sum(map(is_abuse, offences)) >= ABUSE_REPEATED


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
