"""Glue: ``mimamori statistics``: the office's figures as a file, with the same numbers hidden as on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import anyio.to_thread
import typer

from app.auth.identity import Identity, Role
from app.cli.options import JsonOption, fail, load_settings, print_json, run
from app.clock import SystemClock
from app.japan import JAPAN
from app.statistics.desk import StatisticsDesk
from app.statistics.documents import csv_of, xlsx_of
from app.statistics.periods import period_named
from app.statistics.schemas import StatisticsOut
from app.trail.acting import COMMAND_LINE, Acting, acting
from app.trail.chain import Deed
from app.trail.opening import open_trailed_database
from app.trail.writing import record


def statistics(
    out: Annotated[
        Path | None,
        typer.Argument(metavar="ファイル", help="書き込むファイル(.csv または .xlsx)。"),
    ] = None,
    first: Annotated[
        str, typer.Option("--first", metavar="年月", help="始めの月。例: 2026-04")
    ] = "",
    last: Annotated[str, typer.Option("--last", metavar="年月", help="終わりの月。")] = "",
    compare: Annotated[bool, typer.Option("--compare", help="前年同期も並べます。")] = False,
    as_json: JsonOption = False,
) -> None:
    """庁内全体の通話の統計を書き出します。

    期間を指定しないと、今の年度です。少ない件数は、画面と同じように「5未満」「秘匿」とします。
    職員一人ひとりの統計はありません。
    """
    if out is None and not as_json:
        fail("書き込むファイルを指定するか、--json を付けてください。")
    if out is not None and out.suffix not in (".csv", ".xlsx"):
        fail("ファイルの名前は .csv か .xlsx で終わるようにしてください。")
    settings = load_settings()

    async def work() -> StatisticsOut:
        clock = SystemClock()
        async with open_trailed_database(settings, clock) as database:
            acting.set(Acting(COMMAND_LINE))
            desk = StatisticsDesk(database, clock, settings.statistics)
            today = clock.now().astimezone(JAPAN).date()
            period = period_named(first or None, last or None, today)
            whole = Identity(COMMAND_LINE, COMMAND_LINE, Role.ADMINISTRATOR, "")
            figures = await desk.answer(whole, period, section=None, compare=compare)
            async with database.transaction() as session:
                told = f"{figures.first}..{figures.last} {out.suffix[1:] if out else 'json'}"
                await record(session, Deed("statistics.exported", subject=told))
        if out is not None:
            write = csv_of if out.suffix == ".csv" else xlsx_of
            written = await anyio.to_thread.run_sync(write, figures)
            await anyio.Path(out).write_bytes(written)
        return figures

    figures = run(work)
    if as_json:
        print_json(figures.model_dump(mode="json"))
    elif out is not None:
        typer.echo(f"{figures.first} から {figures.last} までの統計を {out} に書き込みました。")
