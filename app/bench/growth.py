"""Pure: the same measurement with more and more calls, as rows, a table and a plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from app.bench.plot import Panel, Series, svg

GOAL_SECONDS: Final = 2.0
"""95 of 100 alerts are to be at the screen so soon after the words."""
_BLUE, _ORANGE, _GREEN = "#0072b2", "#d55e00", "#009e73"
"""Told apart by those who do not see red and green, too (Okabe and Ito)."""


@dataclass(frozen=True, slots=True)
class GrowthRow:
    """What a number of calls costs and how late its alerts come; None was not to be measured."""

    calls: int
    alerts: int
    alert_p50_ms: int | None
    alert_p95_ms: int | None
    alert_max_ms: int | None
    transcripts: int
    transcript_p50_ms: int | None
    transcript_p95_ms: int | None
    transcript_max_ms: int | None
    gaps: int
    server_cores: float
    recogniser_cores: float
    client_cores: float
    memory_idle_mb: int
    memory_max_mb: int
    longest_pause_ms: int | None


def row_of(result: Mapping[str, Any]) -> GrowthRow:
    """Return the row of one result of ``mimamori bench calls``."""
    alerts, transcripts = result["alert_latency_ms"], result["transcript_latency_ms"]
    return GrowthRow(
        calls=result["calls"],
        alerts=alerts["count"],
        alert_p50_ms=alerts.get("p50"),
        alert_p95_ms=alerts.get("p95"),
        alert_max_ms=alerts.get("max"),
        transcripts=transcripts["count"],
        transcript_p50_ms=transcripts.get("p50"),
        transcript_p95_ms=transcripts.get("p95"),
        transcript_max_ms=transcripts.get("max"),
        gaps=result["gaps"],
        server_cores=result["cores"]["server"],
        recogniser_cores=result["cores"]["recognisers"],
        client_cores=result["cores"]["client"],
        memory_idle_mb=result["memory_mb"]["idle"],
        memory_max_mb=result["memory_mb"]["max"],
        longest_pause_ms=result["longest_pause_ms"],
    )


def figures(rows: Sequence[GrowthRow]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def table(rows: Sequence[GrowthRow]) -> str:
    """Return the rows as a table in Markdown, to read here and to paste into a page."""
    head = (
        "live calls",
        "alerts p50 / p95 / max",
        "transcripts p50 / p95 / max",
        "gaps",
        "cores: server + recognisers",
        "client",
        "memory idle / max",
        "longest pause",
    )
    cells = [
        (
            f"{row.calls}",
            _latency(row.alerts, row.alert_p50_ms, row.alert_p95_ms, row.alert_max_ms),
            _latency(
                row.transcripts,
                row.transcript_p50_ms,
                row.transcript_p95_ms,
                row.transcript_max_ms,
            ),
            f"{row.gaps}",
            f"{row.server_cores:.2f} + {row.recogniser_cores:.2f}",
            f"{row.client_cores:.2f}",
            f"{row.memory_idle_mb} / {row.memory_max_mb} MB",
            "–" if row.longest_pause_ms is None else f"{row.longest_pause_ms} ms",
        )
        for row in rows
    ]
    lines = [head, ("---",) * len(head), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def plot(rows: Sequence[GrowthRow]) -> str:
    """Return latency, cores and memory over the number of calls as an SVG."""

    def points(values: Sequence[float | None]) -> list[tuple[float, float | None]]:
        return [(row.calls, value) for row, value in zip(rows, values, strict=True)]

    latency = Panel(
        "Alert at the screen, seconds after the end of the words",
        [
            Series("p50", _BLUE, points([_seconds(row.alert_p50_ms) for row in rows])),
            Series("p95", _ORANGE, points([_seconds(row.alert_p95_ms) for row in rows])),
        ],
        goal=GOAL_SECONDS,
    )
    cores = Panel(
        "Processor cores in use",
        [
            Series("server", _BLUE, points([row.server_cores for row in rows])),
            Series("recognisers", _ORANGE, points([row.recogniser_cores for row in rows])),
            Series("client of the measurement", _GREEN, points([row.client_cores for row in rows])),
        ],
    )
    memory = Panel(
        "Memory of server and recognisers, MB",
        [
            Series("idle", _BLUE, points([row.memory_idle_mb for row in rows])),
            Series("highest", _ORANGE, points([row.memory_max_mb for row in rows])),
        ],
    )
    return svg([latency, cores, memory], "live calls, two tracks each")


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _latency(count: int, *milliseconds: int | None) -> str:
    if not count:
        return "–"
    seconds = " / ".join(f"{(value or 0) / 1000:.2f}" for value in milliseconds)
    return f"{seconds} s ({count})"
