"""Pure: the words of a call that its findings may point back to: what was said, and what was answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from detection.moves import MoveKind, moves_of
from detection.types import Assessment, Speaker, Utterance

MOST_SAID: Final = 48
"""A demand may turn out to be one too many some sentences later, by how it is answered."""
MOST_ANSWERS: Final = 12

_ANSWERS: Final = frozenset({MoveKind.REFUSED, MoveKind.ANSWERED})


@dataclass(frozen=True, slots=True)
class Answer:
    """One explanation or refusal in the operator's own words."""

    at_ms: int
    """When it began."""
    words: str
    refused: bool
    """It said no, not only how things are."""


@dataclass(frozen=True, slots=True)
class TalkSoFar:
    """Bounded however long the call; in the order of the sound, whatever the order in which words arrive."""

    said: tuple[Utterance, ...] = ()
    answers: tuple[Answer, ...] = ()

    def after(self, utterance: Utterance, assessment: Assessment) -> TalkSoFar:
        """Return the talk with one more utterance; one that is there already takes its own place."""
        if utterance.speaker is Speaker.CALLER:
            others = (u for u in self.said if u.utterance_id != utterance.utterance_id)
            said = sorted((*others, utterance), key=lambda u: u.start_ms)
            return TalkSoFar(tuple(said[-MOST_SAID:]), self.answers)
        kinds = {move.kind for move in moves_of(utterance, assessment)}
        if kinds.isdisjoint(_ANSWERS):
            return self
        new = Answer(utterance.start_ms, utterance.text, refused=MoveKind.REFUSED in kinds)
        kept: Iterable[Answer] = (a for a in self.answers if a.at_ms != new.at_ms)
        answers = sorted((*kept, new), key=lambda answer: answer.at_ms)
        return TalkSoFar(self.said, tuple(answers[-MOST_ANSWERS:]))

    def last_saying(self, text: str) -> Utterance | None:
        """Return the caller's last utterance that is *text*, if it is remembered."""
        return next((u for u in reversed(self.said) if u.text == text), None)
