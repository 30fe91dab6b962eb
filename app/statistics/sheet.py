"""Pure: what a city publishes of a fiscal year (公表資料): Japanese, as it is a document of the office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from app.statistics.schemas import CellOut, RowOut, StatisticsOut, TableOut
from app.statistics.words import NONE, SMALL, cell_words

_REIWA: Final = 2018
_WARNED: Final = ("1", "2", "3")


@dataclass(frozen=True, slots=True)
class SheetTable:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class YearSheet:
    year: int
    office: str
    title: str
    period: str
    lead: tuple[str, ...]
    tables: tuple[SheetTable, ...]
    explanations: tuple[tuple[str, str], ...]
    """Heading and text."""
    nothing: str = ""
    """Why there are no tables; empty where there are."""
    unfinished: bool = False
    """The year goes on: compared with a later sheet it would tell small numbers."""


def era_year(year: int) -> str:
    """Return 令和8年度 for 2026; earlier years than 令和2年度 as they are."""
    return f"令和{year - _REIWA}年度" if year > _REIWA + 1 else f"{year}年度"


def sheet_of(figures: StatisticsOut, *, year: int, office: str, today: date) -> YearSheet:
    """Return the sheet of *year*; *figures* are those of its twelve months, compared with the year before."""
    title = f"{era_year(year)} カスタマーハラスメント対策の実施状況(電話対応)"
    begun, finished = today >= date(year, 4, 1), today >= date(year + 1, 4, 1)
    until = (
        f"{year + 1}年3月31日"
        if finished or not begun
        else f"{today.year}年{today.month}月{today.day}日"
    )
    period = f"{year}年4月1日から{until}まで" + ("(年度の途中)" if begun and not finished else "")
    tables = {table.key: table for table in figures.tables}
    nothing = ""
    if not begun:
        nothing = "この年度は、まだ始まっていません。"
    elif figures.too_few_people:
        nothing = "電話に出た職員が少なく、個人の件数と同じになるため、件数は公表しません。"
    elif figures.empty or not tables:
        nothing = "この年度に数える通話は、まだありません。"
    return YearSheet(
        year=year,
        office=office or "市役所",
        title=title,
        period=period,
        lead=_lead(office or "市"),
        tables=() if nothing else _tables(tables, figures, year),
        explanations=_explanations(figures),
        nothing=nothing,
        unfinished=not finished,
    )


def _lead(office: str) -> tuple[str, ...]:
    return (
        (
            f"{office}では、職員が安心して働き、市民の皆さまに質の高いサービスをお届けするため、"
            "カスタマーハラスメント対策基本方針に基づいて、電話対応の見守りを行っています。"
            "その実施状況をお知らせします。"
        ),
        (
            "ご意見やご要望、苦情は、業務を見直すための貴重なお申し出です。"
            "正当な苦情は、カスタマーハラスメントには数えていません。"
        ),
    )


def _tables(
    tables: dict[str, TableOut], figures: StatisticsOut, year: int
) -> tuple[SheetTable, ...]:
    named = (era_year(year), era_year(year - 1))
    found = (
        _calls(tables, figures, named),
        _of_column(
            tables["categories"],
            "2 カスタマーハラスメントのおそれがあった通話の区分",
            0,
            figures,
            named,
            "一つの通話が、いくつかの区分に当たることがあります。",
        ),
        _of_column(
            tables["sections"],
            "3 カスタマーハラスメントのおそれがあった通話の課",
            1,
            figures,
            named,
            "電話に出た職員が少ない課は、「そのほかの課」にまとめています。",
        ),
        _deeds(tables, figures, named),
        _false_alarms(tables, figures, named),
    )
    return tuple(table for table in found if table.rows)


def _calls(
    tables: dict[str, TableOut], figures: StatisticsOut, named: tuple[str, str]
) -> SheetTable:
    rows = [_row(row, 0, figures, row.label) for row in tables["outcomes"].rows]
    judged = {row.key: row for row in tables["judgements"].rows}
    rows.append(
        _row(judged["harassment"], 0, figures, "監査担当者がカスタマーハラスメントに該当と判断")
    )
    rows.append(_row(judged["not_harassment"], 0, figures, "監査担当者が非該当と判断"))
    return SheetTable("1 通話の件数", ("結果", *named), tuple(rows))


def _of_column(
    table: TableOut,
    title: str,
    column: int,
    figures: StatisticsOut,
    named: tuple[str, str],
    note: str,
) -> SheetTable:
    rows = tuple(_row(row, column, figures, row.label) for row in table.rows)
    return SheetTable(title, (table.head, *named), rows, note)


def _deeds(
    tables: dict[str, TableOut], figures: StatisticsOut, named: tuple[str, str]
) -> SheetTable:
    work = {row.key: row for row in tables["work"].rows}
    helped = {row.key: row for row in tables["help"].rows}
    warned = {row.key: row for row in tables["warnings"].rows}
    rows = [
        _row(warned[key], 0, figures, f"警告を{warned[key].label}お伝えした通話") for key in _WARNED
    ]
    rows += [
        _row(work["ended_by_office"], 0, figures, "理由をお伝えして、職員から終えた通話"),
        _row(helped["help_asked"], 0, figures, "職員が上司の応援を求めた通話"),
    ]
    if "measures" in work:
        label = "対応制限(電話の時間を限るなど)の実施中の件数"
        rows.append(_row(work["measures"], 0, figures, label))
    return SheetTable("4 市の対応", ("対応", *named), tuple(rows))


def _false_alarms(
    tables: dict[str, TableOut], figures: StatisticsOut, named: tuple[str, str]
) -> SheetTable:
    work = {row.key: row for row in tables["work"].rows}
    rows = (
        _row(work["all_alerts"], 0, figures, "機械が職員に出したお知らせ"),
        _row(work["all_alerts_false"], 0, figures, "うち職員が誤検知とした件数"),
        _row(work["missed_marked"], 0, figures, "お知らせがなく、職員が見落としの印を付けた通話"),
    )
    return SheetTable(
        "5 誤検知と見落とし",
        ("項目", *named),
        rows,
        "誤検知とされたお知らせは「カスハラのおそれ」の件数に入れず、検知のルールの見直しに使っています。",
    )


def _row(row: RowOut, column: int, figures: StatisticsOut, label: str) -> tuple[str, ...]:
    before = row.before[column] if row.before else None
    return label, _cell(row.cells[column], figures), _cell(before, figures)


def _cell(cell: CellOut | None, figures: StatisticsOut) -> str:
    if cell is None:
        return NONE
    told = cell_words(cell.value, cell.unit, figures.least_shown, small=cell.small)
    return f"{told}件" if cell.value is not None and cell.unit == "count" else told


def _explanations(figures: StatisticsOut) -> tuple[tuple[str, str], ...]:
    small = SMALL.replace("{n}", str(figures.least_shown))
    return (
        (
            "見守りのしくみ",
            (
                "通話中の言葉を機械が文字にし、基本方針の「該当する行為の例」に当たるおそれがあるときに職員に知らせます。"
                "警告や通話の終了を機械が行うことはなく、対応は職員が判断します。"
            ),
        ),
        (
            "数え方",
            (
                "通話は、始まった月の年度に、一つの通話を1件として数えます。お知らせが一度でもあり、職員が誤検知としなかった"
                "通話を「カスハラのおそれ」に数えます。該当・非該当は、監査担当者が通話の記録を確かめて判断したものです。"
            ),
        ),
        (
            "少ない件数の扱い",
            (
                f"個人が分かることのないよう、少ない件数は「{small}」とし、ほかの数から計算できる件数は"
                "「秘匿」としています。職員一人ひとりの件数は集計していません。"
            ),
        ),
        (
            "記録の保存",
            "通話の記録は、定めた期間の後に削除します。削除した通話も、件数だけは残して数えています。",
        ),
    )
