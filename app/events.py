"""Pure: what the screens are told. An event is stored in the transaction it reports, then published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    CALL_STARTED = "call.started"
    CALL_ENDED = "call.ended"
    TRANSCRIPT_PARTIAL = "transcript.partial"
    TRANSCRIPT_FINAL = "transcript.final"
    FINDING = "finding"
    ALERT_RAISED = "alert.raised"
    ALERT_UPDATED = "alert.updated"
    ALERT_CLOSED = "alert.closed"
    LEVEL_CHANGED = "level.changed"
    SCRIPT_SUGGESTED = "script.suggested"
    SCRIPT_USED = "script.used"
    WARNING_SPOKEN = "warning.spoken"
    STALEMATE_STARTED = "stalemate.started"
    STALEMATE_TICK = "stalemate.tick"
    SUPERVISOR_JOINED = "supervisor.joined"
    SUPERVISOR_LEFT = "supervisor.left"
    NOTE = "note"
    GAP = "gap"
    HEALTH = "health"


VOLATILE = frozenset({EventType.TRANSCRIPT_PARTIAL, EventType.HEALTH})
"""Worth nothing a moment later: sent to who is there, never stored, never repeated."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may see the events of a call: its operator, its section's supervisors, auditors."""

    operator: str
    """Login name; empty when the telephone did not say."""
    section: str


@dataclass(frozen=True, slots=True)
class Event:
    seq: int
    """Strictly rising over all calls. A volatile event carries the number of the last stored one."""
    type: EventType
    call_id: str
    at: datetime
    data: Mapping[str, Any]
    audience: Audience
    _written: str = field(default="", init=False, repr=False, compare=False)

    def written(self) -> str:
        """Return ``message`` as JSON, written at the first question: a hundred screens are sent the same text."""
        if not self._written:
            text = json.dumps(self.message(), ensure_ascii=False, separators=(",", ":"))
            object.__setattr__(self, "_written", text)
        return self._written

    def message(self) -> dict[str, Any]:
        """Return the wire form of ``/v1/events``."""
        return {
            "seq": self.seq,
            "type": self.type.value,
            "call_id": self.call_id,
            "at": self.at.isoformat(timespec="milliseconds"),
            "data": dict(self.data),
        }
