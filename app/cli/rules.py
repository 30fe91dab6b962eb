"""Glue: ``mimamori rules``: how often each rule was right, and which ones a person should look at."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from app.cli.options import JsonOption, load_settings, print_json, print_table, run
from app.clock import SystemClock
from app.db import open_database
from app.feedback.precision import Count
from app.feedback.reviewing import DAYS, MOST_DAYS, rule_table
from app.feedback.rule_words import category_words
from app.feedback.schemas import rules_out
from app.feedback.table import RuleLine, RuleTable
from app.feedback.wording import reason_for, share_of

DaysOption = Annotated[int, typer.Option("--days", min=1, max=MOST_DAYS, help="数える日数。")]


def rules(days: DaysOption = DAYS, as_json: JsonOption = False) -> None:
    """検知ルールごとに、お知らせと誤検知の数、正しかった割合を表示します。

    終了した通話だけを数えます。見直しをお勧めするルールを、先に理由とともに示します。通話の言葉は表示しません。
    """
    settings = load_settings()

    async def work() -> RuleTable:
        async with open_database(settings.async_database_url) as database:
            return await rule_table(database, SystemClock().now(), settings.feedback, days)

    table = run(work)
    if as_json:
        print_json(rules_out(table).model_dump(mode="json"))
        return
    if not table.lines:
        typer.echo(f"この{days}日間に、お知らせのあった通話はありません。")
        return
    for line in table.lines:
        if line.proposal is not None:
            typer.echo(f"{line.rule}: {reason_for(line.proposal)}")
    print_table(_printed(table))


def _printed(table: RuleTable) -> Table:
    printed = Table("ルール", "種類", "お知らせ", "誤検知", "正しかった割合", "取り下げ", "状態")
    for line in table.lines:
        record = line.record
        count = record.count if record else Count()
        printed.add_row(
            line.rule,
            category_words(line.category),
            str(count.raised),
            str(count.false),
            share_of(count),
            str(record.withdrawn if record else 0),
            _state(line),
        )
    return printed


def _state(line: RuleLine) -> str:
    if line.standing.switched_off is not None:
        return "使わない"
    if line.proposal is not None:
        return "見直しをお勧め"
    return "見直し済み" if line.standing.reviewed is not None else ""
