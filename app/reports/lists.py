"""Pure: calls and reports as rows of a list. No row says whose work a call was: nobody is counted by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.japan import JAPAN
from app.models import Call
from app.reports.filling import VERDICTS
from app.reports.layout import printable
from app.reports.models import IncidentReport
from app.reports.repository import STATE_WORDS, ReportState
from app.screens.words import LEVELS, OUTCOMES
from app.spreadsheet_text import harmless
from detection.types import Outcome, Severity

Value = str | int | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    wide: int
    """Letters."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list, ready to be written down as a file."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


REPORT_COLUMNS: Final = (
    Column("報告書番号", 18),
    Column("版", 6),
    Column("状態", 10),
    Column("通話の開始", 18),
    Column("通話時間(秒)", 12),
    Column("課", 16),
    Column("最高の段階", 16),
    Column("区分", 18),
    Column("該当性の判断", 14),
    Column("作成", 18),
    Column("提出", 18),
    Column("承認・差戻し", 18),
)
CALL_COLUMNS: Final = (
    Column("通話の開始", 18),
    Column("通話の終了", 18),
    Column("通話時間(秒)", 12),
    Column("課", 16),
    Column("最高の段階", 16),
    Column("内容の段階", 16),
    Column("態様の段階", 16),
    Column("区分", 18),
    Column("警告の回数", 12),
    Column("該当性の判断", 14),
    Column("報告書", 12),
    Column("通話ID", 38),
)
WORDS_COLUMNS: Final = (Column("要求の内容", 50), Column("市の回答・説明", 50))


def report_sheet(
    reports: Sequence[tuple[IncidentReport, Call, str]],
    verdicts: dict[str, str],
    words: dict[str, tuple[str, str]] | None,
) -> Sheet:
    """Return the list of *reports*, each with its call and number; *words* by call, where they are wanted."""
    rows = []
    for report, call, number in reports:
        row: tuple[Value, ...] = (
            number,
            report.version,
            STATE_WORDS[ReportState(report.state)],
            call.started_at,
            call.duration_ms // 1000,
            call.section,
            _level(call.top_level),
            OUTCOMES[Outcome(call.outcome)],
            VERDICTS.get(verdicts.get(call.id, ""), ""),
            report.created_at,
            report.submitted_at,
            report.decided_at,
        )
        rows.append(_with_words(row, call.id, words))
    return Sheet("報告書の一覧", _columns(REPORT_COLUMNS, words), tuple(rows))


def call_sheet(
    calls: Sequence[Call],
    states: dict[str, str],
    verdicts: dict[str, str],
    words: dict[str, tuple[str, str]] | None,
) -> Sheet:
    """Return the list of *calls*; *states*: of the report of each call that has one."""
    rows = []
    for call in calls:
        state = states.get(call.id)
        row: tuple[Value, ...] = (
            call.started_at,
            call.ended_at,
            call.duration_ms // 1000,
            call.section,
            _level(call.top_level),
            _level(call.content),
            _level(call.manner),
            OUTCOMES[Outcome(call.outcome)],
            call.warnings_spoken,
            VERDICTS.get(verdicts.get(call.id, ""), ""),
            STATE_WORDS[ReportState(state)] if state else "",
            call.id,
        )
        rows.append(_with_words(row, call.id, words))
    return Sheet("通話の一覧", _columns(CALL_COLUMNS, words), tuple(rows))


def csv_text(value: Value) -> str:
    """Return *value* as it stands in a CSV: moments in Japan's time, nothing that a spreadsheet would work out."""
    match value:
        case None:
            return ""
        case datetime():
            return f"{value.astimezone(JAPAN):%Y-%m-%d %H:%M:%S}"
        case int():
            return str(value)
        case str():
            return harmless(printable(value))


def _level(level: int) -> str:
    return LEVELS[Severity(level)].label


def _columns(
    columns: tuple[Column, ...], words: dict[str, tuple[str, str]] | None
) -> tuple[Column, ...]:
    return columns if words is None else (*columns, *WORDS_COLUMNS)


def _with_words(
    row: tuple[Value, ...], call_id: str, words: dict[str, tuple[str, str]] | None
) -> tuple[Value, ...]:
    return row if words is None else (*row, *words.get(call_id, ("", "")))
