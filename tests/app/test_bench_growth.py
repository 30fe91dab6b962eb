"""Facts about the table and the plot of how cost grows with the number of calls."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.bench.command import bench_app
from app.bench.growth import GrowthRow, plot, row_of, table
from app.bench.plot import Panel, Series, svg, ticks

SVG = "{http://www.w3.org/2000/svg}"
LATENCY = {"count": 7, "p50": 700, "p95": 1_800, "p99": 1_900, "max": 1_950}
RESULT: dict[str, Any] = {
    "calls": 4,
    "alert_latency_ms": LATENCY,
    "transcript_latency_ms": {**LATENCY, "count": 90},
    "gaps": 2,
    "cores": {"server": 0.2, "recognisers": 0.5, "client": 0.1},
    "memory_mb": {"idle": 420, "max": 600, "end": 580},
    "longest_pause_ms": 31,
}
ROW = row_of(RESULT)


def drawn(page: str, kind: str) -> list[ET.Element]:
    return ET.fromstring(page).findall(f"{SVG}{kind}")


def words(page: str) -> list[str]:
    return [element.text or "" for element in drawn(page, "text")]


def test_a_row_takes_its_figures_from_the_benchmark_of_calls() -> None:
    assert replace(ROW, calls=4) == GrowthRow(
        calls=4,
        alerts=7,
        alert_p50_ms=700,
        alert_p95_ms=1_800,
        alert_max_ms=1_950,
        transcripts=90,
        transcript_p50_ms=700,
        transcript_p95_ms=1_800,
        transcript_max_ms=1_950,
        gaps=2,
        server_cores=0.2,
        recogniser_cores=0.5,
        client_cores=0.1,
        memory_idle_mb=420,
        memory_max_mb=600,
        longest_pause_ms=31,
    )


def test_the_table_has_a_line_for_each_number_of_calls_and_a_dash_for_what_is_not_known() -> None:
    silent = row_of(
        {**RESULT, "calls": 1, "alert_latency_ms": {"count": 0}, "longest_pause_ms": None}
    )

    lines = table([silent, ROW]).splitlines()

    assert len(lines) == 4
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| 1 | – | 0.70 / 1.80 / 1.95 s (90) | 2 | 0.20 + 0.50 | 0.10 |")
    assert lines[2].endswith("| – |")
    assert lines[3].startswith("| 4 | 0.70 / 1.80 / 1.95 s (7) |")
    assert lines[3].endswith("| 420 / 600 MB | 31 ms |")


def test_the_plot_has_a_point_for_every_value_and_none_for_what_is_missing() -> None:
    rows = [
        replace(ROW, calls=1, alert_p50_ms=None, alert_p95_ms=None),
        replace(ROW, calls=8),
        replace(ROW, calls=64),
    ]

    circles = drawn(plot(rows), "circle")

    values = 2 * 2 + 3 * 3 + 2 * 3  # two of latency, three of cores, two of memory
    told = [title.text for circle in circles for title in circle]
    assert len(circles) == values
    assert "p95, 64: 1.8" in told
    assert "recognisers, 8: 0.5" in told


def test_a_plot_of_one_number_of_calls_is_well_formed() -> None:
    page = plot([ROW])

    assert len(drawn(page, "circle")) == 7
    assert drawn(page, "polyline") == []


numbers = st.one_of(st.none(), st.floats(0, 1e6))


@given(st.lists(st.tuples(st.integers(0, 300), numbers), max_size=12, unique_by=lambda p: p[0]))
def test_every_point_lies_on_the_page_and_higher_values_lie_higher(
    points: list[tuple[float, float | None]],
) -> None:
    page = svg([Panel("A & <b>", [Series("x < y", "#000000", points)], goal=3.0)], "n")

    circles = drawn(page, "circle")
    height = float(ET.fromstring(page).attrib["height"])
    heights = [float(circle.attrib["cy"]) for circle in circles]
    values = [y for _, y in points if y is not None]
    assert len(circles) == len(values)
    assert all(
        0 <= float(c.attrib["cx"]) <= 720 and 0 <= y <= height
        for c, y in zip(circles, heights, strict=True)
    )
    assert all(
        heights[a] <= heights[b]
        for a, _ in enumerate(values)
        for b, _ in enumerate(values)
        if values[a] > values[b]
    )
    assert "A & <b>" in words(page)


def test_a_line_is_broken_where_a_value_is_missing() -> None:
    points = [(1, 1.0), (2, 2.0), (3, None), (4, 3.0), (5, 4.0), (6, None), (7, 5.0)]

    page = svg([Panel("t", [Series("s", "#000000", points)])], "n")

    lines = [line.attrib["points"].split() for line in drawn(page, "polyline")]
    assert [len(line) for line in lines] == [2, 2]


def test_numbers_below_the_axis_do_not_run_into_each_other() -> None:
    counts = [1, 2, 4, 8, 16, 32, 48, 64]

    page = plot([replace(ROW, calls=count) for count in counts])

    first_panel = [e for e in drawn(page, "text") if float(e.attrib["y"]) < 250]
    below = [
        e
        for e in first_panel
        if e.text in {str(n) for n in counts} and e.attrib["text-anchor"] == "middle"
    ]
    places = [float(e.attrib["x"]) for e in below]
    assert [e.text for e in below] == ["1", "4", "8", "16", "32", "48", "64"]
    assert all(b - a >= 22 for a, b in pairwise(places))


@given(st.floats(1e-3, 1e6))
def test_ticks_are_few_begin_at_nothing_and_reach_the_highest_value(highest: float) -> None:
    marks = ticks(highest)

    assert marks[0] == 0
    assert 2 <= len(marks) <= 6
    assert marks[-2] < highest <= marks[-1] * (1 + 1e-6)


@pytest.mark.parametrize(
    ("highest", "marks"),
    [
        (0, [0, 1]),
        (2.0, [0, 0.5, 1, 1.5, 2]),
        (1.9, [0, 0.5, 1, 1.5, 2]),
        (0.3, [0, 0.1, 0.2, 0.3]),
        (812, [0, 200, 400, 600, 800, 1000]),
    ],
)
def test_ticks_are_round(highest: float, marks: list[float]) -> None:
    assert ticks(highest) == marks


@pytest.mark.parametrize("counts", ["", "1,x", "0", "300", "1;2"])
def test_numbers_of_calls_that_make_no_sense_are_refused_before_anything_starts(
    counts: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(
        bench_app, ["growth", "--calls", counts, "--svg", str(tmp_path / "plot.svg")]
    )

    assert result.exit_code == 2
    assert "--calls" in result.stderr
    assert not (tmp_path / "plot.svg").exists()
