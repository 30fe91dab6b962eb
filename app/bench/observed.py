"""Pure: what a screen was told of the calls of a measurement: how late it came, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.bench.latency import SpokenTurn, end_of_words_ms


class Played(Protocol):
    """A call that was or is being played to the server."""

    @property
    def name(self) -> str: ...
    @property
    def turns(self) -> tuple[SpokenTurn, ...]: ...
    @property
    def duration_ms(self) -> int:
        """How much of the recording is played."""
        ...

    @property
    def begun_at(self) -> float | None:
        """The second at which its first sample was due; None before that."""
        ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a track whose words, or their loss, the screen was told."""

    track: str
    start_ms: int
    end_ms: int
    is_gap: bool

    def overlaps(self, turn: SpokenTurn) -> bool:
        return (
            self.track == turn.speaker
            and self.start_ms < turn.end_ms
            and turn.start_ms < self.end_ms
        )


@dataclass(frozen=True, slots=True)
class Losses:
    """Whether everything that was said came out as words or as a visible gap."""

    calls_played: int
    calls_not_ended: int
    gaps: int
    gap_ms: int
    turns_spoken: int
    """Whole turns of the scripts that were played."""
    turns_heard: int
    turns_in_gaps: int
    turns_unheard: Mapping[str, int]
    """``<recording>/<turn>`` and how often: neither words nor a gap came of it.

    A murmured 「はい」 that voice activity passes over is here too: what counts as lost
    is what is here and is not when nothing is killed.
    """

    def figures(self) -> dict[str, Any]:
        return {
            "calls_played": self.calls_played,
            "calls_not_ended": self.calls_not_ended,
            "gaps": self.gaps,
            "gap_ms": self.gap_ms,
            "turns_spoken": self.turns_spoken,
            "turns_heard": self.turns_heard,
            "turns_in_gaps": self.turns_in_gaps,
            "turns_unheard": sum(self.turns_unheard.values()),
            "unheard": dict(self.turns_unheard),
        }


@dataclass(frozen=True, slots=True)
class TimedAlert:
    """When the words of an alert ended, so that other screens of the same event can be timed too."""

    seq: int
    ended_at: float
    """Second of the clock that ``played`` uses."""
    early: bool
    """Raised while the sentence was still being spoken."""


@dataclass(slots=True)
class Observed:
    """Give it every message of the screen in order; ``played`` says what belongs to the measurement."""

    played: Mapping[str, Played]
    transcript_ms: list[float] = field(default_factory=list)
    """From the end of the words to the screen."""
    alert_ms: list[float] = field(default_factory=list)
    early_alert_ms: list[float] = field(default_factory=list)
    """Of alerts from a sentence that was still being spoken: from the end of what was recognised of it."""
    alerts: list[TimedAlert] = field(default_factory=list)
    by_script: int = 0
    """How many ends of words are known from the script that made the sound."""
    ended: set[str] = field(default_factory=set)
    stretches: dict[str, list[Stretch]] = field(default_factory=dict)
    _last_final: dict[str, str] = field(default_factory=dict)
    _last_partial: dict[str, str] = field(default_factory=dict)

    @property
    def gaps(self) -> int:
        return sum(stretch.is_gap for told in self.stretches.values() for stretch in told)

    @property
    def all_ended(self) -> bool:
        return self.ended >= self._begun().keys()

    def note(self, message: Mapping[str, Any], seen_at: float) -> None:
        """Take one message of ``/v1/events``, seen at that second of the clock that ``played`` uses."""
        kind, call_id, data = message["type"], message["call_id"], message["data"]
        call = self.played.get(call_id)
        if call is None or call.begun_at is None:
            return
        at_ms = (seen_at - call.begun_at) * 1000
        if kind == "transcript.final":
            self._last_final[call_id] = data["utterance_id"]
            self._keep(call_id, data, is_gap=False)
            end_ms, by_script = end_of_words_ms(
                call.turns, data["track"], data["start_ms"], data["end_ms"]
            )
            self.by_script += by_script
            self.transcript_ms.append(at_ms - end_ms)
        elif kind == "transcript.partial":
            self._last_partial[call_id] = data["utterance_id"]
        elif kind in ("alert.raised", "alert.updated"):
            late_ms = self._note_alert(call, call_id, data, at_ms)
            if late_ms is not None and "seq" in message:
                early = data["utterance_id"] != self._last_final.get(call_id)
                self.alerts.append(TimedAlert(message["seq"], seen_at - late_ms / 1000, early))
        elif kind == "gap":
            self._keep(call_id, data, is_gap=True)
        elif kind == "call.ended":
            self.ended.add(call_id)

    def _note_alert(
        self, call: Played, call_id: str, data: Mapping[str, Any], at_ms: float
    ) -> float | None:
        """Count one alert and return how late it is; None for one that no words of now have raised."""
        # An alert that time alone raised belongs to older words, which it is not late for.
        if data["utterance_id"] == self._last_final.get(call_id):
            end_ms, _ = end_of_words_ms(call.turns, "caller", data["start_ms"], data["end_ms"])
            self.alert_ms.append(at_ms - end_ms)
            return self.alert_ms[-1]
        if data["utterance_id"] == self._last_partial.get(call_id):
            self.early_alert_ms.append(at_ms - data["end_ms"])
            return self.early_alert_ms[-1]
        return None

    def losses(self) -> Losses:
        """Return what is missing, of the calls that had begun."""
        begun = self._begun()
        spoken, heard, in_gaps, unheard = 0, 0, 0, Counter[str]()
        for call_id, call in begun.items():
            told = self.stretches.get(call_id, [])
            for number, turn in enumerate(call.turns):
                if turn.end_ms > call.duration_ms:
                    continue  # hung up before it was over
                spoken += 1
                of_turn = [stretch for stretch in told if stretch.overlaps(turn)]
                if any(not stretch.is_gap for stretch in of_turn):
                    heard += 1
                elif of_turn:
                    in_gaps += 1
                else:
                    unheard[f"{call.name}/{number}"] += 1
        gaps = [s for told in self.stretches.values() for s in told if s.is_gap]
        return Losses(
            calls_played=len(begun),
            calls_not_ended=len(begun.keys() - self.ended),
            gaps=len(gaps),
            gap_ms=sum(gap.end_ms - gap.start_ms for gap in gaps),
            turns_spoken=spoken,
            turns_heard=heard,
            turns_in_gaps=in_gaps,
            turns_unheard=dict(sorted(unheard.items())),
        )

    def _begun(self) -> dict[str, Played]:
        return {call_id: call for call_id, call in self.played.items() if call.begun_at is not None}

    def _keep(self, call_id: str, data: Mapping[str, Any], *, is_gap: bool) -> None:
        self.stretches.setdefault(call_id, []).append(
            Stretch(data["track"], data["start_ms"], data["end_ms"], is_gap)
        )
