"""Pure: where everything of a printed report stands on its pages (A4, millimetres from the upper left corner).

A field that does not fit is continued on the next page under its own label; no heading stands alone at a foot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from app.reports.layout import Approval, Document, Heading, Note, Quotes, Row
from app.reports.line_breaking import broken

WIDTH_MM: Final = 210.0
HEIGHT_MM: Final = 297.0
LEFT_MM: Final = 20.0
RIGHT_MM: Final = 190.0
TOP_MM: Final = 24.0
FOOT_MM: Final = 276.0
LABEL_MM: Final = 43.0
PADDING_MM: Final = 1.8
LEAST_LINES: Final = 3
"""Of a field, before a page ends and after it begins."""
POINT_MM: Final = 0.352778


class Measured(Protocol):
    """How wide a text is."""

    def __call__(self, text: str, size_pt: float, *, bold: bool = False) -> float:
        """Return millimetres."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    x_mm: float
    baseline_mm: float
    text: str
    size_pt: float
    bold: bool = False
    grey: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    filled: bool = False


@dataclass(slots=True)
class PageOf:
    words: list[Words] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Style:
    size_pt: float
    line_mm: float


_BODY: Final = _Style(10.0, 5.6)
_SMALL: Final = _Style(8.5, 4.6)
_HEADING: Final = _Style(11.5, 8.0)
_STAMP: Final = _Style(8.0, 3.8)
_ABOUT_MM: Final = 24.0
"""Of the labels of what the report is."""
_APART_MM: Final = 4.0
"""At least, from there to the boxes."""


class _Flow:
    """Puts one thing under the other; ``y_mm`` never runs past the foot."""

    def __init__(self, measured: Measured) -> None:
        self.measured = measured
        self.pages = [PageOf()]
        self.y_mm = TOP_MM

    @property
    def page(self) -> PageOf:
        return self.pages[-1]

    @property
    def left_mm(self) -> float:
        return FOOT_MM - self.y_mm

    def new_page(self) -> None:
        self.pages.append(PageOf())
        self.y_mm = TOP_MM

    def lines_of(
        self, text: str, width_mm: float, style: _Style, *, bold: bool = False
    ) -> list[str]:
        return broken(text, width_mm, lambda part: self.measured(part, style.size_pt, bold=bold))

    def cell(
        self,
        x_mm: float,
        width_mm: float,
        lines: Sequence[str],
        style: _Style,
        *,
        bold: bool = False,
        grey: bool = False,
    ) -> None:
        for number, line in enumerate(lines):
            baseline = (
                self.y_mm + PADDING_MM + number * style.line_mm + style.size_pt * POINT_MM * 1.05
            )
            self.page.words.append(
                Words(x_mm + PADDING_MM, baseline, line, style.size_pt, bold=bold, grey=grey)
            )
        del width_mm


def pages_of(document: Document, measured: Measured) -> list[PageOf]:
    """Return the pages of *document*, without head and foot, which need the number of pages."""
    flow = _Flow(measured)
    _opening(flow, document)
    for block in document.blocks:
        match block:
            case Heading():
                _heading(flow, block)
            case Row():
                _row(flow, block)
            case Quotes():
                _quotes(flow, block)
            case Note():
                _note(flow, block)
    return flow.pages


def _opening(flow: _Flow, document: Document) -> None:
    title_pt = 16.0
    wide = flow.measured(document.title, title_pt, bold=True)
    while wide > RIGHT_MM - LEFT_MM and title_pt > 10:
        title_pt -= 1
        wide = flow.measured(document.title, title_pt, bold=True)
    flow.page.words.append(
        Words((WIDTH_MM - wide) / 2, flow.y_mm + 7, document.title, title_pt, bold=True)
    )
    flow.y_mm += 14
    began_mm = flow.y_mm
    boxes_mm = approval_mm(len(document.approvals)) * len(document.approvals)
    room_mm = RIGHT_MM - LEFT_MM - _ABOUT_MM - boxes_mm - _APART_MM
    for label, value in document.about:
        for number, line in enumerate(flow.lines_of(value, room_mm, _SMALL)):
            baseline = flow.y_mm + 3.4
            if not number:
                flow.page.words.append(Words(LEFT_MM, baseline, label, _SMALL.size_pt, bold=True))
            flow.page.words.append(Words(LEFT_MM + _ABOUT_MM, baseline, line, _SMALL.size_pt))
            flow.y_mm += _SMALL.line_mm
    below_mm = _approvals(flow, document.approvals, began_mm)
    flow.y_mm = max(flow.y_mm, below_mm) + 3


def _approvals(flow: _Flow, boxes: Sequence[Approval], top_mm: float) -> float:
    """Draw 承認欄 at the right, the first box leftmost; return where it ends."""
    wide, head, body = approval_mm(len(boxes)), 5.6, 15.0
    x_mm = RIGHT_MM - wide * len(boxes)
    for box in boxes:
        flow.page.boxes.append(Box(x_mm, top_mm, wide, head, filled=True))
        flow.page.boxes.append(Box(x_mm, top_mm + head, wide, body))
        title_mm = flow.measured(box.title, _SMALL.size_pt, bold=True)
        flow.page.words.append(
            Words(x_mm + (wide - title_mm) / 2, top_mm + 4.0, box.title, _SMALL.size_pt, bold=True)
        )
        y_mm = top_mm + head + 5.0
        for text in box.lines:
            for line in _two_at_most(flow.lines_of(text, wide - 2, _STAMP)):
                line_mm = flow.measured(line, _STAMP.size_pt)
                left_mm = x_mm + (wide - line_mm) / 2
                flow.page.words.append(Words(left_mm, y_mm, line, _STAMP.size_pt))
                y_mm += _STAMP.line_mm
        x_mm += wide
    return top_mm + head + body if boxes else top_mm


def approval_mm(boxes: int) -> float:
    """Return how wide one of so many boxes is: stamps want 21 mm, and the form has 170."""
    return 25.0 if boxes < 4 else 21.0


def _two_at_most(lines: list[str]) -> list[str]:
    # A login as long as an address stands whole beside the boxes.
    return lines if len(lines) <= 2 else [lines[0], f"{lines[1][:-1]}…"]


def _heading(flow: _Flow, heading: Heading) -> None:
    least = _HEADING.line_mm + 2 * PADDING_MM + LEAST_LINES * _BODY.line_mm
    if flow.left_mm < least + 2:
        flow.new_page()
    elif flow.y_mm > TOP_MM:
        flow.y_mm += 3
    flow.page.words.append(
        Words(LEFT_MM, flow.y_mm + 5.4, heading.text, _HEADING.size_pt, bold=True)
    )
    flow.y_mm += _HEADING.line_mm


def _row(flow: _Flow, row: Row) -> None:
    wide = RIGHT_MM - LEFT_MM - LABEL_MM
    label = row.label + (" ※" if row.edited else "")
    lines = flow.lines_of(row.text, wide - 2 * PADDING_MM, _BODY)
    grey = row.text.startswith("(記載なし")
    first = True
    while lines:
        shown = label if first else f"{row.label}\n(続き)"
        labels = flow.lines_of(shown, LABEL_MM - 2 * PADDING_MM, _BODY, bold=True)
        room = int((flow.left_mm - 2 * PADDING_MM) / _BODY.line_mm)
        taken = _taken(len(lines), room)
        if taken < max(1, min(len(labels), len(lines))) or len(labels) > room:
            flow.new_page()
            continue
        part, lines = lines[:taken], lines[taken:]
        high = max(len(part), len(labels)) * _BODY.line_mm + 2 * PADDING_MM
        flow.page.boxes.append(Box(LEFT_MM, flow.y_mm, LABEL_MM, high, filled=True))
        flow.page.boxes.append(Box(LEFT_MM + LABEL_MM, flow.y_mm, wide, high))
        flow.cell(LEFT_MM, LABEL_MM, labels, _BODY, bold=True)
        flow.cell(LEFT_MM + LABEL_MM, wide, part, _BODY, grey=grey)
        flow.y_mm += high
        first = False
        if lines:
            flow.new_page()


def _taken(lines: int, room: int) -> int:
    """Return how many of *lines* stand here, so that neither here nor there stands a stray one; 0: none."""
    if lines <= room:
        return lines
    here = min(room, lines - LEAST_LINES)
    return here if here >= LEAST_LINES else 0


def _quotes(flow: _Flow, quotes: Quotes) -> None:
    wide = RIGHT_MM - LEFT_MM
    widths = [wide * share / 100 for share in quotes.shares]
    _columns(flow, quotes.columns, widths)
    for row in quotes.rows:
        cells = [
            flow.lines_of(text, width - 2 * PADDING_MM, _SMALL)
            for text, width in zip(row, widths, strict=True)
        ]
        while any(cells):
            room = int((flow.left_mm - 2 * PADDING_MM) / _SMALL.line_mm)
            longest = max(len(lines) for lines in cells)
            taken = _taken(longest, room)
            if not taken:
                flow.new_page()
                _columns(flow, quotes.columns, widths)
                continue
            part, cells = [lines[:taken] for lines in cells], [lines[taken:] for lines in cells]
            _cells(flow, part, widths)


def _columns(flow: _Flow, columns: Sequence[str], widths: Sequence[float]) -> None:
    if flow.left_mm < (1 + LEAST_LINES) * _SMALL.line_mm + 4 * PADDING_MM:
        flow.new_page()
    _cells(flow, [[text] for text in columns], widths, head=True)


def _cells(
    flow: _Flow, cells: Sequence[Sequence[str]], widths: Sequence[float], *, head: bool = False
) -> None:
    high = max(len(lines) for lines in cells) * _SMALL.line_mm + 2 * PADDING_MM
    x_mm = LEFT_MM
    for lines, width in zip(cells, widths, strict=True):
        flow.page.boxes.append(Box(x_mm, flow.y_mm, width, high, filled=head))
        flow.cell(x_mm, width, lines, _SMALL, bold=head)
        x_mm += width
    flow.y_mm += high


def _note(flow: _Flow, note: Note) -> None:
    lines = flow.lines_of(note.text, RIGHT_MM - LEFT_MM, _SMALL)
    flow.y_mm += 1.5
    for line in lines:
        if flow.left_mm < _SMALL.line_mm:
            flow.new_page()
        flow.page.words.append(Words(LEFT_MM, flow.y_mm + 3.4, line, _SMALL.size_pt))
        flow.y_mm += _SMALL.line_mm
