"""Glue: ``mimamori model``: get the recognition model ready before anybody waits for it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from app.bootstrap import prepare_model
from app.cli.options import load_settings, print_json

model_app = typer.Typer(help="音声認識モデルを準備します。", no_args_is_help=True)


@model_app.callback()
def _model() -> None:
    """Keep ``model`` a group, so that further commands can join ``prepare``."""


@model_app.command("prepare")
def prepare(
    as_json: Annotated[bool, typer.Option("--json", help="結果を JSON で出力します。")] = False,
) -> None:
    """モデルを探し、必要なら結合・取得して検査します。2 回目からはすぐに終わります。"""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=as_json or not console.is_terminal,
        transient=True,
    ) as bars:
        shown: dict[str, object] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in shown:
                shown[what] = bars.add_task(what, total=total)
            bars.update(shown[what], completed=done, total=total)  # type: ignore[arg-type]

        found = prepare_model(load_settings(), progress)
    if as_json:
        print_json({"name": found.name, "path": str(found.path)})
    else:
        console.print(f"音声認識モデル: {found.name}({found.path})")
