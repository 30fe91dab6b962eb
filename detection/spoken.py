"""Pure: the requests and warnings that the operator really spoke: one a breath, with time and words."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from detection.call_state import SAME_BREATH_MS, ConversationState, middle
from detection.ladder import Mark, MarkKind, noted
from detection.policy import Policy
from detection.types import Cue, SpokenWarning, Utterance

MOST_WARNINGS: Final = 16
"""Kept with their words; the count goes on."""


def heard_from_operator(
    state: ConversationState, utterance: Utterance, cues: AbstractSet[Cue], policy: Policy
) -> ConversationState:
    """Note what *utterance* asks, warns or announces.

    A warning cut at a pause is one warning. A request is none unless the policy counts requests.
    """
    at_ms = middle(utterance)
    if Cue.WARNED in cues or Cue.ASKED_TO_STOP in cues:
        kind = MarkKind.WARNING if Cue.WARNED in cues else MarkKind.REQUEST
        if _same_breath(state, utterance):
            state = _gone_on(state, utterance, kind, policy)
        else:
            state = _begun(state, utterance, kind, policy)
        state = replace(state, spoken_until_ms=utterance.end_ms)
    if Cue.CLOSING in cues:
        state = replace(state, moments=noted(state.moments, Mark(at_ms, MarkKind.CLOSING)))
    return state


def _begun(
    state: ConversationState, utterance: Utterance, kind: MarkKind, policy: Policy
) -> ConversationState:
    at_ms = middle(utterance)
    state = replace(state, spoken=noted(state.spoken, Mark(at_ms, kind)))
    if not _counts(kind, policy):
        return state
    warning = SpokenWarning(at_ms, utterance.utterance_id, utterance.text)
    return replace(
        state,
        warnings_spoken=state.warnings_spoken + 1,
        warnings=(*state.warnings, warning)[-MOST_WARNINGS:],
    )


def _gone_on(
    state: ConversationState, utterance: Utterance, kind: MarkKind, policy: Policy
) -> ConversationState:
    """Add to the words of one breath; a request that ends in a warning is a warning."""
    earlier, last = state.spoken[:-1], state.spoken[-1]
    if last.kind is MarkKind.WARNING:
        kind = MarkKind.WARNING
    if not _counts(last.kind, policy):
        return _begun(replace(state, spoken=earlier), utterance, kind, policy)
    state = replace(state, spoken=noted(earlier, Mark(middle(utterance), kind)))
    if not state.warnings:
        return state
    told = state.warnings[-1]
    told = replace(told, words=f"{told.words}{utterance.text}")
    return replace(state, warnings=(*state.warnings[:-1], told))


def _counts(kind: MarkKind, policy: Policy) -> bool:
    return kind is MarkKind.WARNING or policy.requests_count


def _same_breath(state: ConversationState, utterance: Utterance) -> bool:
    gap_ms = utterance.start_ms - state.spoken_until_ms
    caller_ms = -1 if state.last_said is None else middle(state.last_said)
    return (
        bool(state.spoken)
        and 0 <= gap_ms <= SAME_BREATH_MS
        and not state.spoken[-1].at_ms <= caller_ms <= utterance.start_ms
    )
