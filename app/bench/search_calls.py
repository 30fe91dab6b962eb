"""Adapter: calls for the search to look through: lines of the corpora, each varied, no two talks alike."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

BEGIN: Final = datetime(2025, 4, 1, tzinfo=UTC)
LINE_MS: Final = 4_200
SECTIONS: Final = (
    "市民課",
    "税務課",
    "道路課",
    "福祉課",
    "保険年金課",
    "環境課",
    "建築課",
    "子育て課",
)
CATEGORIES: Final = (
    "mental_attack",
    "persistence",
    "intimidation",
    "apology",
    "compensation",
    "sexual",
)
RARE: Final = "除雪車庫の合鍵"
"""Said in one call of five thousand."""
_OPENINGS: Final = (
    "",
    "",
    "",
    "あの、",
    "ええと、",
    "それで、",
    "ですから、",
    "だから、",
    "あのですね、",
    "すみません、",
)
_PLACES: Final = ("大麻", "野幌", "東町", "元町", "文京台", "見晴台", "上江別", "朝日町", "緑町", "幸町")  # fmt: skip
_THINGS: Final = (
    "納付書", "街灯", "道路の穴", "ごみの収集", "保育園の申込み", "住民票", "印鑑登録", "固定資産税",
    "水道料金", "国民健康保険", "介護の認定", "児童手当", "市営住宅", "除雪", "騒音", "側溝", "選挙の葉書",
    "戸籍の証明", "公園の遊具", "図書館の本", "予防接種", "墓地の使用料", "自転車の撤去", "野良猫",
)  # fmt: skip
_TAILS: Final = (
    "", "", "", "、{place}の{thing}の件で", "、{thing}のことですけど", "、{n}日前に電話した者です",
    "、{place}の{n}番地のところです", "、窓口で{n}分待ちました", "、{thing}はどうなりましたか", "、{n}回目です",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MadeCall:
    call_id: str
    section: str
    began: datetime
    level: int
    category: str
    false_alarm: bool
    caller: int
    """Which of some thousand callers."""
    lines: tuple[tuple[str, str], ...]
    """Track and words."""

    @property
    def duration_ms(self) -> int:
        return len(self.lines) * LINE_MS


def made_calls(
    utterances: int, callers: Sequence[str], operators: Sequence[str], seed: int = 7
) -> Iterator[MadeCall]:
    """Yield calls until they hold *utterances*; the same *seed* makes the same ones."""
    chance = random.Random(seed)  # noqa: S311 - sentences, no secrets
    made, number = 0, 0
    while made < utterances:
        number += 1
        # Most calls are short; one in two hundred goes on for hours.
        length = chance.randint(600, 1_500) if chance.random() < 0.005 else chance.randint(8, 82)
        length = min(length, utterances - made)
        lines = [_line(chance, callers, operators) for _ in range(length)]
        if number % 5_000 == 1:
            lines[-1] = ("caller", f"昨日の{RARE}を返してください")
        level = chance.choices((0, 1, 2, 3), (80, 12, 6, 2))[0]
        made += length
        yield MadeCall(
            call_id=f"bench-{number:07}",
            section=chance.choice(SECTIONS),
            began=BEGIN + timedelta(minutes=11 * number, seconds=chance.randint(0, 600)),
            level=level,
            category=chance.choice(CATEGORIES) if level else "",
            false_alarm=level > 0 and chance.random() < 0.1,
            caller=chance.randint(0, 4_999),
            lines=tuple(lines),
        )


def _line(
    chance: random.Random, callers: Sequence[str], operators: Sequence[str]
) -> tuple[str, str]:
    by_caller = chance.random() < 0.55
    said = chance.choice(callers if by_caller else operators).rstrip("。")
    tail = chance.choice(_TAILS).format(
        place=chance.choice(_PLACES), thing=chance.choice(_THINGS), n=chance.randint(2, 90)
    )
    return (
        "caller" if by_caller else "operator",
        f"{chance.choice(_OPENINGS)}{said}{tail}。",
    )
