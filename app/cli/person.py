"""Glue: ``mimamori person``: what is kept of one person's calls, written out or erased. The number is only compared."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, cast

import anyio.to_thread
import typer
from rich.console import Console
from rich.progress import Progress

from app.callers.keys import CallerKeys, open_caller_keys
from app.callers.number import masked
from app.cli.options import JsonOption, fail, load_settings, print_json, run
from app.cli.purge import NOT_PROVED, opened_parts
from app.japan import JAPAN
from app.privacy.numbers import reading_numbers
from app.private_files import make_private_file
from app.recordings.library import RecordingLibrary
from app.retention.file_places import RecordingFiles
from app.retention.models import PurgeRun
from app.retention.person import (
    STAYS_WORDS,
    PersonCalls,
    Stays,
    calls_of_person,
    erase_person,
    hashes_of,
)
from app.retention.person_export import write_export
from app.retention.purging import Purged
from app.retention.running import PurgeParts
from app.retention.telling import is_proved, run_facts
from app.settings import Settings
from app.trail.acting import COMMAND_LINE
from app.trail.chain import Deed
from app.trail.writing import record

person_app = typer.Typer(
    name="person",
    help="一人の電話番号からの通話を、まとめて書き出し、または消去します。",
    no_args_is_help=True,
)

NumberArgument = Annotated[
    str,
    typer.Argument(
        metavar="番号",
        help="電話番号。省くとたずねます(コマンドの履歴に番号が残りません)。",
        show_default=False,
    ),
]


@person_app.command("export")
def export(
    to: Annotated[
        Path, typer.Option("--to", help="書き出すフォルダー。", file_okay=False, show_default=False)
    ],
    number: NumberArgument = "",
    as_json: JsonOption = False,
) -> None:
    """その番号からの通話について保存している内容を、ZIPファイルに書き出します。

    通話ごとの記録(JSON)、一覧(CSV)、読める形のまとめ(HTML)、録音のうち本人の声(WAV)と、各ファイルの
    SHA-256 が入ります。職員の名前と、会話に出た氏名・電話番号・住所などは伏せます。

    できたファイルは、渡し終えたら削除してください。
    """
    settings = load_settings()
    hashes = _hashes(settings, _asked(number))
    if not to.is_dir():
        fail(f"フォルダー {to} がありません。作ってから、もう一度実行してください。")

    async def work() -> tuple[Path, PersonCalls, int]:
        async with opened_parts(settings) as parts:
            found = await _found(parts, hashes)
            at = parts.clock.now().astimezone(JAPAN)
            file = to / f"mimamori-person-{at:%Y%m%d-%H%M%S}.zip"
            make_private_file(file)
            try:
                with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
                    task = bar.add_task("書き出しています", total=len(found.call_ids))
                    with file.open("wb") as target:
                        sounds = await write_export(
                            target,
                            parts.database,
                            _library(parts),
                            found.call_ids,
                            found.hashes,
                            number_of=reading_numbers(_library(parts).keys),
                            now=parts.clock.now(),
                            progress=lambda done, of: bar.update(task, completed=done, total=of),
                        )
                async with parts.database.transaction() as session:
                    await record(session, Deed("person.exported", subject="command-line"))
            except BaseException:
                with suppress(OSError):
                    file.unlink()
                raise
            return file, found, sounds

    file, found, sounds = run(work)
    if as_json:
        print_json({"file": str(file), "calls": len(found.call_ids), "recordings": sounds})
        return
    typer.echo(
        f"{file} に {len(found.call_ids)}件の通話(録音 {sounds}件)を書き出しました。"
        "渡し終えたら削除してください。"
    )


@person_app.command("erase")
def erase(
    number: NumberArgument = "",
    yes: Annotated[bool, typer.Option("--yes", help="確認せずに消去します。")] = False,
    as_json: JsonOption = False,
) -> None:
    """その番号からの通話と、それに基づく記録を、保存期間を待たずに消去し、その証明を残します。

    通話中のものと保全されているものは消去せず、その日時を示します。それらが残る間は、対応制限も残します。
    画面から行うときと違って二人目の承認は求めません。求めの書面と決裁を確かめてから実行してください。

    消去した通話は元に戻せません。
    """
    settings = load_settings()
    typed = _asked(number)
    hashes = _hashes(settings, typed)

    async def look() -> PersonCalls:
        async with opened_parts(settings) as parts:
            return await _found(parts, hashes)

    found = run(look)
    if not yes:
        typer.echo(f"{masked(typed)} からの通話 {len(found.going)}件を消去します。", err=True)
        _tell_staying(found.staying, err=True)
        typer.confirm("消去すると元に戻せません。消去しますか", abort=True, err=True)

    async def work() -> tuple[Purged, PersonCalls, list[PurgeRun]]:
        async with opened_parts(settings) as parts:
            with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
                task = bar.add_task("消去しています", total=len(found.going))
                purged, left = await erase_person(
                    parts,
                    hashes,
                    by_login=COMMAND_LINE,
                    progress=lambda done, of: bar.update(task, completed=done, total=of),
                )
            async with parts.database.transaction() as session:
                rows = [await session.get(PurgeRun, run_id) for run_id in purged.runs]
            return purged, left, [row for row in rows if row is not None]

    purged, left, runs = run(work)
    if as_json:
        print_json(
            {
                "runs": [run_facts(one) for one in runs],
                "failed": purged.failed,
                "staying": [
                    {
                        "call_id": one.call_id,
                        "why": one.why,
                        "started_at": one.started_at.isoformat(),
                    }
                    for one in left.staying
                ],
            }
        )
    else:
        typer.echo(f"通話 {sum(one.calls for one in runs)}件を消去しました。")
        _tell_staying(left.staying, err=False)
        for one in runs:
            typer.echo(f"証明 {one.id} {one.digest}")
    if purged.failed or not all(is_proved(one) for one in runs):
        raise typer.Exit(NOT_PROVED)


def _asked(number: str) -> str:
    return number or cast("str", typer.prompt("電話番号", hide_input=True, err=True))


def _hashes(settings: Settings, number: str) -> tuple[str, ...]:
    async def work() -> tuple[str, ...]:
        keys: CallerKeys = await anyio.to_thread.run_sync(open_caller_keys, settings.data_dir)
        return hashes_of(keys, number)

    return run(work)


async def _found(parts: PurgeParts, hashes: tuple[str, ...]) -> PersonCalls:
    async with parts.database.transaction() as session:
        found = await calls_of_person(session, hashes, parts.clock.now())
    if not found.call_ids:
        fail("この番号からの通話はありません。番号を確かめてください。")
    return found


def _library(parts: PurgeParts) -> RecordingLibrary:
    for files in parts.files:
        if isinstance(files, RecordingFiles):
            return files.library
    raise AssertionError("recordings are always among the files")


def _tell_staying(staying: tuple[Stays, ...], *, err: bool) -> None:
    for one in staying:
        at = f"{one.started_at.astimezone(JAPAN):%Y年%m月%d日 %H:%M}"
        typer.echo(f"消去しない通話: {at} {one.call_id}({STAYS_WORDS[one.why]})", err=err)
