"""Pure: what the trained model answers about an utterance: names in a fixed order, and the answers as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from detection.types import Category, Cue, Severity, Span

HARM: Final = "harm"
SEVERE: Final = "severity.2"
STOP: Final = "severity.3"
CALLER_CUES: Final = (
    Cue.DEMAND,
    Cue.COMPLAINT,
    Cue.NOT_HEARD,
    Cue.CONFIRMING,
    Cue.NEW_CIRCUMSTANCE,
    Cue.INSISTS,
    Cue.CALMED,
    Cue.WELFARE,
)
OPERATOR_CUES: Final = (
    Cue.ANSWER,
    Cue.REFUSAL,
    Cue.FAULT_ADMITTED,
    Cue.ASKED_TO_STOP,
    Cue.WARNED,
    Cue.CLOSING,
)
OUTPUTS: Final = (
    HARM,
    SEVERE,
    STOP,
    *(category.value for category in Category),
    *(f"caller.{cue.value}" for cue in CALLER_CUES),
    *(f"operator.{cue.value}" for cue in OPERATOR_CUES),
)
PLACE: Final[Mapping[str, int]] = {name: place for place, name in enumerate(OUTPUTS)}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an utterance means, in probabilities 0..1."""

    probabilities: tuple[float, ...]
    """One for each of ``OUTPUTS``."""
    span: Span
    """The words that speak most for harm; the whole text where nothing stands out."""

    def of(self, output: str) -> float:
        return self.probabilities[PLACE[output]]

    @property
    def harm(self) -> float:
        return self.of(HARM)

    def category(self, category: Category) -> float:
        return self.of(category.value)

    def at_least(self, severity: Severity) -> float:
        """Return how likely the utterance is as grave as *severity*, or graver."""
        return self.of({Severity.CAUTION: HARM, Severity.WARNING: SEVERE}.get(severity, STOP))

    def caller(self, cue: Cue) -> float:
        return self.of(f"caller.{cue.value}")

    def operator(self, cue: Cue) -> float:
        return self.of(f"operator.{cue.value}")
