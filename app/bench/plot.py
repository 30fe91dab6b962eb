"""Pure: measured figures over the number of calls as an SVG that every browser and README shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10
from typing import Final

_WIDTH: Final = 720
_PANEL_HEIGHT: Final = 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 62, 44
_LABEL_DISTANCE: Final = 22
"""Two numbers below the axis stand at least so far apart, else the second is left out."""
_MOST_TICKS: Final = 6
_INK, _FAINT = "#333333", "#d9d9d9"


@dataclass(frozen=True, slots=True)
class Series:
    label: str
    colour: str
    points: Sequence[tuple[float, float | None]]
    """x and y; a y of None was not measured and leaves a hole in the line."""


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    series: Sequence[Series]
    goal: float | None = None
    """A value to stay below, drawn as a dashed line."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a panel's values lie on the page."""

    top: float
    x_max: float
    y_max: float

    def x(self, value: float) -> float:
        return round(_LEFT + value / self.x_max * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        height = _PANEL_HEIGHT - _TOP - _BOTTOM
        return round(self.top + _TOP + (1 - value / self.y_max) * height, 1)


def svg(panels: Sequence[Panel], x_label: str) -> str:
    """Return *panels* one below the other, all over the same x axis, which begins at 0."""
    xs = sorted({x for panel in panels for series in panel.series for x, _ in series.points})
    height = _PANEL_HEIGHT * len(panels)
    drawn = [
        line
        for place, panel in enumerate(panels)
        for line in _panel(panel, place * _PANEL_HEIGHT, xs, x_label)
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="12" '
        f'fill="{_INK}" role="img">'
    )
    title = f"<title>{escape(', '.join(panel.title for panel in panels))}</title>"
    page = f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, title, page, *drawn, "</svg>", ""])


def ticks(highest: float) -> list[float]:
    """Return round values from 0 to the first one that is not below *highest*, six at most."""
    if highest <= 0:
        return [0.0, 1.0]
    magnitude = 10.0 ** floor(log10(highest / (_MOST_TICKS - 1)))
    steps = (magnitude * factor for factor in (1, 2, 5, 10, 20))
    # A tenth of a millionth of room: 0.3 / 0.1 is a little more than 3.
    step = next(step for step in steps if step * (_MOST_TICKS - 1) >= highest * (1 - 1e-7))
    count = next(n for n in range(1, _MOST_TICKS) if step * n >= highest * (1 - 1e-7))
    return [round(step * n, 10) for n in range(count + 1)]


def _panel(panel: Panel, top: float, xs: Sequence[float], x_label: str) -> list[str]:
    values = [y for series in panel.series for _, y in series.points if y is not None]
    marks = ticks(max([*values, panel.goal or 0.0], default=0.0))
    scale = _Scale(top, max(xs, default=1.0) or 1.0, marks[-1])
    return [
        _text(_LEFT, top + 24, panel.title, size=15, weight="bold"),
        *_legend(panel, top + 44),
        *(line for mark in marks for line in _grid(scale, mark)),
        *_axis(scale, xs, x_label),
        *_goal(scale, panel.goal),
        *(line for series in panel.series for line in _series(scale, series)),
    ]


def _legend(panel: Panel, y: float) -> list[str]:
    lines, x = [], float(_LEFT)
    for series in panel.series:
        lines.append(f'<rect x="{x}" y="{y - 8}" width="14" height="4" fill="{series.colour}"/>')
        lines.append(_text(x + 20, y, series.label))
        x += 40 + 7 * len(series.label)
    return lines


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{colour}"{more}/>'


def _grid(scale: _Scale, mark: float) -> list[str]:
    y = scale.y(mark)
    return [
        _line(_LEFT, y, _WIDTH - _RIGHT, y, _FAINT),
        _text(_LEFT - 8, y + 4, f"{mark:g}", anchor="end"),
    ]


def _axis(scale: _Scale, xs: Sequence[float], x_label: str) -> list[str]:
    below = scale.y(0)
    lines = [_line(_LEFT, below, _WIDTH - _RIGHT, below, _INK)]
    last = float("-inf")
    for x in xs:
        at = scale.x(x)
        lines.append(_line(at, below, at, below + 4, _INK))
        if at - last >= _LABEL_DISTANCE:
            lines.append(_text(at, below + 17, f"{x:g}", anchor="middle"))
            last = at
    lines.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, below + 33, x_label, anchor="middle"))
    return lines


def _goal(scale: _Scale, goal: float | None) -> list[str]:
    if goal is None:
        return []
    y = scale.y(goal)
    return [
        _line(_LEFT, y, _WIDTH - _RIGHT, y, _INK, ' stroke-dasharray="5 4"'),
        _text(_LEFT + 4, y - 5, f"goal {goal:g}"),  # where lines that grow begin, they are low
    ]


def _series(scale: _Scale, series: Series) -> list[str]:
    lines, run = [], list[str]()
    for x, y in [*series.points, (0.0, None)]:
        if y is not None:
            run.append(f"{scale.x(x)},{scale.y(y)}")
            continue
        if len(run) > 1:
            lines.append(
                f'<polyline points="{" ".join(run)}" fill="none" stroke="{series.colour}" '
                'stroke-width="2"/>'
            )
        run = []
    for x, y in series.points:
        if y is not None:
            lines.append(
                f'<circle cx="{scale.x(x)}" cy="{scale.y(y)}" r="4" fill="{series.colour}">'
                f"<title>{escape(series.label)}, {x:g}: {y:g}</title></circle>"
            )
    return lines


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )
