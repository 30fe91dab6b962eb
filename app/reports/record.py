"""Pure: what the record of an ended call holds for its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence that may be quoted."""

    utterance_id: str
    track: str
    start_ms: int
    end_ms: int
    text: str
    categories: tuple[str, ...]
    severity: int
    """The gravest that was found in it; 0 where a person marked it, or nothing was."""
    false_alarm: bool = False
    """Everything found in it was dismissed."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One kind of conduct that was found, and the policy's words for it."""

    category: str
    clause: str
    severity: int
    times: int


@dataclass(frozen=True, slots=True)
class Warned:
    number: int
    at_ms: int
    words: str
    pressed: bool
    """Told by a button, not heard."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay of somebody who joined."""

    login: str
    from_ms: int
    until_ms: int | None
    listening: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """A turn of the call: a level, a request for help, somebody who came."""

    at_ms: int
    words: str


@dataclass(frozen=True, slots=True)
class InForce:
    label: str
    begins_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class CallRecord:
    """Everything that an incident report says by itself."""

    section: str
    operator: str
    began_at: datetime
    ended_at: datetime
    duration_ms: int
    end_reason: str
    ended_by: str
    """Who ended it from a screen; empty where nobody did."""
    top_level: int
    outcome: str
    demand: str
    demand_stated: int
    """How often it was said, where detection followed it."""
    answer: str
    content: tuple[Clause, ...]
    manner: tuple[Clause, ...]
    warnings: tuple[Warned, ...]
    stays: tuple[Stay, ...]
    turns: tuple[Moment, ...]
    called_at: datetime | None
    """When somebody said that they had called 110."""
    announced: bool
    recorded: str
    """``whole``, ``part``, ``none`` or ``unknown``."""
    break_proposed: bool
    break_answer: str
    """``given``, ``declined`` or empty."""
    earlier_24_hours: int
    earlier_90_days: int
    number_known: bool
    measures: tuple[InForce, ...]
    verdict: str
    verdict_differing: bool
    policy_version: str
    detector_version: str
    recognisers: tuple[str, ...]
    said: Sequence[Said]
    """What may be quoted, in the order of the call."""
