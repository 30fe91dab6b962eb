"""Adapter: a list as a file: Excel or CSV. Blocking."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.properties import PageSetupProperties

from app.japan import JAPAN
from app.reports.layout import printable
from app.reports.lists import Sheet, Value, csv_text
from app.spreadsheet_text import is_formula_like

BYTE_ORDER_MARK: Final = "\ufeff"
"""By it Excel knows that a CSV is UTF-8."""
_MOMENT: Final = "yyyy/mm/dd hh:mm"
_HEAD: Final = PatternFill("solid", fgColor="FFE6E6E6")
_CELL_CHARACTERS: Final = 32_767


def csv_of(sheet: Sheet) -> bytes:
    """Return *sheet* as CSV (RFC 4180), UTF-8 with its mark."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([column.title for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([csv_text(value) for value in row])
    return (BYTE_ORDER_MARK + written.getvalue()).encode()


def xlsx_of(sheet: Sheet) -> bytes:
    """Return *sheet* as Excel workbook: real dates, a head that stays, filters; no text is ever a formula."""
    book = Workbook(write_only=True)
    table: WriteOnlyWorksheet = book.create_sheet(sheet.title)
    table.freeze_panes = "A2"
    last = get_column_letter(len(sheet.columns))
    table.auto_filter.ref = f"A1:{last}{len(sheet.rows) + 1}"
    _print_on_a4(table)
    for number, column in enumerate(sheet.columns, 1):
        table.column_dimensions[get_column_letter(number)].width = column.wide
    table.append([_head(table, column.title) for column in sheet.columns])
    for row in sheet.rows:
        table.append([_cell(table, value) for value in row])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _print_on_a4(table: WriteOnlyWorksheet) -> None:
    """Have every column on one page's width, and the head on each page."""
    table.page_setup.paperSize, table.page_setup.orientation = "9", "landscape"
    table.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    table.page_setup.fitToWidth, table.page_setup.fitToHeight = 1, 0
    table.print_title_rows = "1:1"


def _head(table: WriteOnlyWorksheet, title: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(table, title)
    cell.font, cell.fill = Font(bold=True), _HEAD
    return cell


def _cell(table: WriteOnlyWorksheet, value: Value) -> WriteOnlyCell:
    match value:
        case datetime():
            # Excel knows no zones: what it shows is Japan's time.
            cell = WriteOnlyCell(table, value.astimezone(JAPAN).replace(tzinfo=None))
            cell.number_format = _MOMENT
        case str():
            text = printable(value)[:_CELL_CHARACTERS]
            cell = WriteOnlyCell(table, text)
            cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=len(text) > 40, vertical="top")
            if is_formula_like(text):
                cell.quotePrefix = True
        case _:
            cell = WriteOnlyCell(table, value)
    return cell
