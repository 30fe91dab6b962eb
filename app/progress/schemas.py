"""Pure: the shapes of ``/v1/calls/{call_id}/progress``."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from detection.progress import ClockKind
from detection.types import How, Step


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class QuoteOut(_Out):
    at_ms: int
    """Milliseconds of the call's sound."""
    text: str
    utterance_id: str
    """Empty where it was pressed, not heard."""


class WarningOut(_Out):
    n: int
    """From 1; the first ones are left out of very long lists."""
    at_ms: int
    at: datetime
    text: str
    how: How
    utterance_id: str
    """Empty where it was pressed, not heard."""
    by: str
    """Who pressed 「言った」, else the call's operator."""
    pressed_ms: int | None
    """When it was pressed; one that was heard may have been pressed as well."""


class NextOut(_Out):
    text: str
    clause: str | None
    """The policy's words that it rests on."""


class ClockOut(_Out):
    kind: ClockKind
    limit_ms: int | None
    """Null where the office set no limit."""
    elapsed_ms: int
    running: bool
    clause: str


class DemandOut(_Out):
    stated: int
    """From one answer to the next: what is said twice in a row is said once."""
    answered: int
    since_ms: int
    """When the talk came to a standstill over it."""
    statements: list[QuoteOut]
    answers: list[QuoteOut]


class ProgressOut(_Out):
    call_id: str
    seq: int
    """Open ``/v1/events?after=`` with it to miss nothing."""
    step: Step
    step_since_ms: int | None
    """Null where the call never left its first step."""
    asked: list[QuoteOut]
    """The last requests to stop."""
    warnings: list[WarningOut]
    warning_limit: int | None
    """How many warnings the policy wants before the end; null where it fixes no number."""
    next: NextOut
    clocks: list[ClockOut]
    demand: DemandOut | None
    """Null while the talk moves, and while it is not sure that it is the same request."""
