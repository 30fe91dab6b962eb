"""Pure: what is known of one call between two utterances; bounded however long the call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from detection.alerting import Board
from detection.ladder import Mark, MarkKind, Offence
from detection.likeness import Said
from detection.repetition import Repetition
from detection.types import Alert, Finding, SpokenWarning, Utterance
from detection.weighing import Quiet

MOST_HEARD: Final = 128
MOST_WARNINGS: Final = 16
"""Kept with their words; the count goes on."""
MOST_REQUESTS: Final = 8
SAME_BREATH_MS: Final = 2_000
"""A warning cut at a pause is one warning, unless the caller spoke in between."""


@dataclass(frozen=True, slots=True)
class Act:
    """One request or warning of the operator's, heard or pressed, as it is told and compared."""

    kind: MarkKind
    start_ms: int
    end_ms: int
    told: SpokenWarning
    said: Said


@dataclass(frozen=True, slots=True)
class ConversationState:
    """All that is known of a call."""

    detector_version: str = ""
    now_ms: int = 0
    heard: tuple[str, ...] = ()
    """The last utterances' ids: a stream that resumes may send one again."""
    offences: tuple[Offence, ...] = ()
    spoken: tuple[Mark, ...] = ()
    """The operator's requests and warnings."""
    spoken_until_ms: int = -SAME_BREATH_MS - 1
    """End of the last of them."""
    moments: tuple[Mark, ...] = ()
    """The caller calmed down, or the operator announced the end."""
    repetition: Repetition = field(default_factory=Repetition)
    board: Board = field(default_factory=Board)
    quiets: tuple[Quiet, ...] = ()
    warnings_spoken: int = 0
    """That count by the policy; without the presses that still wait to be heard."""
    warnings: tuple[Act, ...] = ()
    """The last that count."""
    requests: tuple[Act, ...] = ()
    """The last that do not."""
    presses: tuple[Act, ...] = ()
    """What was pressed lately and may still be heard (``detection.pressed``)."""
    complained: bool = False
    fault_admitted: bool = False
    forgiven_ms: int | None = None
    """When a mild demand was let pass."""
    faint_ms: int | None = None
    """When a faint sign was last noted."""
    welfare_ms: int | None = None
    overrun_ms: int | None = None
    """When a limit was last found passed."""
    last_said: Utterance | None = None
    """The caller's last words."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A state on its way, with what it has brought to light so far."""

    state: ConversationState
    findings: tuple[Finding, ...] = ()
    alerts: tuple[Alert, ...] = ()


def middle(utterance: Utterance) -> int:
    """Where an utterance stands among those of the other track."""
    return (utterance.start_ms + utterance.end_ms) // 2
