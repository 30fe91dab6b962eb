"""Pure: the same calls judged under several policies, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.evaluation.report import KINDS, Run, calls_json, number, percent
from detection.measures import CallMeasures, Share


@dataclass(frozen=True, slots=True)
class JudgedCalls:
    """What one policy made of the calls."""

    run: Run
    found: CallMeasures


def compared_json(judged: Mapping[str, JudgedCalls]) -> dict[str, Any]:
    """Return one object for each policy, by the name under which it was asked for."""
    first = next(iter(judged.values())).run
    return {
        "evaluation": "calls",
        "file": first.file,
        "count": first.count,
        "policies": [
            {"policy": name, **calls_json(one.run, one.found)} for name, one in judged.items()
        ],
    }


def compared_tables(judged: Mapping[str, JudgedCalls]) -> RenderableType:
    """Return one table with a column for each policy."""
    first = next(iter(judged.values())).run
    table = Table(title="方針ごとの判定", title_justify="left")
    table.add_column(overflow="fold")
    for name in judged:
        table.add_column(Text(name), justify="right")
    for label, cells in _rows([one.found for one in judged.values()]):
        table.add_row(label, *cells)
    title = f"通話の評価: {first.file}({first.count} 件、検知 {first.detector})"
    return Group(Text(title), table)


def _rows(found: Sequence[CallMeasures]) -> Iterator[tuple[str, list[str]]]:
    yield "再現率(お知らせのあったハラスメント通話)", [_share(f.recall) for f in found]
    for kind in found[0].false_alarms:
        yield f"誤検知率({KINDS[kind]})", [_share(f.false_alarms[kind]) for f in found]
    yield "最初のお知らせまでの発言数(平均)", [number(_rounded(f.delay.mean)) for f in found]
    yield "  中央値", [number(f.delay.median) for f in found]
    yield "  最長", [number(f.delay.longest) for f in found]
    yield "  該当前のお知らせ(通話数)", [str(f.delay.early) for f in found]
    yield "  お知らせなし(通話数)", [str(f.delay.missed) for f in found]
    yield "最高段階の一致", [_share(f.level_agreement) for f in found]
    yield "最高段階の差が 1 以内", [_share(f.level_within_one) for f in found]
    yield "繰り返しの適合率", [percent(f.repetition.precision) for f in found]
    yield "繰り返しの再現率", [percent(f.repetition.recall) for f in found]


def _share(share: Share) -> str:
    return f"{percent(share.rate)}({share.count}/{share.of})"


def _rounded(turns: float | None) -> float | None:
    return None if turns is None else round(turns, 1)
