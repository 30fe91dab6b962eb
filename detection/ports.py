"""Ports: what detection needs from the outside, and what it offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from detection.progress import Progress
from detection.types import Alert, Assessment, Decision, Pressed, Utterance


class ReadingSource(Protocol):
    """Japanese words: how they are read and where they stand."""

    def tokens(self, text: str) -> tuple[Token, ...]:
        """Return the words of *text* in order; together they cover it without overlap."""
        ...


class SentenceVectors(Protocol):
    """Sentences as points: the nearer, the more they mean the same."""

    def vector(self, text: str) -> Sequence[float]:
        """Return the unit vector of *text*, always of one length; empty where there is nothing to say."""
        ...


class Token(Protocol):
    """A word of a text."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def surface(self) -> str: ...
    @property
    def normal(self) -> str:
        """Dictionary form in normal spelling."""
        ...

    @property
    def reading(self) -> str:
        """Katakana."""
        ...

    @property
    def part_of_speech(self) -> str:
        """First level, in the dictionary's words: 名詞, 動詞, 助詞 …"""
        ...


class Detector(Protocol):
    """Judges one utterance by itself. Pure in effect: the same utterance, the same assessment."""

    @property
    def version(self) -> str:
        """Changes whenever a rule, a lexicon or a model does."""
        ...

    def assess(self, utterance: Utterance) -> Assessment: ...


class Conversation(Protocol):
    """Judges one call, utterance by utterance. Feed in order of time."""

    @property
    def lines(self) -> tuple[Alert, ...]:
        """The alerts that stand now, each as it was last told."""
        ...

    def hear(self, utterance: Utterance, assessment: Assessment) -> Decision:
        """Take one more utterance of either side and say where the call stands."""
        ...

    def foresee(self, utterance: Utterance, assessment: Assessment) -> Decision | None:
        """Say what a sentence that is still being spoken would come to, and remember nothing of it.

        None unless the caller's words open an alert or make one graver, and the rest of the
        sentence will hardly take that back. The only alert of the decision needs a check.
        """
        ...

    def tick(self, at_ms: int) -> Decision:
        """Say where the call stands after so much sound, even when nobody spoke."""
        ...

    def dismiss(self, alert_key: str) -> Decision:
        """A person called an alert false: close it, and let the level fall accordingly."""
        ...

    def press(self, pressed: Pressed, assessment: Assessment) -> Decision:
        """A person says that a sentence was spoken; *assessment* is of its words as the operator's.

        A warning counts by the same rules as one that was heard; pressed and heard, it counts once.
        """
        ...

    def progress(self) -> Progress:
        """Say how far the talk has come on the policy's way, and what the policy allows next."""
        ...
