"""Pure: how far a call has come on the policy's way: step, requests, warnings, clocks, and what may follow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from detection.allowance import Allowance, allowed_next, warning_limit_of
from detection.call_state import ConversationState, Turn
from detection.overrun import abuse_repeated, overruns
from detection.policy import CLAUSES, Policy
from detection.pressed import asked
from detection.types import Category, Demand, Quote, SpokenWarning, Step
from detection.verdict import concluded


class ClockKind(StrEnum):
    HELD = "held"
    """Since the call began."""
    HELD_AFTER_ABUSE = "held_after_abuse"
    """The same, once abuse was repeated."""
    STALEMATE = "stalemate"
    """Since the same demand came back after an answer."""


@dataclass(frozen=True, slots=True)
class LimitClock:
    """One of the policy's limits of time, and how far it has run."""

    kind: ClockKind
    limit_ms: int | None
    """None where the office set none."""
    elapsed_ms: int
    running: bool
    clause: str


@dataclass(frozen=True, slots=True)
class Progress:
    at_ms: int
    """Up to where the call was judged."""
    step: Step
    asked: tuple[Quote, ...]
    warnings: tuple[SpokenWarning, ...]
    warnings_spoken: int
    warning_limit: int | None
    next: Allowance
    clocks: tuple[LimitClock, ...]
    demand: Demand | None


def progress_of(state: ConversationState, policy: Policy) -> Progress:
    """Return where the call of *state* stands now."""
    _, decision = concluded(Turn(state), policy)
    passed = next(overruns(state.now_ms, decision.stalemate_ms, state.offences, policy), None)
    return Progress(
        at_ms=state.now_ms,
        step=decision.step,
        asked=tuple(
            Quote(told.at_ms, told.words, told.utterance_id) for told in asked(state, policy)
        ),
        warnings=decision.warnings,
        warnings_spoken=decision.warnings_spoken,
        warning_limit=warning_limit_of(policy),
        next=allowed_next(
            decision.step,
            decision.level,
            decision.warnings_spoken,
            warning_limit_of(policy),
            overrun=passed.reason if passed else "",
        ),
        clocks=_clocks(state, decision.stalemate_ms, policy),
        demand=decision.demand,
    )


def _clocks(state: ConversationState, stalemate_ms: int, policy: Policy) -> tuple[LimitClock, ...]:
    clause = CLAUSES[Category.RESTRAINT]
    abused = abuse_repeated(state.offences)
    return (
        LimitClock(ClockKind.HELD, policy.held_limit_ms, state.now_ms, running=True, clause=clause),
        LimitClock(
            ClockKind.HELD_AFTER_ABUSE,
            policy.held_after_abuse_limit_ms,
            state.now_ms if abused else 0,
            running=abused,
            clause=clause,
        ),
        LimitClock(
            ClockKind.STALEMATE,
            policy.stalemate_limit_ms,
            stalemate_ms,
            running=stalemate_ms > 0,
            clause=CLAUSES[Category.PERSISTENCE],
        ),
    )
