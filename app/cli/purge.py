"""Glue: ``mimamori purge``: deletes the calls whose time has come, and proves it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import select

from app.cli.options import JsonOption, load_settings, print_json, run
from app.clock import SystemClock
from app.models import Call
from app.retention.kinds import KIND_WORDS
from app.retention.models import PurgeRun
from app.retention.opening import open_parts
from app.retention.planning import Plan, plan
from app.retention.purging import Purged, purge_due
from app.retention.running import PurgeParts
from app.retention.telling import (
    NOT_DECIDED,
    WHAT_WORDS,
    WIPED_WORDS,
    is_proved,
    places_in_words,
    run_facts,
)
from app.retention.wiping import Wiped
from app.settings import Settings
from app.trail.acting import COMMAND_LINE, Acting, acting
from app.trail.opening import open_trailed_database

NOT_PROVED: Final = 1
"""Exit code where something would not go, or was found again."""


def purge(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="何が削除されるかを表示するだけで、削除しません。")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="確認せずに削除します。")] = False,
    as_json: JsonOption = False,
) -> None:
    """保存期間を過ぎた通話を、録音・文字起こし・派生した記録とともに削除し、その証明を残します。

    通話中のもの、保全されているもの、期間が決められていないものは削除しません。途中で止まった削除が
    あれば、先にそれを終わらせます。サーバーの動作中でも使えます。削除できないものが残ったときは
    終了コード 1 で終わります。

    削除した通話は元に戻せません。
    """
    settings = load_settings()
    if dry_run:
        found = run(lambda: _planned(settings))
        _show_plan(found, settings, as_json=as_json)
        return
    if not yes:
        found = run(lambda: _planned(settings))
        _show_plan(found, settings, as_json=False, err=as_json)
        if found.due:
            typer.confirm("削除すると元に戻せません。削除しますか", abort=True, err=True)
    purged, runs = run(lambda: _purge(settings, quiet=as_json))
    _show_runs(purged, runs, as_json=as_json)
    if purged.failed or not all(is_proved(one) for one in runs):
        raise typer.Exit(NOT_PROVED)


@asynccontextmanager
async def opened_parts(settings: Settings) -> AsyncIterator[PurgeParts]:
    """Open the installation of *settings*, on which a server may be running."""
    clock = SystemClock()
    async with open_trailed_database(settings, clock) as database:
        acting.set(Acting(COMMAND_LINE))
        parts = await open_parts(settings, database, clock)
        async with database.transaction() as session:
            live = await session.scalar(select(Call.id).where(Call.ended_at.is_(None)).limit(1))
        yield replace(parts, calls_are_live=lambda: live is not None)


async def _planned(settings: Settings) -> Plan:
    async with opened_parts(settings) as parts, parts.database.transaction() as session:
        return await plan(session, parts.settings, parts.clock.now())


async def _purge(settings: Settings, *, quiet: bool) -> tuple[Purged, list[PurgeRun]]:
    async with opened_parts(settings) as parts:
        with Progress(console=Console(stderr=True), transient=True, disable=quiet) as bar:
            task = bar.add_task("削除しています", total=None)
            purged = await purge_due(
                parts,
                by_login=COMMAND_LINE,
                progress=lambda done, of: bar.update(task, completed=done, total=of),
            )
        async with parts.database.transaction() as session:
            rows = [await session.get(PurgeRun, run_id) for run_id in purged.runs]
        return purged, [row for row in rows if row is not None]


def _show_plan(found: Plan, settings: Settings, *, as_json: bool, err: bool = False) -> None:
    counts = sorted(found.counts().items())
    if as_json:
        told: dict[str, Any] = {
            "decided": settings.retention.decided,
            "counts": [
                {"what": what.value, "kind": kind.value, "calls": calls}
                for (what, kind), calls in counts
            ],
            "held": len(found.held),
            "calls": [
                {
                    "call_id": one.call_id,
                    "ended_at": one.ended_at.isoformat(),
                    "what": one.what.value,
                    "kind": one.kind.value,
                    "why": one.why.value,
                }
                for one in found.due
            ],
        }
        print_json(told)
        return
    if not settings.retention.decided:
        typer.echo(NOT_DECIDED, err=err)
    elif not counts:
        typer.echo("保存期間を過ぎた通話はありません。", err=err)
    for (what, kind), calls in counts:
        typer.echo(f"{KIND_WORDS[kind]}({WHAT_WORDS[what]}): {calls}件", err=err)
    if found.held:
        typer.echo(f"保全されているため削除しない通話: {len(found.held)}件", err=err)


def _show_runs(purged: Purged, runs: list[PurgeRun], *, as_json: bool) -> None:
    if as_json:
        print_json({"runs": [run_facts(one) for one in runs], "failed": purged.failed})
        return
    for one in runs:
        interrupted = "(中断していた削除を終わらせました)" if one.interrupted else ""
        typer.echo(
            f"通話 {one.calls}件、録音のみ {one.sounds}件を削除しました{interrupted}。"
            f"消した行 {sum((one.rows or {}).values())}、消した録音 {one.file_bytes} バイト。"
        )
        if one.left:
            typer.echo(f"まだ残っているものがあります: {places_in_words(one.left)}。", err=True)
        else:
            typer.echo("削除した通話をすべての表とファイルで探し直し、何も見つかりませんでした。")
        if one.database in set(Wiped):
            typer.echo(WIPED_WORDS[Wiped(one.database)])
        typer.echo(f"証明 {one.id} {one.digest}")
    if purged.failed:
        typer.echo(
            f"{purged.failed}件は削除できませんでした。録音のフォルダーの権限を確認してください。"
            "次の削除でもう一度試します。",
            err=True,
        )
    elif not runs:
        typer.echo("削除した通話はありません。")
