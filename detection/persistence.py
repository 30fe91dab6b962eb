"""Pure: the finding that the same demand keeps coming back after it was answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from detection.call_state import ConversationState, middle
from detection.ladder import Mark, Offence
from detection.policy import CLAUSES, Policy
from detection.pressed import told_marks
from detection.repetition import Return
from detection.types import Category, Finding, Severity, Span, Utterance

RULE: Final = "conversation.persistence"


def persistent(
    state: ConversationState, returns: Iterable[Return], policy: Policy
) -> Iterator[tuple[Utterance, Finding]]:
    """Yield the statements among *returns* that are one too many, each with what it amounts to.

    What was only explained, never refused, has to come back once more than the policy says; and so
    has what is taken for the same only because the operator's refusals sound alike.
    """
    for came_back in returns:
        unsure = not came_back.refused or not came_back.firm
        if came_back.returns < policy.returns_for_persistence + unsure:
            continue
        at_ms = middle(came_back.utterance)
        told = told_marks(state, policy)
        finding = _finding(came_back, _severity(at_ms, state.offences, told))
        if not any(quiet.covers(finding, at_ms) for quiet in state.quiets):
            yield came_back.utterance, finding


def _severity(at_ms: int, offences: Sequence[Offence], spoken: Sequence[Mark]) -> Severity:
    """注意 at first; 警告 for who was asked to stop, or warned, after it was found, and goes on."""
    found_ms = min(
        (o.at_ms for o in offences if any(f.rule == RULE for f in o.findings)), default=at_ms
    )
    told = any(found_ms < mark.at_ms < at_ms for mark in spoken)
    return Severity.WARNING if told else Severity.CAUTION


def _finding(came_back: Return, severity: Severity) -> Finding:
    text = came_back.utterance.text
    again = "お断りした後も" if came_back.refused else "お答えした後も"
    told = "(お願い・警告の後)" if severity is Severity.WARNING else ""
    return Finding(
        category=Category.PERSISTENCE,
        severity=severity,
        span=Span(0, len(text)),
        quote=text,
        rule=RULE,
        clause=CLAUSES[Category.PERSISTENCE],
        reason=f"{again}、同じご要望が{came_back.returns + 1}回目です{told}",
    )
