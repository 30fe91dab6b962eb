"""Pure: a report as the document that is printed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from app.japan import JAPAN
from app.privacy.sight import MASK, TextSight
from app.reports.filling import clock, moment, versions_line
from app.reports.form import FIELDS, Field, Part
from app.reports.layout import (
    EMPTY,
    Approval,
    Block,
    Document,
    Heading,
    Note,
    Quotes,
    Row,
    printable,
)
from app.reports.reading import ReadReport
from app.reports.record import Said
from app.reports.repository import STATE_WORDS, ReportState
from app.reports.settings import ReportsSettings
from app.screens.words import CATEGORIES, LEVELS, TRACKS
from detection.types import Category, Severity, Speaker

CARE: Final = "取扱注意(個人情報を含みます)"
NO_NUMBER: Final = "番号の通知なし"
_COLUMNS: Final = ("時刻", "話した人", "発言(聞き取りのまま)", "該当のおそれ")
_SHARES: Final = (11, 13, 48, 28)
_QUOTES_AFTER: Final = Part.WHAT


def composed(
    read: ReadReport, settings: ReportsSettings, *, office: str, sight: TextSight
) -> Document:
    """Return the document of *read*, words of the call in it as *sight* reads them."""
    report = read.report
    state = ReportState(report.state)
    blocks: list[Block] = []
    for number, part in enumerate(_parts(), 1):
        heading = part.value if isinstance(part, Part) else part
        blocks.append(Heading(f"{number} {heading}"))
        if isinstance(part, Part):
            blocks += _rows(read, part, sight=sight)
        else:
            blocks.append(_quotes(read, sight=sight))
    texts = _all_texts(blocks)
    blocks += [Note(text) for text in _notes(read, covered=MASK in texts)]
    return Document(
        title=printable(settings.form_name),
        office=printable(settings.office_name or office),
        form_number=printable(settings.form_number),
        number=read.number,
        version=f"第{report.version}版",
        state=STATE_WORDS[state],
        draft=state is not ReportState.APPROVED,
        about=_about(read),
        approvals=_approvals(read, settings),
        blocks=tuple(blocks),
        care=CARE,
    )


def _parts() -> tuple[Part | str, ...]:
    parts: list[Part | str] = []
    for part in Part:
        parts.append(part)
        if part is _QUOTES_AFTER:
            parts.append("発言の記録")
    return tuple(parts)


def _rows(read: ReadReport, part: Part, *, sight: TextSight) -> list[Block]:
    rows: list[Block] = []
    for field in FIELDS:
        if field.part is not part:
            continue
        rows.append(_row(read, field, sight=sight))
        if field.key == "caller":
            rows.append(Row("電話番号", printable(read.caller_number) or NO_NUMBER))
    return rows


def _row(read: ReadReport, field: Field, *, sight: TextSight) -> Row:
    text = read.texts.get(field.key, "")
    if field.spoken:
        text = sight.of(text)
    return Row(field.label, printable(text) or EMPTY, edited=field.key in read.edited)


def _quotes(read: ReadReport, *, sight: TextSight) -> Block:
    if not read.quotes:
        return Note("引用する発言は選ばれていない。")
    said = (replace(one, text=sight.of(one.text)) for one in read.quotes)
    return Quotes(_COLUMNS, _SHARES, tuple(_quote(one) for one in said))


def _quote(one: Said) -> tuple[str, ...]:
    found = "、".join(CATEGORIES[Category(name)].short for name in one.categories)
    if found:
        found = f"{found}({LEVELS[Severity(one.severity)].label})"
    return (
        clock(one.start_ms),
        TRACKS[Speaker(one.track)],
        f"「{printable(one.text)}」",
        found or "職員が印を付けた発言",
    )


def _about(read: ReadReport) -> tuple[tuple[str, str], ...]:
    report = read.report
    about = [
        ("所属", read.call.section or EMPTY),
        ("作成", f"{moment(report.created_at)} {report.created_by}"),
    ]
    if report.submitted_at is not None and report.state != ReportState.DRAFT:
        about.append(("提出", f"{moment(report.submitted_at)} {report.submitted_by}"))
    if report.state == ReportState.RETURNED and report.decided_at is not None:
        about.append(("差戻し", f"{moment(report.decided_at)} {report.decided_by}"))
        about.append(("差戻しの理由", printable(read.sight.of(report.decision_reason))))
    if report.correction_reason:
        about.append(("訂正の理由", printable(read.sight.of(report.correction_reason))))
    return tuple(about)


def _approvals(read: ReadReport, settings: ReportsSettings) -> tuple[Approval, ...]:
    report = read.report
    approved = report.state == ReportState.APPROVED
    taken_back = report.state == ReportState.DRAFT
    return (
        Approval("作成者", () if taken_back else _signed(report.submitted_by, report.submitted_at)),
        Approval("所属長", _signed(report.decided_by, report.decided_at) if approved else ()),
        *(Approval(printable(title), ()) for title in settings.further_approvals),
    )


def _signed(by: str | None, at: datetime | None) -> tuple[str, ...]:
    if not by or at is None:
        return ()
    on = at.astimezone(JAPAN)
    return (by, f"{on.year}.{on.month}.{on.day}")


def _notes(read: ReadReport, *, covered: bool) -> list[str]:
    notes = ["時刻は、通話の開始からの時間(分:秒)です。段階と「おそれ」は検知による表示です。"]
    if read.edited:
        notes.append(
            "※は、記録から入れた文を職員が書き改めた欄です。元の文は画面で確かめられます。"
        )
    if covered:
        notes.append("●は、個人が分かるおそれのある語を伏せたものです。")
    notes.append(versions_line(read.record))
    return notes


def _all_texts(blocks: list[Block]) -> str:
    texts = []
    for block in blocks:
        match block:
            case Row():
                texts.append(block.text)
            case Quotes():
                texts += [cell for row in block.rows for cell in row]
            case _:
                pass
    return "".join(texts)
