"""Pure: from what is known of a call to its decision: level, outcome, step, and the lines that lapse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from detection.alerting import lapsed
from detection.call_state import ConversationState, Turn
from detection.ladder import Offence, Standing, standing
from detection.policy import Policy
from detection.pressed import marks_of, warned
from detection.types import CONTENT, Decision, Outcome, Severity, Step

WELFARE_HOLDS_MS: Final = 300_000
"""The step stays with the caller's need for so long after its last sign."""


def settled(turn: Turn, policy: Policy) -> Turn:
    """Close the lines that lapsed with time.

    Done before new words count as well as after: whether the clock ticked in between
    must not decide if they open a line or add to one, or a replayed call would differ.
    """
    state = turn.state
    level = standing_of(state, policy).level
    board, lapses = lapsed(state.board, state.now_ms, level, policy)
    return replace(turn, state=replace(state, board=board), alerts=(*turn.alerts, *lapses))


def concluded(turn: Turn, policy: Policy) -> tuple[ConversationState, Decision]:
    turn = settled(turn, policy)
    state, stand = turn.state, standing_of(turn.state, policy)
    step = _step(state, stand)
    content, manner = _apart(state, stand, policy)
    warnings_spoken, warnings = warned(state, policy)
    return state, Decision(
        at_ms=state.now_ms,
        level=stand.level,
        outcome=_outcome(state, stand),
        step=step,
        focus=None if step in (Step.LISTEN, Step.WELFARE) else stand.focus,
        findings=turn.findings,
        alerts=turn.alerts,
        warnings_spoken=warnings_spoken,
        held_ms=state.now_ms,
        stalemate_ms=state.repetition.talk.stalemate_ms(state.now_ms),
        welfare=state.welfare_ms is not None,
        policy_version=policy.version,
        detector_version=state.detector_version,
        content=content,
        manner=manner,
        warnings=warnings,
        demand=state.repetition.talk.demand(state.now_ms),
    )


def standing_of(state: ConversationState, policy: Policy) -> Standing:
    return standing(state.offences, marks_of(state, policy), state.now_ms, policy)


def in_need(state: ConversationState) -> bool:
    """Say whether the caller showed lately that they need help, not a warning."""
    return state.welfare_ms is not None and state.now_ms - state.welfare_ms < WELFARE_HOLDS_MS


def _apart(state: ConversationState, stand: Standing, policy: Policy) -> tuple[Severity, Severity]:
    """Return the levels that content and manner would have alone; together they may stand higher."""
    if stand.level is Severity.NONE:
        return Severity.NONE, Severity.NONE
    found = {finding.category for offence in state.offences for finding in offence.findings}
    if found <= CONTENT:
        return stand.level, Severity.NONE
    if not found & CONTENT:
        return Severity.NONE, stand.level
    marks = marks_of(state, policy)
    content, manner = (
        standing(_only(state.offences, of_content=of_content), marks, state.now_ms, policy).level
        for of_content in (True, False)
    )
    return content, manner


def _only(offences: Sequence[Offence], *, of_content: bool) -> Iterator[Offence]:
    for offence in offences:
        findings = tuple(f for f in offence.findings if (f.category in CONTENT) is of_content)
        if findings:
            yield replace(offence, findings=findings)


def _step(state: ConversationState, stand: Standing) -> Step:
    if stand.threat:
        return Step.EMERGENCY
    if in_need(state):
        return Step.WELFARE
    if stand.level is Severity.STOP:
        return Step.CLOSE
    if stand.level is Severity.NONE or stand.spoken_since:
        # What had to be said was said, and the caller has not gone on: now it is listening again.
        return Step.LISTEN
    return Step.WARN if stand.level is Severity.WARNING else Step.ASK_TO_STOP


def _outcome(state: ConversationState, stand: Standing) -> Outcome:
    if stand.level > Severity.NONE:
        return Outcome.HARASSMENT_SUSPECTED
    talk = state.repetition.talk
    pressed = bool(talk.topics) and (talk.refused or talk.only_refusals_answer)
    if state.complained or state.forgiven_ms is not None or pressed:
        return Outcome.LEGITIMATE_COMPLAINT
    return Outcome.ORDINARY
