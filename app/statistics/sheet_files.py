"""Adapter: the yearly sheet as a Word document and as an Excel workbook, A4."""

from __future__ import annotations

import io
from typing import Any, Final

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from app.statistics.sheet import SheetTable, YearSheet

_FONT: Final = "BIZ UDPゴシック"
_WIDTHS_MM: Final = (100, 35, 35)


def docx_of(sheet: YearSheet) -> bytes:
    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(20)
    page.top_margin = page.bottom_margin = Mm(18)
    _face(document.styles["Normal"], 10.5)
    for level in (1, 2):
        _face(document.styles[f"Heading {level}"], 16 if level == 1 else 12)
    document.core_properties.title = sheet.title
    document.core_properties.author = sheet.office
    document.add_heading(sheet.title, 1)
    for line in (sheet.office, f"対象期間 {sheet.period}"):
        document.add_paragraph(line).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for line in sheet.lead:
        document.add_paragraph(line)
    if sheet.nothing:
        document.add_paragraph(sheet.nothing)
    for table in sheet.tables:
        document.add_heading(table.title, 2)
        _add_table(document, table)
        if table.note:
            _small(document, f"※ {table.note}")
    document.add_heading("説明", 2)
    for heading, text in sheet.explanations:
        paragraph = document.add_paragraph()
        paragraph.add_run(f"{heading} ").bold = True
        paragraph.add_run(text)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def xlsx_of(sheet: YearSheet) -> bytes:
    book = Workbook()
    page: Any = book.active
    page.title = f"{sheet.year}年度"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    for column, width in zip("ABC", (62, 20, 20), strict=True):
        page.column_dimensions[column].width = width
    page.append([sheet.title])
    page["A1"].font = Font(bold=True, size=14)
    for line in (sheet.office, f"対象期間 {sheet.period}", *sheet.lead, sheet.nothing):
        if line:
            _line(page, line)
    thin = Side(style="thin", color="949494")
    for table in sheet.tables:
        page.append([])
        page.append([table.title])
        page.cell(page.max_row, 1).font = Font(bold=True, size=12)
        for number, row in enumerate((table.columns, *table.rows)):
            page.append(list(row))
            for cell in page[page.max_row][: len(row)]:
                cell.border = Border(top=thin, bottom=thin, left=thin, right=thin)
                cell.font = Font(bold=number == 0)
                cell.alignment = Alignment(
                    horizontal="left" if cell.column == 1 else "right", wrap_text=True
                )
                if number == 0:
                    cell.fill = PatternFill("solid", fgColor="E6E6E6")
        if table.note:
            _line(page, f"※ {table.note}")
    page.append([])
    for heading, text in sheet.explanations:
        _line(page, f"{heading}: {text}")
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _line(page: Any, text: str) -> None:  # noqa: ANN401 - openpyxl's sheets are untyped here
    page.append([text])
    row = page.max_row
    page.merge_cells(start_row=row, start_column=1, end_row=row, end_column=3)
    page.cell(row, 1).alignment = Alignment(wrap_text=True, vertical="top")
    page.row_dimensions[row].height = 15 * (1 + len(text) // 48)


def _face(style: Any, points: float) -> None:  # noqa: ANN401
    style.font.name, style.font.size = _FONT, Pt(points)
    style.font.color.rgb = None
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia"):
        fonts.set(qn(script), _FONT)
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme"):
        fonts.attrib.pop(qn(theme), None)


def _add_table(document: Any, table: SheetTable) -> None:  # noqa: ANN401
    made = document.add_table(rows=0, cols=len(table.columns), style="Table Grid")
    made.alignment = WD_TABLE_ALIGNMENT.CENTER
    for number, row in enumerate((table.columns, *table.rows)):
        cells = made.add_row().cells
        for place, text in enumerate(row):
            cells[place].width = Mm(_WIDTHS_MM[place])
            paragraph = cells[place].paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(1)
            paragraph.paragraph_format.keep_with_next = number < len(table.rows)
            paragraph.add_run(text).bold = number == 0
            if place:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _small(document: Any, text: str) -> None:  # noqa: ANN401
    run = document.add_paragraph().add_run(text)
    run.font.size = Pt(9)
