"""Pure: the requests and warnings that the operator really spoke: one a breath, with time and words."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from detection.call_state import (
    MOST_REQUESTS,
    MOST_WARNINGS,
    SAME_BREATH_MS,
    Act,
    ConversationState,
    middle,
)
from detection.ladder import Mark, MarkKind, counts, noted
from detection.likeness import MOST_WORDS, NOTHING_SAID, Said
from detection.policy import Policy
from detection.pressed import settled, without_press_of
from detection.types import Cue, SpokenWarning, Utterance

MOST_LETTERS: Final = 1_000
"""Of one breath: four minutes of talk. A recording that warns over and over must not fill the memory."""


def heard_from_operator(
    state: ConversationState,
    utterance: Utterance,
    cues: AbstractSet[Cue],
    policy: Policy,
    said: Said = NOTHING_SAID,
) -> ConversationState:
    """Note what *utterance* asks, warns or announces.

    A warning cut at a pause is one warning. A request is none unless the policy counts requests.
    """
    at_ms = middle(utterance)
    if Cue.WARNED in cues or Cue.ASKED_TO_STOP in cues:
        state = settled(state, policy)
        kind = MarkKind.WARNING if Cue.WARNED in cues else MarkKind.REQUEST
        if _same_breath(state, utterance):
            state = _gone_on(state, utterance, kind, policy, said)
        else:
            state = _begun(state, utterance, kind, policy, said)
        state = replace(state, spoken_until_ms=utterance.end_ms)
    if Cue.CLOSING in cues:
        state = replace(state, moments=noted(state.moments, Mark(at_ms, MarkKind.CLOSING)))
    return state


def _begun(
    state: ConversationState, utterance: Utterance, kind: MarkKind, policy: Policy, said: Said
) -> ConversationState:
    at_ms = middle(utterance)
    state = replace(state, spoken=noted(state.spoken, Mark(at_ms, kind)))
    told = SpokenWarning(at_ms, utterance.utterance_id, utterance.text)
    act = Act(kind, utterance.start_ms, utterance.end_ms, told, said)
    if not counts(kind, policy):
        return replace(state, requests=(*state.requests, act)[-MOST_REQUESTS:])
    if len(state.warnings) >= MOST_WARNINGS:
        state = without_press_of(state, state.warnings[0], policy)
    return replace(
        state,
        warnings_spoken=state.warnings_spoken + 1,
        warnings=(*state.warnings, act)[-MOST_WARNINGS:],
    )


def _gone_on(
    state: ConversationState, utterance: Utterance, kind: MarkKind, policy: Policy, said: Said
) -> ConversationState:
    """Add to the words of one breath; a request that ends in a warning is a warning."""
    earlier, last = state.spoken[:-1], state.spoken[-1]
    if last.kind is MarkKind.WARNING:
        kind = MarkKind.WARNING
    if not counts(last.kind, policy):
        before = state.requests[-1:]
        state = replace(state, spoken=earlier, requests=state.requests[:-1])
        state = _begun(state, utterance, kind, policy, said)
        if before and kind is MarkKind.REQUEST:
            whole = _continued(before[0], kind, utterance, said)
            state = replace(state, requests=(*state.requests[:-1], whole))
        return state
    state = replace(state, spoken=noted(earlier, Mark(middle(utterance), kind)))
    if not state.warnings:
        return state
    whole = _continued(state.warnings[-1], kind, utterance, said)
    return replace(state, warnings=(*state.warnings[:-1], whole))


def _continued(act: Act, kind: MarkKind, utterance: Utterance, said: Said) -> Act:
    words = frozenset(sorted(act.said.words | said.words)[:MOST_WORDS])
    return replace(
        act,
        kind=kind,
        end_ms=max(act.end_ms, utterance.end_ms),
        told=replace(act.told, words=f"{act.told.words}{utterance.text}"[:MOST_LETTERS]),
        said=Said(words, act.said.meaning or said.meaning),
    )


def _same_breath(state: ConversationState, utterance: Utterance) -> bool:
    gap_ms = utterance.start_ms - state.spoken_until_ms
    caller_ms = -1 if state.last_said is None else middle(state.last_said)
    return (
        bool(state.spoken)
        and 0 <= gap_ms <= SAME_BREATH_MS
        and not state.spoken[-1].at_ms <= caller_ms <= utterance.start_ms
    )
