"""Pure: 「言った」. What a person says was spoken counts as if it had been heard; pressed and heard, it is one.

Recognition may fail, or hear the words some seconds later than the press, so what was pressed waits
for what is heard. Nothing depends on which of the two came first.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from detection.call_state import MOST_REQUESTS, MOST_WARNINGS, Act, ConversationState
from detection.ladder import Mark, MarkKind, counts, noted
from detection.likeness import Said, said_alike
from detection.policy import Policy
from detection.types import Cue, How, Pressed, SpokenWarning, Step

HEARD_BEFORE_MS: Final = 20_000
"""Spoken so long before the press: nobody looks for the button while the caller shouts."""
HEARD_AFTER_MS: Final = 30_000
"""… or so long after it: some press first, then wait for a gap in which to say it."""
ALIKE: Final = 0.3
"""So alike must the words be then. Of nine reworded warnings the nearest script stood at 0.3 to 1.0."""
NEAR_MS: Final = 10_000
"""Nearer than this whatever the words: a warning too few is put right by a word, one too many ends a call."""
APART_MS: Final = 10_000
"""Two presses within so long are one: a finger that was not sure."""
SETTLES_MS: Final = 180_000
"""What was not heard by then was not heard; recognition is given up long before."""
MOST_PRESSES: Final = 24

_ANNOUNCES: Final = {
    Step.ASK_TO_STOP: MarkKind.REQUEST,
    Step.WARN: MarkKind.WARNING,
    Step.CLOSE: MarkKind.CLOSING,
}


def kind_of(pressed: Pressed, cues: AbstractSet[Cue]) -> MarkKind | None:
    """Return what the sentence does on the ladder; *cues* are those of its words as if they were heard."""
    if pressed.step is Step.EMERGENCY:
        return MarkKind.WARNING if Cue.WARNED in cues else None
    return _ANNOUNCES.get(pressed.step)


def noted_press(
    state: ConversationState, pressed: Pressed, kind: MarkKind, said: Said, policy: Policy
) -> ConversationState:
    """Note that a sentence which asks, warns or announces the end was spoken."""
    at_ms = pressed.at_ms
    if kind is MarkKind.CLOSING:
        return replace(state, moments=noted(state.moments, Mark(at_ms, kind)))
    state = settled(state, policy)
    told = SpokenWarning(at_ms, "", pressed.words, How.PRESSED, pressed.by, at_ms)
    new = Act(kind, at_ms, at_ms, told, said)
    same = next((p for p in state.presses if abs(p.start_ms - at_ms) < APART_MS), None)
    if same is None:
        return replace(state, presses=(*state.presses, new))
    if counts(same.kind, policy) or not counts(kind, policy):
        return state
    # Asked first, warned in the same breath: it is the warning.
    return replace(state, presses=(*(p for p in state.presses if p is not same), new))


def marks_of(state: ConversationState, policy: Policy) -> tuple[Mark, ...]:
    """Return all that moves the ladder without being a finding, each once."""
    return (*told_marks(state, policy), *state.moments)


def told_marks(state: ConversationState, policy: Policy) -> tuple[Mark, ...]:
    """Return the requests and warnings, each once: those heard, then those only pressed."""
    alone = _alone(state, policy)
    return (*state.spoken, *(Mark(press.start_ms, press.kind) for press in alone))


def warned(state: ConversationState, policy: Policy) -> tuple[int, tuple[SpokenWarning, ...]]:
    """Return how many warnings count, and the last of them in order of time."""
    if not state.presses:
        return state.warnings_spoken, tuple(act.told for act in state.warnings)
    alone = [press for press in _alone(state, policy) if counts(press.kind, policy)]
    told = (*_proved(state, state.warnings, policy), *(press.told for press in alone))
    in_order = sorted(told, key=lambda warning: warning.at_ms)
    return state.warnings_spoken + len(alone), tuple(in_order[-MOST_WARNINGS:])


def asked(state: ConversationState, policy: Policy) -> tuple[SpokenWarning, ...]:
    """Return the last requests to stop, heard or pressed, in order of time."""
    acts = (*state.requests, *state.warnings)
    heard = [act for act in acts if act.kind is MarkKind.REQUEST]
    alone = [press for press in _alone(state, policy) if press.kind is MarkKind.REQUEST]
    told = (*_proved(state, heard, policy), *(press.told for press in alone))
    return tuple(sorted(told, key=lambda request: request.at_ms)[-MOST_REQUESTS:])


def settled(state: ConversationState, policy: Policy) -> ConversationState:
    """Decide about presses so old that nothing heard from now on can be meant by them."""
    surplus = max(0, len(state.presses) - MOST_PRESSES)
    due = [
        press
        for place, press in enumerate(state.presses)
        if place < surplus or state.now_ms - press.start_ms > SETTLES_MS
    ]
    if not due:
        return state
    pairs = _pairs(state, policy)
    for press in due:
        act = pairs.get(press)
        if act is not None:
            state = _replaced(state, act, _with_press(act, press))
            continue
        state = replace(state, spoken=noted(state.spoken, Mark(press.start_ms, press.kind)))
        if counts(press.kind, policy):
            if len(state.warnings) >= MOST_WARNINGS:
                state = without_press_of(state, state.warnings[0], policy)
            warnings = _in_order((*state.warnings, press))[-MOST_WARNINGS:]
            state = replace(state, warnings=warnings, warnings_spoken=state.warnings_spoken + 1)
        else:
            requests = _in_order((*state.requests, press))[-MOST_REQUESTS:]
            state = replace(state, requests=requests)
    return replace(state, presses=tuple(p for p in state.presses if p not in due))


def without_press_of(state: ConversationState, act: Act, policy: Policy) -> ConversationState:
    """Forget the press that belongs to *act*, which is about to be forgotten."""
    if not state.presses:
        return state
    gone = {press for press, heard in _pairs(state, policy).items() if heard is act}
    return replace(state, presses=tuple(p for p in state.presses if p not in gone))


def _alone(state: ConversationState, policy: Policy) -> list[Act]:
    if not state.presses:
        return []
    pairs = _pairs(state, policy)
    return [press for press in state.presses if press not in pairs]


def _proved(
    state: ConversationState, acts: Sequence[Act], policy: Policy
) -> tuple[SpokenWarning, ...]:
    """Return *acts* as they are told, with the press that confirms each."""
    by_act = {id(act): press for press, act in _pairs(state, policy).items()}
    return tuple(
        _with_press(act, by_act[id(act)]).told if id(act) in by_act else act.told for act in acts
    )


def _with_press(act: Act, press: Act) -> Act:
    return replace(act, told=replace(act.told, by=press.told.by, pressed_ms=press.start_ms))


def _replaced(state: ConversationState, act: Act, new: Act) -> ConversationState:
    return replace(
        state,
        warnings=tuple(new if a is act else a for a in state.warnings),
        requests=tuple(new if a is act else a for a in state.requests),
    )


def _in_order(acts: Sequence[Act]) -> tuple[Act, ...]:
    return tuple(sorted(acts, key=lambda act: act.told.at_ms))


def _pairs(state: ConversationState, policy: Policy) -> dict[Act, Act]:
    """Return the heard act that each press means: as many as can be, each in one pair.

    The more pairs, the fewer warnings: in doubt it was said once.
    """
    if not state.presses:
        return {}
    heard = [a for a in (*state.warnings, *state.requests) if a.told.pressed_ms is None]
    presses = sorted(state.presses, key=lambda press: press.start_ms)
    choices = [_choices(press, heard, policy) for press in presses]
    taken: dict[int, int] = {}
    for number in range(len(presses)):
        _placed(number, choices, taken, set())
    return {presses[number]: heard[place] for place, number in taken.items()}


def _placed(
    number: int, choices: Sequence[Sequence[int]], taken: dict[int, int], tried: set[int]
) -> bool:
    """Find *number* a place, moving others where they have another choice."""
    for place in choices[number]:
        if place in tried:
            continue
        tried.add(place)
        if place not in taken or _placed(taken[place], choices, taken, tried):
            taken[place] = number
            return True
    return False


def _choices(press: Act, heard: Sequence[Act], policy: Policy) -> list[int]:
    """Return the places of those that *press* may mean, the likeliest first."""
    fitting: list[tuple[bool, int, int]] = []
    for place, act in enumerate(heard):
        if counts(press.kind, policy) and not counts(act.kind, policy):
            continue
        before_ms, after_ms = press.start_ms - act.end_ms, act.start_ms - press.start_ms
        if before_ms > HEARD_BEFORE_MS or after_ms > HEARD_AFTER_MS:
            continue
        away_ms = max(before_ms, after_ms, 0)
        alike = said_alike(press.said, act.said) >= ALIKE
        if alike or away_ms <= NEAR_MS:
            fitting.append((not alike, away_ms, place))
    return [place for *_, place in sorted(fitting)]
