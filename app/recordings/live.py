"""Glue: one live call's recording: how it stands, and what of the call is still to be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import anyio

from app.calls.live_call import LiveCall
from app.recordings.chunks import Kind, Run
from app.recordings.intake import Intake
from app.recordings.tape import Tape


class Standing(StrEnum):
    """What stands on the screens of a live call."""

    RECORDING = "recording"
    PAUSED = "paused"
    FAILED = "failed"
    """It should be recorded and cannot be; tried again by itself."""
    OFF = "off"
    """Calls of this section are not recorded."""


class Failure(StrEnum):
    DISK_FULL = "disk_full"
    CANNOT_WRITE = "cannot_write"
    TOO_SLOW = "too_slow"
    NO_KEY = "no_key"


FAILURE_WORDS: Final = {
    Failure.DISK_FULL: "保存先の空きが足りません",
    Failure.CANNOT_WRITE: "保存先に書き込めません",
    Failure.TOO_SLOW: "保存先への書き込みが追いつきません",
    Failure.NO_KEY: "録音の鍵が見つかりません",
}


@dataclass(slots=True, eq=False)
class LiveRecording:
    call: LiveCall
    intake: Intake
    tape: Tape | None = None
    opening: anyio.Event | None = None
    """While it is being opened; set when that has come to an end."""
    failure: Failure | None = None
    told: Failure | None = None
    """The failure that the screens know of."""
    retry_ms: int = 0
    paused_by: str | None = None
    """Name of who has it paused, as the record has it; None where nobody has."""
    pausing: int = 0
    """So many have pressed pause and wait for the record to have it; nothing is kept meanwhile."""
    unwritten: list[Run] = field(default_factory=list)
    """What could not be written, without its sound."""
    turn: anyio.Lock = field(default_factory=anyio.Lock)
    """Opening, pausing and going on happen one after the other."""

    leaving: bool = False
    """All that came is written: it is being finished."""
    left: anyio.Event = field(default_factory=anyio.Event)
    """Set when nothing more is written by this process."""

    @property
    def call_id(self) -> str:
        return self.call.facts.call_id

    @property
    def standing(self) -> Standing:
        if self.failure is not None:
            return Standing.FAILED
        return Standing.PAUSED if self.intake.paused else Standing.RECORDING

    @property
    def position_ms(self) -> int:
        return self.intake.position * 1000 // self.call.facts.format.rate_hz

    def lose(self, runs: Sequence[Run]) -> None:
        """Give up the sound of *runs*; that and where it was lost is still to be written."""
        for run in runs:
            kind = Kind.LOST if run.kind is Kind.SOUND else run.kind
            last = self.unwritten[-1] if self.unwritten else None
            if last is not None and last.kind is kind and last.end == run.first:
                self.unwritten[-1] = Run(kind, last.first, last.samples + run.samples)
            else:
                self.unwritten.append(Run(kind, run.first, run.samples))
