"""Adapter: a report as DOCX: A4, tables as municipal forms have them, Japanese fonts. Blocking."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import docx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.shared import Mm, Pt

from app.reports.docx_parts import (
    add_field,
    add_watermark,
    keep_whole,
    lay_out,
    repeat_on_each_page,
    set_fonts,
    set_language,
    shade,
    tidy,
    write,
)
from app.reports.layout import EMPTY, Approval, Document, Heading, Note, Quotes, Row
from app.reports.pages_of_pdf import LABEL_MM, approval_mm

_WIDTH_MM: Final = 170.0
_BODY_PT: Final = 10.0
_SMALL_PT: Final = 9.0
_WHOLE_UP_TO: Final = 240
"""Characters: shorter fields are not divided between pages."""


def docx_of(document: Document, made_at: datetime) -> bytes:
    """Return *document* as DOCX, made at *made_at*."""
    file = docx.Document()
    _page(file, document, made_at)
    tidy_title = tidy(file.add_paragraph(), align=WD_ALIGN_PARAGRAPH.CENTER, after_pt=8)
    write(tidy_title, document.title, size_pt=16, bold=True, heading=True)
    _opening(file, document)
    rows: list[Row] = []
    for block in document.blocks:
        if not isinstance(block, Row):
            _rows(file, rows)
            rows = []
        match block:
            case Heading():
                paragraph = tidy(file.add_paragraph(), after_pt=3)
                paragraph.paragraph_format.space_before = Pt(9)
                paragraph.paragraph_format.keep_with_next = True
                write(paragraph, block.text, size_pt=12, bold=True, heading=True)
            case Row():
                rows.append(block)
            case Quotes():
                _quotes(file, block)
            case Note():
                paragraph = tidy(file.add_paragraph(), after_pt=2)
                paragraph.paragraph_format.space_before = Pt(3)
                write(paragraph, block.text, size_pt=_SMALL_PT)
    _rows(file, rows)
    written = io.BytesIO()
    file.save(written)
    return written.getvalue()


def _page(file: Any, document: Document, made_at: datetime) -> None:  # noqa: ANN401 - no types
    section = file.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin, section.bottom_margin = Mm(25), Mm(22)
    section.header_distance, section.footer_distance = Mm(11), Mm(10)
    normal = file.styles["Normal"]
    normal.font.size = Pt(_BODY_PT)
    set_fonts(normal.element.get_or_add_rPr())
    set_language(file.styles)
    core = file.core_properties
    core.title, core.author = f"{document.title} {document.number}", document.office or "Mimamori"
    core.subject, core.language = f"{document.version} {document.state}", "ja-JP"
    core.last_modified_by, core.comments = core.author, ""
    core.created = core.modified = made_at.replace(tzinfo=None)
    head = tidy(section.header.paragraphs[0])
    _at_both_ends(head)
    left = "　".join(one for one in (document.form_number, document.office) if one)
    right = "　".join(document.standing)
    write(head, f"{left}\t{right}", size_pt=_SMALL_PT, grey=True)
    if document.draft:
        add_watermark(head, "案")
    foot = tidy(section.footer.paragraphs[0])
    _at_both_ends(foot)
    write(foot, f"{document.care}\t", size_pt=_SMALL_PT, grey=True)
    add_field(foot, "PAGE", size_pt=_SMALL_PT)
    write(foot, "/", size_pt=_SMALL_PT)
    add_field(foot, "NUMPAGES", size_pt=_SMALL_PT)
    write(foot, "ページ", size_pt=_SMALL_PT)


def _at_both_ends(paragraph: Any) -> None:  # noqa: ANN401
    stops = paragraph.paragraph_format.tab_stops
    paragraph.style.paragraph_format.tab_stops.clear_all()
    stops.add_tab_stop(Mm(_WIDTH_MM), WD_TAB_ALIGNMENT.RIGHT)


def _opening(file: Any, document: Document) -> None:  # noqa: ANN401
    """What the report is, at the left, and 承認欄 at the right."""
    wide = approval_mm(len(document.approvals)) * len(document.approvals)
    frame = file.add_table(rows=1, cols=2)
    lay_out(frame, [_WIDTH_MM - wide - 4, wide + 4])
    about, boxes = frame.rows[0].cells
    paragraph = tidy(about.paragraphs[0])
    for number, (label, value) in enumerate(document.about):
        if number:
            paragraph = tidy(about.add_paragraph())
        paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(24))
        paragraph.paragraph_format.left_indent = Mm(24)
        paragraph.paragraph_format.first_line_indent = Mm(-24)
        write(paragraph, f"{label}\t", size_pt=_SMALL_PT, bold=True)
        write(paragraph, value, size_pt=_SMALL_PT)
    if document.approvals:
        _approvals(boxes, document.approvals, wide)


def _approvals(cell: Any, boxes: Sequence[Approval], wide: float) -> None:  # noqa: ANN401
    table = cell.add_table(rows=2, cols=len(boxes))
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.RIGHT
    lay_out(table, [wide / len(boxes)] * len(boxes))
    table.rows[1].height = Mm(16)
    for number, box in enumerate(boxes):
        head, body = table.cell(0, number), table.cell(1, number)
        shade(head)
        centre = WD_ALIGN_PARAGRAPH.CENTER
        write(tidy(head.paragraphs[0], align=centre), box.title, size_pt=_SMALL_PT, bold=True)
        paragraph = tidy(body.paragraphs[0], align=centre)
        for place, text in enumerate(box.lines):
            if place:
                paragraph = tidy(body.add_paragraph(), align=centre)
            write(paragraph, text, size_pt=8)
    # A cell begins and ends with a paragraph; both are kept out of sight.
    for paragraph in (cell.paragraphs[0], cell.paragraphs[-1]):
        tidy(paragraph)
        paragraph.paragraph_format.line_spacing = Pt(1)


def _rows(file: Any, rows: Sequence[Row]) -> None:  # noqa: ANN401
    if not rows:
        return
    table = file.add_table(rows=len(rows), cols=2)
    table.style = "Table Grid"
    lay_out(table, [LABEL_MM, _WIDTH_MM - LABEL_MM])
    for place, row in enumerate(rows):
        label, body = table.rows[place].cells
        shade(label)
        text = f"{row.label} ※" if row.edited else row.label
        write(tidy(label.paragraphs[0]), text, size_pt=_BODY_PT, bold=True)
        _paragraphs(body, row.text, _BODY_PT, grey=row.text == EMPTY)
        if len(row.text) <= _WHOLE_UP_TO and row.text.count("\n") < 8:
            keep_whole(table.rows[place])


def _quotes(file: Any, quotes: Quotes) -> None:  # noqa: ANN401
    table = file.add_table(rows=1 + len(quotes.rows), cols=len(quotes.columns))
    table.style = "Table Grid"
    lay_out(table, [_WIDTH_MM * share / 100 for share in quotes.shares])
    for cell, text in zip(table.rows[0].cells, quotes.columns, strict=True):
        shade(cell)
        write(tidy(cell.paragraphs[0]), text, size_pt=_SMALL_PT, bold=True)
    repeat_on_each_page(table.rows[0])
    keep_whole(table.rows[0])
    for row, texts in zip(table.rows[1:], quotes.rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            _paragraphs(cell, text, _SMALL_PT)
        if max(len(text) for text in texts) <= _WHOLE_UP_TO:
            keep_whole(row)


def _paragraphs(cell: Any, text: str, size_pt: float, *, grey: bool = False) -> None:  # noqa: ANN401
    for place, line in enumerate(text.split("\n")):
        paragraph = cell.add_paragraph() if place else cell.paragraphs[0]
        write(tidy(paragraph), line, size_pt=size_pt, grey=grey)
