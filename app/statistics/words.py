"""Pure: what the figures are called. The one place where a measure becomes what a person in the office reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.screens.words import CATEGORIES, LEVELS, OUTCOMES
from app.statistics.facts import HELD_MINUTES, HOURS, NOT_JUDGED, NOT_NEEDED
from app.statistics.figures import OTHER_SECTIONS
from detection.types import Category, Outcome, Severity

HARASSMENT: Final = "該当"
NOT_HARASSMENT: Final = "非該当"
UNDECIDED: Final = "判断保留"
JUDGEMENTS: Final = {
    "harassment": HARASSMENT,
    "not_harassment": NOT_HARASSMENT,
    "undecided": UNDECIDED,
    NOT_JUDGED: "未判断",
    NOT_NEEDED: "判断の対象外(お知らせも見落としの印もない通話)",
}
WEEKDAYS: Final = ("月", "火", "水", "木", "金", "土", "日")
_HOURS: Final = {HOURS[0]: "8時より前", HOURS[-1]: "18時以後"}
_HELD: Final = {HELD_MINUTES[0]: "5分未満", HELD_MINUTES[-1]: "60分以上"}
FAMILIES: Final[Mapping[str, str]] = {
    "apology": "謝罪の要求",
    "compensation": "補償の要求",
    "conversation": "会話の流れ(繰り返し・長さ・平行線)",
    "no_fault": "過失のない要求",
    "unrelated": "関係のない要求",
    "discrimination": "差別的な言動",
    "intimidation": "威圧的な言動",
    "meaning": "意味の読み取り",
    "mental": "脅迫・侮辱・暴言",
    "persistence": "繰り返し",
    "personal": "職員個人への言動",
    "physical": "身体的な攻撃",
    "restraint": "長時間の拘束",
    "sexual": "性的な言動",
    "frame": "脅迫の言い回し",
    "veiled": "遠回しの脅迫",
}
"""By the first part of the rules' ids; others are named by it."""

ALL_CALLS: Final = "すべての通話"
SMALL: Final = "{n}未満"
HIDDEN: Final = "秘匿"
NONE: Final = "−"


@dataclass(frozen=True, slots=True)
class TableWords:
    title: str
    head: str
    """Heads the column of the rows' names."""
    note: str = ""


TABLES: Final[Mapping[str, TableWords]] = {
    "months": TableWords(
        "月ごとの通話", "月", "通話は、始まった月に数えます。終わっていない通話は数えません。"
    ),
    "sections": TableWords(
        "課ごとの通話",
        "課",
        "電話に出た職員が少ない課は、個人の件数と同じにならないよう、「そのほかの課」にまとめています。",
    ),
    "outcomes": TableWords(
        "結果ごとの通話",
        "結果",
        "お知らせが一度でもあり、誤検知とされていない通話は、「カスハラのおそれ」に数えます。",
    ),
    "categories": TableWords(
        "区分ごとのおそれと誤検知",
        "区分",
        "一つの通話が、いくつかの区分に当たることがあります。合計は通話の数と一致しません。",
    ),
    "levels": TableWords(
        "段階ごとの通話", "最も高かった段階", "その通話で最も高くなった段階です。"
    ),
    "judgements": TableWords(
        "監査担当者の判断",
        "判断",
        "いま立っている判断です。意見が分かれている通話は、判断保留に数えます。",
    ),
    "hours": TableWords("時間帯ごとの通話", "時間帯", "通話が始まった時刻(日本時間)です。"),
    "weekdays": TableWords("曜日ごとの通話", "曜日"),
    "held": TableWords("通話の長さ", "長さ"),
    "warnings": TableWords("お伝えした警告", "回数", "職員が実際にお伝えした警告の回数です。"),
    "rules": TableWords(
        "検知ルールの種類ごとの誤検知",
        "ルールの種類",
        "誤検知とされなかったお知らせは、正しかったものとして数えます。",
    ),
    "work": TableWords("見落とし・対応・繰り返し", "項目"),
    "help": TableWords(
        "応援要請と、来るまでの時間",
        "項目",
        "応援を求めてから、監督者が加わるか、応援要請が終わるまでの時間です。個人の評価には使いません。",
    ),
    "recognition": TableWords("聞き取りの状態", "項目"),
}

COLUMNS: Final[Mapping[str, str]] = {
    "calls": "通話",
    "suspected": "うちカスハラのおそれ",
    "ordinary": OUTCOMES[Outcome.ORDINARY],
    "complaint": OUTCOMES[Outcome.LEGITIMATE_COMPLAINT],
    "harassment": "おそれのある通話",
    "judged": "該当と判断",
    "alerts": "お知らせ",
    "false": "うち誤検知",
    "share": "誤検知の割合",
    "number": "件数",
    "figure": "値",
}

ITEMS: Final[Mapping[str, str]] = {
    "missed_marked": "見落としの印が付いた通話",
    "missed_judged": "お知らせがなく、該当と判断された通話",
    "ended_by_office": "職員から終えた通話(終了の操作、または終了のご案内)",
    "repeated": "30日以内に同じ番号からかかった通話(人の数ではありません)",
    "breaks": "休憩をご提案した通話",
    "measures": "期間の最終日に実施中の対応制限",
    "all_alerts": "お知らせ",
    "all_alerts_false": "お知らせのうち誤検知",
    "help_asked": "応援を求めた通話",
    "help_unanswered": "応援が来ないまま終わった通話",
    "help_share": "応援が来なかった割合",
    "help_median": "来るまでの時間(中央値)",
    "help_p90": "来るまでの時間(90%がこれ以内)",
    "mean_held": "1通話の平均の長さ",
    "gaps": "聞き取れなかった区間(音声1時間あたり)",
    "hours": "聞き取った音声",
}

UNITS: Final[Mapping[str, str]] = {
    "percent": "{n}%",
    "seconds": "{n}秒",
    "minutes": "{n}分",
    "hours": "{n}時間",
    "times": "{n}回",
    "count": "{n}",
}


def row_words(table: str, key: str) -> str:
    """Return what a row is called; sections and months name themselves."""
    match table:
        case "categories":
            return CATEGORIES[Category(key)].label
        case "outcomes":
            return OUTCOMES[Outcome(key)]
        case "levels":
            return LEVELS[Severity(int(key))].label
        case "judgements":
            return JUDGEMENTS[key]
        case "hours":
            return _HOURS.get(key, f"{int(key)}時台" if key.isdigit() else key)
        case "weekdays":
            return f"{WEEKDAYS[int(key)]}曜日"
        case "held":
            low, _, high = key.partition("-")
            return _HELD.get(key, f"{low}分以上{high}分未満")
        case "warnings":
            return {"0": "警告なし", "3": "3回以上"}.get(key, f"{key}回")
        case "rules":
            return FAMILIES.get(key, key)
        case "sections":
            return "そのほかの課" if key == OTHER_SECTIONS else key or "課の指定なし"
        case "months":
            year, month = key.split("-")
            return f"{year}年{int(month)}月"
        case _:
            return ITEMS[key]


def every_word() -> set[str]:
    """Return every text that the pages show in the reader's language."""
    rows = {
        row_words(table, key)
        for table, keys in {
            "judgements": tuple(JUDGEMENTS),
            "hours": HOURS,
            "weekdays": tuple("0123456"),
            "held": HELD_MINUTES,
            "warnings": tuple("0123"),
            "rules": tuple(FAMILIES),
            "sections": (OTHER_SECTIONS, ""),
        }.items()
        for key in keys
    }
    titles = {word for one in TABLES.values() for word in (one.title, one.head, one.note) if word}
    told = {ALL_CALLS, SMALL, HIDDEN, *UNITS.values()} - {"{n}"}
    return rows | titles | set(COLUMNS.values()) | set(ITEMS.values()) | told


def cell_words(value: float | None, unit: str, least: int, *, small: bool) -> str:
    """Return a number as it stands in a table, in Japanese."""
    if value is None:
        return SMALL.replace("{n}", str(least)) if small else HIDDEN if unit == "count" else NONE
    number = f"{value:,.1f}" if unit == "times" else f"{round(value):,}"
    return UNITS[unit].replace("{n}", number)
