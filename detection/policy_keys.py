"""Pure: everything that a policy file can say: each key with its unit, its range and what it is for, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from detection.policy import CLAUSES, MINIMUM_SCORE, MOST_ALERTS_SHOWN, NEVER_HELD_DOWN, Policy
from detection.types import Category, Severity

Stated = bool | int | float | tuple[str, ...]
"""A value as a file states it: minutes and seconds, not milliseconds."""

TEXTS: Final = ("name", "version", "title", "note")
"""Above the first section; only ``note`` may be left out."""
LONGEST_VERSION: Final = 64
"""Characters: every call, every decision and every trial is kept with it."""


class Form(StrEnum):
    WHOLE = "whole"
    SHARE = "share"
    TRUTH = "truth"
    CATEGORIES = "categories"


@dataclass(frozen=True, slots=True)
class Key:
    section: str
    name: str
    attribute: str
    """Of the policy."""
    label: str
    """What it decides, in the office's words."""
    form: Form = Form.WHOLE
    low: float = 0
    high: float = 1
    unit: str = ""
    scale: int = 1
    """So many of the policy's units are one of the file's."""
    member: Category | Severity | None = None
    """Where the attribute holds one value for each category or severity: which one."""

    @property
    def path(self) -> str:
        return f"{self.section}.{self.name}"

    def stated(self, policy: Policy) -> Stated | None:
        """Return what *policy* says about it, in the file's unit; None where it says nothing."""
        value = getattr(policy, self.attribute)
        if self.member is not None:
            value = value.get(self.member)
        if value is None:
            return None
        if self.form is Form.TRUTH:
            return bool(value)
        if self.form is Form.CATEGORIES:
            return tuple(category.value for category in Category if category in value)
        return int(value) // self.scale if self.form is Form.WHOLE else float(value)


_SEVERITIES: Final = {
    Severity.CAUTION: ("caution", "注意の言葉"),
    Severity.WARNING: ("warning", "警告の言葉"),
    Severity.STOP: ("stop", "危害の予告"),
}


def _minutes(name: str, attribute: str, label: str) -> Key:
    return Key("minutes", name, attribute, label, Form.WHOLE, 1, 600, "分", 60_000)


def _seconds(section: str, name: str, attribute: str, label: str, low: int, high: int) -> Key:
    return Key(section, name, attribute, label, Form.WHOLE, low, high, "秒", 1_000)


def _whole(section: str, name: str, attribute: str, label: str, high: int, unit: str) -> Key:
    return Key(section, name, attribute, label, Form.WHOLE, 1, high, unit)


def _share(section: str, name: str, attribute: str, label: str, low: float = 0) -> Key:
    return Key(section, name, attribute, label, Form.SHARE, low, 1)


def _by_category_and_severity() -> Iterator[Key]:
    scores = "minimum_scores"
    for category, label in CLAUSES.items():
        high = MINIMUM_SCORE if category in NEVER_HELD_DOWN else 1
        yield Key(scores, category.value, scores, label, Form.SHARE, 0, high, member=category)
    scores = "minimum_scores_by_severity"
    for severity, (name, label) in _SEVERITIES.items():
        high = MINIMUM_SCORE if severity is Severity.STOP else 1
        yield Key(scores, name, scores, label, Form.SHARE, 0, high, member=severity)
    for category, label in CLAUSES.items():
        name = category.value
        yield Key(
            "severity", name, "severity_caps", label, Form.WHOLE, 1, 3, "段階", member=category
        )


KEYS: Final = (
    _whole(
        "levels",
        "first_severe_level",
        "first_severe_level",
        "初めての警告相当の発言で上がる段階",
        2,
        "段階",
    ),
    _whole("levels", "points_for_warning", "points_for_warning", "段階が警告になる点数", 20, "点"),
    _whole(
        "levels",
        "points_after_warning_for_close",
        "points_after_warning_for_close",
        "必要な警告の後、段階が打ち切りになる点数",
        20,
        "点",
    ),
    _seconds(
        "levels",
        "decay_after_s",
        "decay_after_ms",
        "新しい検知がないまま、段階が一つ下がるまで",
        10,
        3_600,
    ),
    _whole(
        "warnings", "before_close", "warnings_before_close", "打ち切りの前に必要な警告", 10, "回"
    ),
    Key("warnings", "requests_count", "requests_count", "お願いも警告に数えるか", Form.TRUTH),
    _minutes("held", "held_limit_ms", "話が進まない通話の上限"),
    _minutes("held_after_abuse", "held_after_abuse_limit_ms", "暴言などが繰り返された通話の上限"),
    _minutes("stalemate", "stalemate_limit_ms", "平行線になってからの上限"),
    _whole(
        "repetition",
        "returns_for_persistence",
        "returns_for_persistence",
        "繰り返しとみなす、回答の後の同じ要求",
        20,
        "回",
    ),
    _share("repetition", "same_demand", "same_demand", "同じ要求とみなす言葉の重なり", low=0.1),
    _whole("alerts", "shown", "alerts_shown", "同時に表示するお知らせ", MOST_ALERTS_SHOWN, "行"),
    _seconds(
        "alerts", "cooldown_s", "alert_cooldown_ms", "誤検知とした規則を止めておく時間", 0, 7_200
    ),
    _seconds("alerts", "lapse_s", "alert_lapse_ms", "動きのないお知らせを閉じるまで", 10, 7_200),
    Key(
        "alerts",
        "new_cautions_per_10_min",
        "new_cautions_per_10_min",
        "10分間に新しく出す注意のお知らせ",
        Form.WHOLE,
        0,
        100,
        "件",
    ),
    _share("doubt", "score_below", "check_below_score", "要確認とする検知の確かさ(これ未満)"),
    _share(
        "doubt",
        "confidence_below",
        "check_below_confidence",
        "要確認とする聞き取りの確かさ(これ未満)",
    ),
    *_by_category_and_severity(),
    Key("categories", "off", "categories_off", "判定しない分類", Form.CATEGORIES),
    Key(
        "demands",
        "forgiven_once",
        "forgiven_once",
        "一度目は苦情として受け止める要求",
        Form.CATEGORIES,
    ),
)

SECTIONS: Final = {
    "levels": "段階の上がり方と下がり方",
    "warnings": "警告の数え方",
    "minutes": "時間の上限(定めがなければ書かない)",
    "repetition": "同じ要求の繰り返し",
    "alerts": "画面のお知らせ",
    "doubt": "要確認とする境目",
    "minimum_scores": "数える検知の確かさ。分類にも重さにも定めがなければ 0.5",
    "minimum_scores_by_severity": "同じく、言葉の重さごと。分類にも定めがあれば両方を満たすものだけを数える",
    "severity": "分類ごとの最も重い段階。危害の予告には及ばない",
    "categories": "判定しない分類",
    "demands": "正当な苦情として受け止める要求",
}
"""The tables of a file, in order, with what each is about."""


def keys_of(section: str) -> tuple[Key, ...]:
    return tuple(key for key in KEYS if key.section == section)
