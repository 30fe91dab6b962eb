"""Pure: a scripted stand-in for the server's records of calls: events in, snapshots out, nothing recognised.

What is stored here has the shapes of ``app.calls.schemas``; its events carry what the real ones carry.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
VOLATILE = frozenset({"health", "transcript.partial"})
WELL = {"recognition_delay_ms": 0, "status": "ok", "shedding": "nothing"}


@dataclass(slots=True)
class Stage:
    """Calls that go exactly as told. Every event changes the snapshot as the real server would."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    calls: dict[str, Json] = field(default_factory=dict)
    log: list[Json] = field(default_factory=list)
    on_event: Callable[[Json], None] = lambda _event: None
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of every unsafe request that was let through."""
    failing: dict[str, int] = field(default_factory=dict)
    """So many of the next unsafe requests whose path ends like this are answered 503."""
    beside: dict[str, Json] = field(default_factory=lambda: defaultdict(dict))
    """What a scene has set for the parts beside the talk, by the name of the part: no part of a call's snapshot."""

    @property
    def seq(self) -> int:
        return len(self.log)

    def begin(self, call_id: str = "c-1", *, age_ms: int = 0, **facts: Any) -> None:
        """Start a call that has been going on for *age_ms*."""
        call: Json = {
            "call_id": call_id,
            "operator": "sato",
            "section": "道路管理課",
            "caller_number": "011-000-1234",
            "started_at": (self.now() - timedelta(milliseconds=age_ms)).isoformat(),
            "ended_at": None,
            "end_reason": "",
            "duration_ms": 0,
            "level": 0,
            "top_level": 0,
            "outcome": "ordinary",
            "content": 0,
            "manner": 0,
            "warnings_spoken": 0,
            "help_requested": False,
            "held": False,
            "last_words": None,
            **facts,
        }
        self.calls[call_id] = {
            "call": call,
            "utterances": [],
            "alerts": [],
            "gaps": [],
            "notes": [],
            "script": None,
            "stalemate_ms": 0,
            "warning_limit": None,
            "health": dict(WELL),
        }
        self.tell("call.started", call_id, {})

    def tell(self, event_type: str, call_id: str, data: Json) -> Json:
        """Record one event, apply it to the snapshot and hand it to who listens."""
        event: Json = {
            "seq": self.seq + (event_type not in VOLATILE),
            "type": event_type,
            "call_id": call_id,
            "at": self.now().isoformat(timespec="milliseconds"),
            "data": copy.deepcopy(data),
        }
        if event_type not in VOLATILE:
            self.log.append(event)
        self._apply(self.calls[call_id], event_type, copy.deepcopy(data), event["at"])
        self.on_event(event)
        return event

    def snapshot(self, call_id: str) -> Json:
        return {**copy.deepcopy(self.calls[call_id]), "seq": self.seq}

    def listed(self, *, live: bool, limit: int, before: str | None) -> Json:
        calls = [held["call"] for held in self.calls.values()]
        chosen = [call for call in calls if (call["ended_at"] is None) == live]
        chosen.sort(key=lambda call: str(call["started_at"]), reverse=True)
        if before is not None:
            chosen = [call for call in chosen if call["started_at"] < before]
        healths = [held["health"] for held in self.calls.values()]
        health = healths[-1] if healths else WELL
        return {
            "calls": copy.deepcopy(chosen[:limit]),
            "health": copy.deepcopy(health),
            "seq": self.seq,
        }

    def call_of_alert(self, alert_id: str) -> str | None:
        for call_id, held in self.calls.items():
            if any(alert["alert_id"] == alert_id for alert in held["alerts"]):
                return call_id
        return None

    def mark_false(self, alert_id: str, *, false_alarm: bool) -> None:
        call_id = self.call_of_alert(alert_id)
        assert call_id is not None
        alert = next(a for a in self.calls[call_id]["alerts"] if a["alert_id"] == alert_id)
        kind = "false_alarm" if false_alarm else "false_alarm_undone"
        self.tell("note", call_id, {"kind": kind, "text": "", "by": "sato", "alert_id": alert_id})
        told = {key: alert[key] for key in alert if key not in ("state", "raised_at")}
        change = "alert.closed" if false_alarm else "alert.raised"
        self.tell(change, call_id, {**told, "false_alarm": false_alarm})

    def _apply(self, held: Json, event_type: str, data: Json, at: str) -> None:
        _apply_to_standing(held, held["call"], event_type, data, at)
        match event_type:
            case "transcript.final":
                held["utterances"].append({"doubts": [], **data, "findings": []})
            case "finding":
                for utterance in held["utterances"]:
                    if utterance["utterance_id"] == data["utterance_id"]:
                        utterance["findings"].append(data)
            case "alert.raised" | "alert.updated" | "alert.closed":
                self._apply_alert(held["alerts"], event_type, data, at)
            case "note":
                held["notes"].append({"text": "", **data, "at": at})
            case "gap":
                held["gaps"].append(data)

    def _apply_alert(self, alerts: list[Json], event_type: str, data: Json, at: str) -> None:
        state = "closed" if event_type == "alert.closed" else "open"
        for alert in alerts:
            if alert["alert_id"] == data["alert_id"]:
                alert.update({**data, "state": state})
                return
        alerts.append({"raised_at": at, "false_alarm": False, **data, "state": state})


def _apply_to_standing(held: Json, call: Json, event_type: str, data: Json, at: str) -> None:
    match event_type:
        case "transcript.final":
            call["last_words"] = data["text"]
        case "level.changed":
            call.update(
                level=data["level"],
                outcome=data["outcome"],
                content=data.get("content", 0),
                manner=data.get("manner", 0),
            )
            call["top_level"] = data.get("top_level", max(call["top_level"], data["level"]))
        case "script.suggested":
            held["script"] = data if data["text"] else None
        case "warning.spoken":
            call["warnings_spoken"] = data["count"]
        case "stalemate.started" | "stalemate.tick":
            held["stalemate_ms"] = data["stalemate_ms"]
        case "note" if data["kind"].startswith("help_"):
            call["help_requested"] = data["kind"] == "help_requested"
        case "health":
            held["health"] = data
        case "call.ended":
            call.update(ended_at=at, end_reason=data["reason"], duration_ms=data["duration_ms"])
            held["script"] = None
