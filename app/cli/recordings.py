"""Glue: ``mimamori recordings``: sealing all recordings' keys anew, and reading every recording through."""

from __future__ import annotations

from typing import Final

import anyio.to_thread
import typer
from rich.console import Console
from rich.progress import Progress

from app.cli.options import JsonOption, load_settings, print_json, run
from app.clock import SystemClock
from app.key_file import add_key
from app.log import configure_logs
from app.privacy.numbers import reseal as reseal_numbers
from app.recordings.library import RecordingLibrary
from app.recordings.upkeep import Checked, Resealed, check_recordings, reseal_keys
from app.sealing import FILE_NAME, open_record_keys
from app.trail.acting import COMMAND_LINE, Acting, acting
from app.trail.chain import Deed
from app.trail.opening import open_trailed_database
from app.trail.writing import record

NOT_ALL: Final = 1
"""Exit code where a recording does not open."""
WHY: Final = {
    "recording_key_missing": "開く鍵が record_keys にありません",
    "recording_damaged": "ファイルがないか、書かれたときのままではありません",
}

recordings_app = typer.Typer(
    name="recordings",
    help="録音を確かめ、録音の鍵を新しい鍵で封じ直します。",
    no_args_is_help=True,
)


@recordings_app.command("new-key")
def new_key(as_json: JsonOption = False) -> None:
    """record_keys のいちばん上に、新しい鍵を足します。

    次にサーバーを再起動したときから、新しい録音と電話番号はこの鍵で封じます。それまでの録音は
    「mimamori recordings reseal」で封じ直します。足したら、record_keys の控えを取り直してください。
    """
    settings = load_settings()

    async def work() -> str:
        file = settings.data_dir / FILE_NAME
        await anyio.to_thread.run_sync(open_record_keys, settings.data_dir)
        async with open_trailed_database(settings, SystemClock()) as database:
            acting.set(Acting(COMMAND_LINE))
            key_id = await anyio.to_thread.run_sync(add_key, file)
            async with database.transaction() as session:
                await record(session, Deed("record_key.added", subject=key_id))
        return key_id

    key_id = run(work)
    if as_json:
        print_json({"key_id": key_id})
    else:
        typer.echo(
            f"新しい鍵 {key_id} を足しました。サーバーを再起動してから、"
            "「mimamori recordings reseal」を実行してください。"
        )


@recordings_app.command("reseal")
def reseal(as_json: JsonOption = False) -> None:
    """すべての録音の鍵と電話番号を、record_keys のいちばん上の鍵で封じ直します。

    録音そのものには触れないので、すぐに終わります。途中で止めても、もう一度実行すれば続きから
    進みます。鍵を替える手順:「mimamori recordings new-key」で新しい鍵を足し、サーバーを再起動
    してから、このコマンドを実行します。開けないものが残らなければ、古い鍵の行は消してもかまいません
    (古い控えを戻すことがあるうちは、消さずに保管してください)。
    """
    settings = load_settings()

    async def work() -> tuple[Resealed, int]:
        keys = await anyio.to_thread.run_sync(open_record_keys, settings.data_dir)
        async with open_trailed_database(settings, SystemClock()) as database:
            acting.set(Acting(COMMAND_LINE))
            with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
                task = bar.add_task("封じ直しています", total=None)
                resealed = await reseal_keys(
                    database,
                    keys,
                    lambda done, of: bar.update(task, completed=done, total=of),
                )
                return resealed, await reseal_numbers(database, keys)

    done, numbers = run(work)
    if as_json:
        print_json(
            {
                "resealed": done.done,
                "already": done.already,
                "unopened": list(done.unopened),
                "numbers": numbers,
            }
        )
    else:
        typer.echo(
            f"{done.done} 件の録音の鍵(済んでいたもの {done.already} 件)と、{numbers} 件の電話番号を"
            "封じ直しました。"
        )
        for call_id in done.unopened:
            typer.echo(f"通話 {call_id}: 開く鍵が record_keys にないため、そのままです。", err=True)
    if done.unopened:
        raise typer.Exit(NOT_ALL)


@recordings_app.command("check")
def check(as_json: JsonOption = False) -> None:
    """すべての録音を最後まで読み、開けないものを示します。何も変えません。

    開けないものがあると、終了コード 1 で終わります。
    """
    settings = load_settings()
    configure_logs(settings.log_level)  # what does not open is logged: not on standard output

    async def work() -> Checked:
        keys = await anyio.to_thread.run_sync(open_record_keys, settings.data_dir)
        async with open_trailed_database(settings, SystemClock()) as database:
            library = RecordingLibrary(database, keys, settings.recordings_folder)
            with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
                task = bar.add_task("確かめています", total=None)
                return await check_recordings(
                    library, lambda done, of: bar.update(task, completed=done, total=of)
                )

    checked = run(work)
    if as_json:
        print_json(
            {
                "whole": checked.whole,
                "unfinished": checked.unfinished,
                "troubles": [
                    {"call_id": one.call_id, "code": one.code} for one in checked.troubles
                ],
                "strays": checked.strays,
            }
        )
    else:
        typer.echo(_told(checked))
    if checked.troubles:
        raise typer.Exit(NOT_ALL)


def _told(checked: Checked) -> str:
    lines = [f"通話 {one.call_id}: {WHY[one.code]}。" for one in checked.troubles]
    lines.append(f"最後まで読めた録音 {checked.whole + checked.unfinished} 件。")
    if checked.unfinished:
        lines.append(
            f"うち {checked.unfinished} 件は、録音中か、サーバーが急に止まったため終わりの印がありません。"
        )
    if checked.strays:
        lines.append(
            f"どの通話のものでもないファイルが {checked.strays} 個あります。消してもかまいません。"
        )
    return "\n".join(lines)
