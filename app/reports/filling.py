"""Pure: the fields of a report as they are filled in from the record. States what is recorded, judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from app.japan import JAPAN
from app.reports.form import fitted
from app.reports.record import CallRecord, Clause, InForce, Moment, Said, Stay, Warned
from app.screens.words import LEVELS, OUTCOMES
from detection.types import Outcome, Severity

NO_RECORD: Final = "記録なし"
MOST_CHOSEN: Final = 12
"""Sentences that are quoted unless somebody chooses others."""
VERDICTS: Final[Mapping[str, str]] = {
    "harassment": "該当",
    "not_harassment": "非該当",
    "undecided": "判断保留",
}
_WEEKDAYS: Final = "月火水木金土日"
_ENDS: Final[Mapping[str, str]] = {
    "interrupted": "音声の接続が途切れ、記録が終わった。",
    "error": "システムの不具合のため、記録が終わった。",
    "transferred": "ほかの職員に転送した。",
    "": "終了の理由は記録されていない。",
}
_RECORDED: Final[Mapping[str, str]] = {
    "whole": "録音あり(通話の全体)",
    "part": "録音あり(一時停止または欠落の部分あり)",
    "none": "録音なし",
    "unknown": "録音の有無は記録で確かめられない",
}


def filled(record: CallRecord) -> dict[str, str]:
    """Return the text of every automatic field."""
    texts = {
        "when": _when(record.began_at, record.ended_at),
        "duration": spoken_duration(record.duration_ms),
        "where": f"{record.section or '所属の記録なし'}(電話による対応)",
        "staff": _staff(record),
        "joined": _joined(record.stays),
        "earlier": _earlier(record),
        "demand": _demand(record),
        "answer": record.answer,
        "content": _clauses(record.content, "要求の内容"),
        "manner": _clauses(record.manner, "手段・態様"),
        "course": _course(record),
        "warnings": _warnings(record.warnings),
        "ended": _ended(record),
        "reported": _reported(record.called_at),
        "recording": _recording(record),
        "rest": _rest(record),
        "judgement": _judgement(record),
    }
    return {key: fitted(key, text) for key, text in texts.items()}


def chosen_at_first(said: Sequence[Said]) -> tuple[str, ...]:
    """Return which sentences are quoted unless somebody chooses others: the gravest, in the order of the call."""
    worth = [one for one in said if one.severity and not one.false_alarm]
    gravest = sorted(worth, key=lambda one: (-one.severity, one.start_ms))[:MOST_CHOSEN]
    return tuple(one.utterance_id for one in sorted(gravest, key=lambda one: one.start_ms))


def versions_line(record: CallRecord) -> str:
    """Return by which rules and which ear the call was followed."""
    models = "、".join(record.recognisers) or NO_RECORD
    return (
        f"方針の版 {record.policy_version or NO_RECORD} / 検知ルールの版 {record.detector_version or NO_RECORD}"
        f" / 音声認識 {models}"
    )


def clock(at_ms: int) -> str:
    """Return a moment of the call as 12:34, from an hour on 1:02:34."""
    seconds = max(0, at_ms) // 1000
    tail = f"{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{seconds // 3600}:{tail}" if seconds >= 3600 else tail


def spoken_duration(duration_ms: int) -> str:
    seconds = max(0, duration_ms) // 1000
    hours, minutes = seconds // 3600, seconds // 60 % 60
    words = f"{hours}時間" if hours else ""
    words += f"{minutes}分" if hours or minutes else ""
    return f"{words}{seconds % 60}秒"


def day(on: date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"


def moment(at: datetime) -> str:
    """Return *at* in Japan's time, to the minute."""
    local = at.astimezone(JAPAN)
    return f"{day(local.date())} {local.hour}時{local.minute:02}分"


def _when(began_at: datetime, ended_at: datetime) -> str:
    began, ended = began_at.astimezone(JAPAN), ended_at.astimezone(JAPAN)
    until = f"{ended.hour}時{ended.minute:02}分"
    if ended.date() != began.date():
        until = f"{day(ended.date())} {until}"
    return (
        f"{day(began.date())}({_WEEKDAYS[began.weekday()]}曜日) "
        f"{began.hour}時{began.minute:02}分から{until}まで(日本時間)"
    )


def _staff(record: CallRecord) -> str:
    who = f"電話対応職員(職員ID {record.operator})" if record.operator else "職員IDの記録なし"
    return f"{record.section} {who}".strip()


def _joined(stays: Sequence[Stay]) -> str:
    if not stays:
        return "加わった職員はいない。"
    return "\n".join(
        f"監督者(職員ID {stay.login}) {clock(stay.from_ms)}から"
        f"{clock(stay.until_ms) + 'まで' if stay.until_ms is not None else '通話の終わりまで'}"
        f"({'音を聞いて' if stay.listening else '画面で'}加わった)"
        for stay in stays
    )


def _earlier(record: CallRecord) -> str:
    if not record.number_known:
        calls = "同じ番号からの通話を照合できる記録がない。"
    elif not record.earlier_90_days:
        calls = "同じ番号からの通話は、過去90日間に記録がない。"
    else:
        calls = (
            f"同じ番号からの通話は、過去90日間に{record.earlier_90_days}件"
            f"(うち24時間以内に{record.earlier_24_hours}件)。同じ人とは限らない。"
        )
    return "\n".join((calls, *(_measure(one) for one in record.measures))) + (
        "" if record.measures else "\n実施中の対応制限はない。"
    )


def _measure(one: InForce) -> str:
    return f"対応制限「{one.label}」 {day(one.begins_on)}から{day(one.ends_on)}まで"


def _demand(record: CallRecord) -> str:
    if record.demand_stated < 2:
        return record.demand
    return f"{record.demand}(通話の中で{record.demand_stated}回)"


def _clauses(clauses: Sequence[Clause], of_what: str) -> str:
    if not clauses:
        return f"{of_what}について、方針の例に当たるおそれのある発言は検知されていない。"
    return "\n".join(
        f"・{one.clause}(おそれ・{LEVELS[Severity(one.severity)].label}、{one.times}回)"
        for one in clauses
    )


def _course(record: CallRecord) -> str:
    end = Moment(record.duration_ms, "通話終了")
    turns = sorted(
        (
            Moment(0, "通話開始"),
            *record.turns,
            *(Moment(one.at_ms, f"警告({one.number}回目)") for one in record.warnings),
            end,
        ),
        key=lambda one: one.at_ms,
    )
    return "\n".join(f"{clock(one.at_ms)} {one.words}" for one in turns)


def _warnings(warnings: Sequence[Warned]) -> str:
    if not warnings:
        return "警告は記録されていない。"
    return "\n".join(
        f"{one.number}回目 {clock(one.at_ms)} 「{one.words or NO_RECORD}」"
        f"({'職員の操作による記録' if one.pressed else '職員の発言による記録'})"
        for one in warnings
    )


def _ended(record: CallRecord) -> str:
    how = _ENDS.get(record.end_reason, "電話が切れた。どちらから切ったかは記録されていない。")
    if record.ended_by:
        how = f"職員(職員ID {record.ended_by})が画面から通話を終えた。"
    level = LEVELS[Severity(record.top_level)].label
    return f"{how}最高の段階は「{level}」、区分は「{OUTCOMES[Outcome(record.outcome)]}」。"


def _reported(called_at: datetime | None) -> str:
    police = (
        f"110番へ通報した({moment(called_at)}、画面の記録による)。"
        if called_at is not None
        else "警察への通報は記録されていない。"
    )
    return f"{police}\n弁護士への相談は記録されていない。"


def _recording(record: CallRecord) -> str:
    announced = "録音のお知らせあり" if record.announced else "録音のお知らせの記録なし"
    return f"{announced}。{_RECORDED[record.recorded]}。"


def _rest(record: CallRecord) -> str:
    if record.break_answer == "given":
        return "休憩を取ることとした。"
    if record.break_answer == "declined":
        return "休憩を提案したが、不要との返事だった。"
    return "休憩を提案した。返事は記録されていない。" if record.break_proposed else NO_RECORD


def _judgement(record: CallRecord) -> str:
    if not record.verdict:
        return "該当性の判断はまだ記録されていない。"
    words = VERDICTS.get(record.verdict, record.verdict)
    return f"{words}(意見が分かれている)" if record.verdict_differing else words
