"""Pure: what was seen of a server under fire, and what of the promise does not hold. Development only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

MOST_GROWTH: Final = 0.10
MOST_GROWTH_BYTES: Final = 8 * 2**20
"""Memory is flat where the mean of the last third lies no more than both above that of the first."""
INTERNAL: Final = frozenset({"1011", "4500", "4503"})
_TRACE: Final = re.compile(
    r"traceback|exception|stream failed|failure=|level='error'|^ERROR", re.IGNORECASE
)
_NUMBERS: Final = re.compile(r"\d+")


@dataclass(slots=True)
class Tally:
    """What was thrown, and what came of it."""

    streams: Counter[str] = field(default_factory=Counter)
    frames: Counter[str] = field(default_factory=Counter)
    """Carried to the server, by door."""
    spoilt: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    junk: Counter[str] = field(default_factory=Counter)
    closes: dict[str, Counter[str]] = field(default_factory=dict)
    http: Counter[str] = field(default_factory=Counter)
    server_errors: list[str] = field(default_factory=list)
    live: list[tuple[str, str]] = field(default_factory=list)
    """Door and the exchange's id of calls lately begun on spoilt lines."""

    def closed(self, door: str, code: int | None) -> None:
        self.closes.setdefault(door, Counter())[str(code or "no close frame")] += 1

    def answered(self, what: str, status: int) -> None:
        self.http[f"{what} {status}"] += 1
        if status >= 500:
            self.server_errors.append(f"{what} {status}")


@dataclass(slots=True)
class Seen:
    """Everything that is noted while it goes on."""

    tally: Tally = field(default_factory=Tally)
    ended: Counter[str] = field(default_factory=Counter)
    """How spoilt calls ended for the exchange that played them."""
    not_ready: int = 0
    """How often ``/readyz`` said that no call can be judged."""
    memory: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)
    live_calls: list[int] = field(default_factory=list)
    delays_ms: list[int] = field(default_factory=list)
    healthy: list[dict[str, Any]] = field(default_factory=list)


def traces_in(log: str) -> list[str]:
    """Return the lines that speak of what the program did not expect."""
    return [line for line in log.splitlines() if _TRACE.search(line)]


def _told(line: str) -> str:
    """Return a line of the log without its time and numbers."""
    return _NUMBERS.sub("N", line.partition("level=")[2] or line)[:120]


def memory_figures(sizes: Sequence[int]) -> dict[str, Any]:
    third = max(1, len(sizes) // 3)
    first, last = sum(sizes[:third]) / third, sum(sizes[-third:]) / third
    flat = last - first <= max(MOST_GROWTH * first, MOST_GROWTH_BYTES)
    figures = {"first_third": first, "last_third": last, "max": max(sizes), "end": sizes[-1]}
    return {
        **{f"{name}_mb": round(size / 2**20, 1) for name, size in figures.items()},
        "by_time_mb": [round(size / 2**20) for size in sizes[:: max(1, len(sizes) // 24)]],
        "flat": flat,
    }


def report(
    seen: Seen, seconds: float, pauses: Mapping[str, Any] | None, log: str
) -> dict[str, Any]:
    """Return what was seen, and under ``broken`` what of the requirement does not hold."""
    tally, traces, memory = seen.tally, traces_in(log), memory_figures(seen.memory)
    internal = {
        f"{door} {code}": count
        for door, codes in tally.closes.items()
        for code, count in codes.items()
        if code in INTERNAL
    }
    broken = [
        f"healthy call {number} ({call['door']}): {fault}"
        for number, call in enumerate(seen.healthy)
        for fault in call.get("faults", ["not over"])
    ]
    broken += [] if memory["flat"] else ["memory is not flat"]
    broken += [f"not ready {seen.not_ready} times"] if seen.not_ready else []
    broken += [f"HTTP: {error}" for error in sorted(set(tally.server_errors))]
    broken += [f"closed as failed or not ready: {what}" for what in internal]
    broken += [f"in the log: {traces[0]}"] if traces else []
    return {
        "broken": broken,
        "seconds": seconds,
        "healthy": seen.healthy,
        "spoilt": {
            "streams": sum(tally.streams.values()),
            "frames": sum(tally.frames.values()),
            "streams_by_door": dict(tally.streams),
            "frames_by_door": dict(tally.frames),
            "kinds": dict(tally.spoilt),
            "endings": dict(tally.endings),
            "ended": dict(sorted(seen.ended.items())),
        },
        "junk": dict(tally.junk),
        "closes": {door: dict(codes) for door, codes in sorted(tally.closes.items())},
        "http": dict(sorted(tally.http.items())),
        "not_ready": seen.not_ready,
        "http_5xx": len(tally.server_errors),
        "traces": len(traces),
        "traces_by_kind": dict(Counter(_NUMBERS.sub("N", trace)[:200] for trace in traces)),
        "server_memory": memory,
        "recognisers_memory_mb": [round(size / 2**20) for size in seen.below[::12]],
        "loop_pauses": pauses,
        "most_live_calls": max(seen.live_calls, default=0),
        "longest_recognition_delay_ms": max(seen.delays_ms, default=0),
        "log_lines": len(log.splitlines()),
        "log_most": dict(Counter(_told(line) for line in log.splitlines()).most_common(8)),
    }
