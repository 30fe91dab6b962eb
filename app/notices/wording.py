"""Pure: what a notice says, in the words of the screens. The caller's words only where the route has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.japan import JAPAN
from app.notices.choosing import NoticeKind
from app.screens.words import CATEGORIES, LEVELS, OUTCOMES
from detection.types import Category, Outcome, Severity

LONGEST_QUOTE: Final = 200
NO_SECTION: Final = "(課の設定なし)"

_ASK: Final = "画面で通話の様子をご確認ください。どう対応するかは、職員が判断します。"
_TEST: Final = "設定の確認のために送った、テストのお知らせです。対応の必要はありません。"


@dataclass(frozen=True, slots=True)
class Notice:
    notice_id: str
    """The same at every try, so that a receiver knows one that comes twice."""
    kind: NoticeKind
    at: datetime
    level: int = 0
    outcome: str = Outcome.ORDINARY.value
    categories: tuple[str, ...] = ()
    section: str = ""
    call_id: str = ""
    url: str = ""
    """Of the call's page; of the first page in a test."""
    operator_name: str = field(default="", repr=False)
    """Empty unless the route has it, like the two below."""
    caller_number: str = field(default="", repr=False)
    quote: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    title: str
    facts: tuple[tuple[str, str], ...]
    """Label and value, each on one line."""
    closing: str
    link_label: str
    url: str

    @property
    def lines(self) -> tuple[str, ...]:
        return (*(f"{label}: {value}" for label, value in self.facts), self.closing)


def message_of(notice: Notice) -> Message:
    """Return *notice* as people read it, in whichever channel."""
    if notice.kind is NoticeKind.TEST:
        return Message(
            "【テスト】見守りからのお知らせ", _facts(notice), _TEST, "見守りを開く", notice.url
        )
    return Message(_title(notice), _facts(notice), _ASK, "通話を開く", notice.url)


def level_label(level: int) -> str:
    return LEVELS[Severity(min(max(level, 0), 3))].label


def category_labels(categories: Sequence[str]) -> tuple[str, ...]:
    """Return the screens' words; an id that they do not know, from a later version, stays as it is."""
    known = {category.value: words.label for category, words in CATEGORIES.items()}
    return tuple(known.get(category, category) for category in categories)


def outcome_label(outcome: str) -> str:
    return {key.value: words for key, words in OUTCOMES.items()}.get(outcome, outcome)


def local_time(at: datetime) -> str:
    there = at.astimezone(JAPAN)
    return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M:%S}"


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def shortened(quote: str) -> str:
    plain = in_one_line(quote)
    return plain if len(plain) <= LONGEST_QUOTE else plain[: LONGEST_QUOTE - 1] + "…"


def _title(notice: Notice) -> str:
    section = in_one_line(notice.section) or "課の設定のない"
    match notice.kind:
        case NoticeKind.HELP:
            return f"【応援要請】{section}の通話"
        case NoticeKind.ENDED:
            return f"【通話終了】{section}の通話(最高の段階: {level_label(notice.level)})"
        case _:
            return f"【{level_label(notice.level)}】{section}の通話"


def _facts(notice: Notice) -> tuple[tuple[str, str], ...]:
    facts = [("時刻", local_time(notice.at))]
    if notice.kind is not NoticeKind.TEST:
        facts += [
            ("課", in_one_line(notice.section) or NO_SECTION),
            ("段階", level_label(notice.level)),
            ("判定", outcome_label(notice.outcome)),
        ]
        if notice.categories:
            facts.append(("おそれのある行為", "、".join(category_labels(notice.categories))))
    optional = (
        ("職員", notice.operator_name),
        ("相手の番号", notice.caller_number),
        ("発言(要確認)", f"「{shortened(notice.quote)}」" if notice.quote.strip() else ""),
    )
    facts += [(label, in_one_line(value)) for label, value in optional if value.strip()]
    facts.append(("お知らせ番号", notice.notice_id))
    return tuple(facts)


def in_order(categories: Sequence[str]) -> tuple[str, ...]:
    """Return each of *categories* once, in the order of the policy."""
    place = {category.value: number for number, category in enumerate(Category)}
    return tuple(sorted(set(categories), key=lambda name: (place.get(name, len(place)), name)))
