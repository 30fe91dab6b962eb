"""Glue: ``mimamori model``: get the recognition model ready before anybody waits for it, and say what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from app.bootstrap import describe_model, list_models, prepare_model, server_config
from app.cli.options import JsonOption, load_settings, print_json, refusals
from app.settings import AsrSettings

model_app = typer.Typer(help="音声認識モデルを準備し、調べます。", no_args_is_help=True)

_DOING: Final = {
    "joining the model": "モデルを結合しています",
    "fetching the model": "モデルを取得しています",
}
_MEGABYTE: Final = 1_000_000


@model_app.command("prepare")
def prepare(as_json: JsonOption = False) -> None:
    """モデルを探し、必要なら結合・取得して検査します。2 回目からはすぐに終わります。"""
    settings = load_settings()
    if settings.asr.engine == "openai":
        _tell_server(settings.asr, as_json=as_json)
        return
    console = Console(stderr=True)
    with (
        refusals(),
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=as_json or not console.is_terminal,
            transient=True,
        ) as bars,
    ):
        shown: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in shown:
                shown[what] = bars.add_task(_DOING.get(what, what), total=total or None)
            bars.update(shown[what], completed=done, total=total or None)

        found = prepare_model(settings, progress)
    if as_json:
        print_json({"engine": "whisper", "name": found.name, "path": str(found.path)})
    else:
        console.print(f"音声認識モデル: {found.name}({found.path})")


@model_app.command("info")
def info(as_json: JsonOption = False) -> None:
    """設定されている音声認識モデルについて表示します。結合も取得もしません。"""
    settings = load_settings()
    if settings.asr.engine == "openai":
        _tell_server(settings.asr, as_json=as_json)
        return
    with refusals():
        described = describe_model(settings)
    if as_json:
        print_json({"engine": "whisper", "setting": settings.asr.model, **described})
        return
    table = Table(show_header=False, box=None)
    for label, value in _lines(described):
        table.add_row(label, value)
    Console().print(table)


@model_app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """このコンピューターで準備が済んでいる音声認識モデルの一覧を表示します。"""
    with refusals():
        found = list_models(load_settings())
    if as_json:
        print_json({"models": found})
        return
    if not found:
        typer.echo("準備が済んだモデルはありません。mimamori model prepare を実行してください。")
        return
    table = Table("モデル", "大きさ", "日本語", "場所", box=None)
    for model in found:
        table.add_row(
            str(model["name"]),
            _megabytes(model.get("size_bytes")),
            _japanese(model),
            str(model["path"]),
        )
    Console().print(table)


def _tell_server(asr: AsrSettings, *, as_json: bool) -> None:
    server = server_config(asr)
    if as_json:
        print_json({"engine": "openai", "host": server.address.host, "name": server.model})
        return
    typer.echo(
        f"音声認識はサーバー {server.address.host} のモデル {server.model} が行います。"
        "通話の音声はそのサーバーへ送られます。このコンピューターにモデルの準備は要りません。"
    )


def _lines(described: Mapping[str, object]) -> list[tuple[str, str]]:
    lines = [
        ("モデル", str(described["name"])),
        ("場所", str(described["path"])),
        ("計算", f"{described['device']}、{described['compute_type']}"),
    ]
    if "size_bytes" not in described:
        return [*lines, ("内容", "この版では調べられない形式です。読み込みは試みます。")]
    trimmed = "読み込むときに日本語以外の文字を省きます" if described["trimmed"] else "省きません"
    return [
        *lines,
        ("ファイルの大きさ", f"{_megabytes(described['size_bytes'])}({described['stored_as']})"),
        ("重みの大きさの目安", f"認識プロセス 1 つにつき {_megabytes(described['weights_bytes'])}"),
        (
            "層",
            f"エンコーダー {described['encoder_layers']}、デコーダー {described['decoder_layers']}",
        ),
        ("メル周波数帯", str(described["mel_bands"])),
        ("言語", f"{described['languages']}(日本語: {_japanese(described)})"),
        ("ほかの言語の省略", trimmed),
    ]


def _japanese(described: Mapping[str, object]) -> str:
    match described.get("japanese"):
        case True:
            return "あり"
        case False:
            return "なし"
        case _:
            return "不明"


def _megabytes(size: object) -> str:
    return f"{size / _MEGABYTE:,.0f} MB" if isinstance(size, int) else "不明"
