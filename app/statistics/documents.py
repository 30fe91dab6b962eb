"""Adapter: figures as CSV and Excel: what the page tells, no more."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from app.japan import JAPAN
from app.spreadsheet_text import harmless
from app.statistics.schemas import CellOut, StatisticsOut, TableOut
from app.statistics.words import cell_words

_SHEET_CHARACTERS: Final = 31
UNFINISHED: Final = (
    "期間の途中の集計です。後の集計と比べると、表示していない少ない件数が分かることがあります。"
    "期間が終わるまで、公表や配布をしないでください。"
)
_HEAD: Final = PatternFill("solid", fgColor="E6E6E6")


def csv_of(figures: StatisticsOut) -> bytes:
    """Return every table below the other, with a mark by which Excel knows the encoding."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for line in heading_of(figures):
        writer.writerow([line])
    for table in figures.tables:
        writer.writerow([])
        writer.writerow([table.title])
        writer.writerow(_columns(table, figures))
        for row in table.rows:
            told = [_told(cell, figures) for cell in (*row.cells, *(row.before or ()))]
            writer.writerow([harmless(row.label), *told])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def xlsx_of(figures: StatisticsOut) -> bytes:
    """Return a workbook with a sheet for each table; numbers are numbers."""
    book = Workbook()
    first: Any = book.active
    first.title = "この統計について"
    for line in heading_of(figures):
        first.append([line])
    first.column_dimensions["A"].width = 110
    for table in figures.tables:
        sheet: Any = book.create_sheet(table.title[:_SHEET_CHARACTERS])
        sheet.append([table.title])
        sheet["A1"].font = Font(bold=True, size=14)
        sheet.append(_columns(table, figures))
        for cell in sheet[2]:
            cell.font, cell.fill = Font(bold=True), _HEAD
        for row in table.rows:
            cells = (*row.cells, *(row.before or ()))
            sheet.append([harmless(row.label), *(_number(cell, figures) for cell in cells)])
        for number in range(1, sheet.max_column + 1):
            sheet.column_dimensions[get_column_letter(number)].width = 44 if number == 1 else 20
        for line in sheet.iter_rows(min_row=3, min_col=2):
            for cell in line:
                cell.alignment = Alignment(horizontal="right")
        if table.note:
            sheet.append([])
            sheet.append([table.note])
        sheet.freeze_panes = "B3"
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def heading_of(figures: StatisticsOut) -> list[str]:
    """Return what must be known to read the tables."""
    where = "庁内全体" if figures.section is None else figures.section or "課の指定なし"
    least = figures.least_shown
    return [
        "カスタマーハラスメント対策 通話の統計",
        f"期間: {figures.first} から {figures.last} まで({where})",
        f"集計した日時: {figures.as_of.astimezone(JAPAN):%Y-%m-%d %H:%M}",
        (
            f"1件以上{least}件未満の数は「{least}未満」とし、そこから計算できる数は「秘匿」としています。"
            f"「{least}未満」には0が含まれることがあります。"
        ),
        (
            "職員一人ひとりの統計はありません。"
            f"電話に出た職員が{figures.least_operators}人に満たない課は、ほかの課とまとめています。"
        ),
        *([UNFINISHED] if figures.unfinished else []),
    ]


def _columns(table: TableOut, figures: StatisticsOut) -> list[str]:
    names = [column.label for column in table.columns]
    return [table.head, *names, *(f"{n}(前年同期)" for n in names if figures.compared)]


def _told(cell: CellOut, figures: StatisticsOut) -> str:
    return cell_words(cell.value, cell.unit, figures.least_shown, small=cell.small)


def _number(cell: CellOut, figures: StatisticsOut) -> float | int | str:
    if cell.value is None or cell.unit != "count":
        return _told(cell, figures)
    return int(cell.value)
