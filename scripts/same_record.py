"""Pure: whether two records of one recording, played as two calls, say the same. Development only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from detection.measures import character_errors

MOST_ERRORS: Final = 0.15
"""Of the characters: the recogniser reads a little differently each time."""
BROKEN_ENDS: Final = frozenset({"interrupted", "error"})
LENGTH_TOLERANCE_MS: Final = 1_000
TRACKS: Final = ("caller", "operator")


@dataclass(frozen=True, slots=True)
class Turn:
    """What was really said, and when."""

    track: str
    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Compared:
    """``faults`` is empty where the record holds all that the reference does."""

    faults: tuple[str, ...]
    error_rates: Mapping[str, float]
    """By track, against the reference."""
    script_error_rates: Mapping[str, tuple[float, float]]
    """By track, against what was really said: of the reference, and of this record."""
    turns_heard: int
    turns_of_reference: int
    alerts: tuple[str, ...]
    """Differences in alerts that are no loss: their number, their categories beyond the reference's."""


def compare(
    reference: Mapping[str, Any], seen: Mapping[str, Any], turns: Sequence[Turn]
) -> Compared:
    """Compare two answers of ``GET /v1/calls/{call_id}``.

    Ended in order, of the same length, no gap, every turn that the reference heard; per track at most
    ``MOST_ERRORS``, or no more errors against the script than the reference has (another reading may be the better
    one); the same top level, outcome and number of warnings, and at least the alert categories of the reference.
    """
    was, now = reference["call"], seen["call"]
    faults = [
        f"{name} {now[name]!r} instead of {was[name]!r}"
        for name in ("top_level", "outcome", "warnings_spoken")
        if was[name] != now[name]
    ]
    if now["end_reason"] in BROKEN_ENDS:
        faults.append(f"ended as {now['end_reason']}")
    if now["ended_at"] is None:
        faults.append("not ended")
    if abs(was["duration_ms"] - now["duration_ms"]) > LENGTH_TOLERANCE_MS:
        faults.append(f"{now['duration_ms']} ms long instead of {was['duration_ms']} ms")
    if seen["gaps"]:
        faults.append(f"{len(seen['gaps'])} gaps, the first {seen['gaps'][0]}")
    in_reference = [turn for turn in turns if _heard(turn, reference)]
    lost = [turn for turn in in_reference if not _heard(turn, seen)]
    faults += [f"turn of {turn.track} at {turn.start_ms} ms not heard" for turn in lost]
    rates = {track: _error_rate(_text(reference, track), _text(seen, track)) for track in TRACKS}
    scripts = {track: _script(turns, track) for track in TRACKS}
    by_script = {
        track: (
            _error_rate(scripts[track], _text(reference, track)),
            _error_rate(scripts[track], _text(seen, track)),
        )
        for track in TRACKS
    }
    faults += [
        f"{track} reads {rate:.3f} off"
        for track, rate in rates.items()
        if rate > MOST_ERRORS and by_script[track][1] > by_script[track][0]
    ]
    missing = _categories(reference) - _categories(seen)
    if missing:
        faults.append(f"no alert of {', '.join(sorted(missing))}")
    return Compared(
        tuple(faults),
        rates,
        by_script,
        len(in_reference) - len(lost),
        len(in_reference),
        _alert_differences(reference, seen),
    )


def _heard(turn: Turn, record: Mapping[str, Any]) -> bool:
    return any(
        said["track"] == turn.track
        and said["start_ms"] < turn.end_ms
        and turn.start_ms < said["end_ms"]
        for said in record["utterances"]
    )


def _error_rate(reference: str, heard: str) -> float:
    share = character_errors(reference, heard)
    if share.of == 0:
        return float(share.count > 0)
    return round(share.count / share.of, 4)


def _script(turns: Sequence[Turn], track: str) -> str:
    return "".join(turn.text for turn in turns if turn.track == track)


def _text(record: Mapping[str, Any], track: str) -> str:
    said = [each for each in record["utterances"] if each["track"] == track]
    return "".join(each["text"] for each in sorted(said, key=lambda each: each["start_ms"]))


def _categories(record: Mapping[str, Any]) -> set[str]:
    return {name for alert in _shown(record) for name in alert["categories"]}


def _shown(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [alert for alert in record["alerts"] if not alert["withdrawn"]]


def _alert_differences(reference: Mapping[str, Any], seen: Mapping[str, Any]) -> tuple[str, ...]:
    was, now = len(_shown(reference)), len(_shown(seen))
    number = [f"{now} alerts instead of {was}"] if was != now else []
    more = sorted(_categories(seen) - _categories(reference))
    return (*number, *(f"also {name}" for name in more))
