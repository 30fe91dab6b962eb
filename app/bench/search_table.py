"""Pure: how long searches take, as a table for people and for docs/search.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def search_table(result: Mapping[str, Any]) -> str:
    """Return the figures of ``mimamori bench search`` for people."""
    build, every = result["build"], result["latency_ms"]
    write = build["write_ms"]
    sizes = "、".join(f"{_SIZES[name]} {size} MB" for name, size in result["sizes_mb"].items())
    lines = [
        f"{result['database']} {result['utterances']:,} 発話 {result['calls']:,} 通話",
        f"索引 {sizes}",
        f"索引を作る {build['seconds']} 秒(うち言葉の準備 {build['preparing_seconds']} 秒)",
        f"1 通話の書き込み p50 {write['p50']} p95 {write['p95']} 最大 {write['max']} ms",
        f"すべての問い p50 {every['p50']} p95 {every['p95']} 最大 {every['max']} ms",
        "",
        "| 問い | 言葉 | 件数 | はじめて ms | p50 ms | p95 ms | 最大 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(row) for row in result["queries"]]
    return "\n".join(lines) + "\n"


_SIZES = {
    "words_and_readings": "言葉と読み",
    "pieces": "逆引き",
    "database": "データベース全体",
}


def _row(row: Mapping[str, Any]) -> str:
    more = "以上" if row["more_than_counted"] else ""
    count = f"{row['count']:,}{more}" if row["count"] is not None else "–"
    figures = " | ".join(str(row[key]) for key in ("first_ms", "p50_ms", "p95_ms", "max_ms"))
    return f"| {row['kind']} | {row['typed'] or '–'} | {count} | {figures} |"
