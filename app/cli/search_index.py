"""Glue: ``mimamori search-index``: what was said in ended calls, brought into the index of the search now."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import func, select, update

from app.cli.options import JsonOption, load_settings, print_json, run
from app.clock import SystemClock
from app.db import Database
from app.search.filling import fill, overwrite_forgotten
from app.search.index import waiting_count
from app.search.models import SearchedCall
from app.trail.opening import open_trailed_database

OUT_OF_DATE: Final = ""
AT_ONCE: Final = 20


def search_index(
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="すでに準備のできている通話も、はじめから作り直します。"),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """終了した通話の言葉を、検索できるように準備します。

    動いているサーバーが自分で行うので、ふだんは要りません。大量の記録を移したあとや、伏せ字の規則を
    変えたあと(--rebuild)に使います。サーバーを止める必要はなく、途中で止めても続きから再開できます。
    作り直しの間、まだの通話は古い内容のまま検索されます。終わりに、削除された通話の跡を上書きします。
    """
    settings = load_settings()

    async def work() -> tuple[int, int]:
        clock = SystemClock()
        async with open_trailed_database(settings, clock) as database:
            if rebuild:
                await _let_all_wait(database)
            with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
                task = bar.add_task("準備しています", total=None)
                done = await fill(
                    database,
                    clock,
                    progress=lambda now, of: bar.update(task, completed=now, total=of),
                )
                bar.update(task, description="上書きしています", total=None)
                await overwrite_forgotten(database)
            async with database.transaction() as session:
                return done, await waiting_count(session)

    done, waiting = run(work)
    if as_json:
        print_json({"calls": done, "waiting": waiting})
    else:
        typer.echo(f"{done} 件の通話を検索できるようにしました。")
        if waiting:
            typer.echo(
                f"{waiting} 件は、まだ準備できていません。続くときは、サーバーのログにある通話の番号を添えて"
                "開発元に連絡してください。",
                err=True,
            )


async def _let_all_wait(database: Database) -> None:
    async with database.transaction() as session:
        last = await session.scalar(select(func.max(SearchedCall.number))) or 0
    for number in range(0, last + 1, AT_ONCE):
        # In small lots: a row holds all words of a call, and nobody else writes meanwhile.
        async with database.transaction() as session:
            await session.execute(
                update(SearchedCall)
                .where(SearchedCall.number.between(number, number + AT_ONCE - 1))
                .values(version=OUT_OF_DATE)
            )
