"""Pure: where a trial and each of its calls stand, and what its numbers come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from app.judgements.opinions import Standing, Verdict
from detection.types import Severity

ALARMED_FROM: Final = Severity.WARNING
"""From this level on the rules said: this may be harassment."""


class TrialState(StrEnum):
    PREPARING = "preparing"
    """Its calls are being written down, some hundred at a time."""
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


OPEN: Final = (TrialState.WAITING, TrialState.RUNNING)


class CallState(StrEnum):
    WAITING = "waiting"
    COMPARED = "compared"
    NOT_COMPARABLE = "not_comparable"


@dataclass(frozen=True, slots=True)
class Levels:
    """The highest levels of one call under both sets of rules."""

    call_id: str
    before: int
    after: int
    come: int
    gone: int
    differs: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers of a trial. The first two are those that matter."""

    harassment_missed: int = 0
    """Judged 該当, alarmed before and not any more."""
    fair_relieved: int = 0
    """Judged 非該当, alarmed before and not any more."""
    harassment_found: int = 0
    fair_alarmed: int = 0
    harassment: int = 0
    """Judged 該当 among the compared calls."""
    fair: int = 0
    up: int = 0
    down: int = 0
    same: int = 0
    differing: int = 0
    """Calls in which anything differs, be it a finding that changes no level."""
    alerts_come: int = 0
    alerts_gone: int = 0


def without_small_numbers(counted: Tally, least: int) -> dict[str, int | None]:
    """Return the numbers as they are told to who sees no call: None for 1 to *least* - 1, and for what gives that away.

    Else a trial on one day's calls would say of a single call how it was judged, or what was found in it.
    """
    numbers: dict[str, int] = asdict(counted)
    small = {name for name, number in numbers.items() if 0 < number < least}
    # The three are all compared calls, whose number is known: one is not missing alone, nor two that are both small.
    moved = {"up", "down", "same"}
    if small & moved == {"up"} or small & moved == {"down"}:
        small.add("same")
    elif small & moved:
        small |= moved
    if small & {"up", "down"}:
        small.add("differing")
    if 0 < numbers["differing"] < least:
        small |= {"alerts_come", "alerts_gone"}
    return {name: None if name in small else number for name, number in numbers.items()}


def tally(calls: Iterable[Levels], judged: Mapping[str, Standing]) -> Tally:
    """Count *calls*, and among those that were judged what the change would have meant."""
    count: dict[str, int] = {}

    def add(name: str, number: int = 1) -> None:
        count[name] = count.get(name, 0) + number

    for call in calls:
        add("up" if call.after > call.before else "down" if call.after < call.before else "same")
        add("alerts_come", call.come)
        add("alerts_gone", call.gone)
        add("differing", int(call.differs))
        verdict = judged[call.call_id].verdict if call.call_id in judged else None
        if verdict is None or verdict is Verdict.UNDECIDED:
            continue
        is_harassment = verdict is Verdict.HARASSMENT
        add("harassment" if is_harassment else "fair")
        was, now = call.before >= ALARMED_FROM, call.after >= ALARMED_FROM
        if was and not now:
            add("harassment_missed" if is_harassment else "fair_relieved")
        if now and not was:
            add("harassment_found" if is_harassment else "fair_alarmed")
    return Tally(**count)
