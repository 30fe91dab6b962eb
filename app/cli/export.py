"""Glue: ``mimamori export``: an ended call as a signed vCon, without a server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import anyio.to_thread
import typer

from app.auth.identity import Identity, Role
from app.callers.history import NumberSight
from app.calls.protocol import CALL_ID
from app.calls.repository import call_by_id
from app.calls.views import calls_view
from app.cli.options import JsonOption, load_settings, print_json, run
from app.clock import SystemClock
from app.db import Database
from app.errors import NotFound, Unavailable
from app.exports.keeping import Made, subject_of
from app.exports.making import signed_file
from app.health import Health, Status
from app.ports import Clock
from app.privacy.known import covered_sights
from app.privacy.numbers import reading_numbers
from app.privacy.sight import WHOLE
from app.private_files import OWNER_ALONE
from app.recordings.library import RecordingLibrary
from app.review.looking import over
from app.review.recording import facts_of_recording
from app.review.records import records_of
from app.review.schemas import ReviewOut
from app.review.view import review_of
from app.sealing import RecordKeys, open_record_keys
from app.settings import Settings
from app.trail.acting import COMMAND_LINE, Acting, acting
from app.trail.chain import Deed
from app.trail.opening import open_trailed_database
from app.trail.writing import record


@dataclass(frozen=True, slots=True)
class _Office:
    settings: Settings
    database: Database
    recordings: RecordingLibrary
    clock: Clock
    record_keys: RecordKeys


def export(
    call_id: Annotated[str, typer.Argument(help="書き出す通話のID。")],
    to: Annotated[
        Path, typer.Option("--to", help="書き出すファイル。すでにあるときは止まります。")
    ],
    whole: Annotated[
        bool, typer.Option("--whole", help="氏名・電話番号・住所などを伏せずに書き出します。")
    ] = False,
    sound: Annotated[
        bool, typer.Option("--sound", help="録音も含めます(--whole と一緒に使います)。")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """終了した通話を、署名付きのvCon(JSON)として書き出します。

    相手方や第三者の氏名・電話番号・住所などは ● で伏せます。書き出したことは操作の記録に残ります。
    サーバーの動作中でも使えます。ファイルは、実行した人のアカウントだけが読めます。
    """
    settings = load_settings()
    if to.exists():
        raise typer.BadParameter(
            f"{to} はすでにあります。別の名前にしてください。", param_hint="--to"
        )
    if sound and not whole:
        raise typer.BadParameter("録音は --whole と一緒に書き出します。", param_hint="--sound")

    async def work() -> Made:
        clock = SystemClock()
        keys = await anyio.to_thread.run_sync(open_record_keys, settings.data_dir)
        async with open_trailed_database(settings, clock) as database:
            acting.set(Acting(COMMAND_LINE))
            library = RecordingLibrary(database, keys, settings.recordings_folder)
            office = _Office(settings, database, library, clock, keys)
            review = await _read(office, call_id, whole=whole)
            made = await signed_file(office, review, with_sound=sound)
            await anyio.to_thread.run_sync(_begin, to)
            try:
                # It is on the trail before a word of it can be read.
                async with database.transaction() as session:
                    deed = Deed("export.made", call_id=call_id, subject=subject_of(made))
                    await record(session, deed)
                await anyio.to_thread.run_sync(_write, to, made)
            except BaseException:
                to.unlink(missing_ok=True)
                raise
            return made

    made = run(work)
    size = to.stat().st_size
    if as_json:
        print_json({"file": str(to), "bytes": size, "covered": made.covered, "sound": made.sound})
    else:
        typer.echo(f"{to} に書き出しました({size:,} バイト)。")


async def _read(office: _Office, call_id: str, *, whole: bool) -> ReviewOut:
    # Numbers are read as by who reads the words: whole, or their last digits.
    reader = Identity(COMMAND_LINE, COMMAND_LINE, Role.AUDITOR if whole else Role.OPERATOR, "")
    async with office.database.transaction() as session:
        call = await call_by_id(session, call_id) if CALL_ID.fullmatch(call_id) else None
        if call is None:
            raise NotFound(
                "call_unknown", f"通話 {call_id} は見つかりません。IDを確かめてください。"
            )
        over(call)
        sight = WHOLE
        if not whole:
            sight = (await covered_sights(session, office.database, [call.id]))[call.id]
        numbers = NumberSight(reader, number_of=reading_numbers(office.record_keys))
        listed = await calls_view(
            session, [call], Health(0, Status.OK), seq=0, numbers=numbers, sights={call.id: sight}
        )
        records = await records_of(session, call)
    recording = await facts_of_recording(office.recordings, call_id)
    return await anyio.to_thread.run_sync(
        lambda: review_of(records, listed.calls[0], sight, recording, warning_limit=None)
    )


def _begin(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ALONE))
    except OSError as error:
        raise _not_written(file) from error


def _write(file: Path, made: Made) -> None:
    try:
        with file.open("wb") as opened:
            made.write(opened)
    except OSError as error:
        raise _not_written(file) from error


def _not_written(file: Path) -> Unavailable:
    return Unavailable(
        "export_not_written",
        f"{file} に書き込めません。フォルダーがあるか、空きがあるかを確かめてください。",
    )
