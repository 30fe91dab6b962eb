"""Glue: ``mimamori train``: makes the trained part of detection anew from the corpus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.cli.options import JsonOption, fail, print_json, refusals
from detection.training.set_up import ALLOWED, SetUp

_DEFAULT: Final = Path("detection/meaning/trained.npz")
OutOption = Annotated[
    Path, typer.Option("--out", help="学習したモデルを書き出すファイル。", dir_okay=False)
]
CompareOption = Annotated[
    int | None,
    typer.Option(
        "--compare",
        min=0,
        max=5,
        help="学習する代わりに、いくつかの作り方を交差検証で比べます。"
        "数は、文の意味を調整して比べる分割の数(一つに 20 分ほど)。",
    ),
]
PassesOption = Annotated[
    int, typer.Option("--passes", min=1, max=20, help="文の意味の学習で、例文の全体を通す回数。")
]


def train(
    out: OutOption = _DEFAULT,
    passes: PassesOption = 3,
    compare: CompareOption = None,
    as_json: JsonOption = False,
) -> None:
    """検知モデルを、同梱の例文から学習し直します(2 コアで約 30 分)。同じ機械では同じ結果になります。"""
    try:
        from detection.training.command import compare_shipped, train_shipped
    except ModuleNotFoundError as missing:
        fail(
            f"学習に要る部品 {missing.name} がありません。pip install 'mimamori[train]' を実行してください。"
        )
    console = Console(stderr=True)
    with (
        refusals(),
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            console=console,
            disable=as_json or not console.is_terminal,
        ) as bars,
    ):
        shown: dict[str, TaskID] = {}

        def advance(doing: str, share: float) -> None:
            if doing not in shown:
                shown[doing] = bars.add_task(doing, total=1.0)
            bars.update(shown[doing], completed=share)

        if compare is not None:
            _print_comparison(compare_shipped(passes, compare, advance), as_json)
            return
        with in_place_of(out) as file:
            made = train_shipped(passes, advance)
            file.write(made.image)
    facts = {"version": made.version, "examples": made.examples, "heard": made.heard}
    if as_json:
        print_json({**facts, "file": str(out), "bytes": len(made.image), "shift": made.shift})
        return
    typer.echo(f"{out} に書き出しました({len(made.image) / 1e6:.1f} MB)。")
    typer.echo(
        f"版 {made.version}、例文 {made.examples} 件(うち音声認識を通したもの {made.heard} 件)"
    )


@contextmanager
def in_place_of(out: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of *out* once it is whole; a wrong path is told before the work begins."""
    beside = out.with_name(f"{out.name}.new")
    with beside.open("wb") as file:
        try:
            yield file
        except BaseException:
            beside.unlink()
            raise
    beside.replace(out)


def _print_comparison(found: Sequence[SetUp], as_json: bool) -> None:
    if as_json:
        print_json({"set_ups": [asdict(set_up) for set_up in found]})
        return
    table = Table("作り方", "分割", *(f"誤報 {share:.0%}" for share in ALLOWED), "段階 3(誤報 2%)")
    for set_up in found:
        recall = (f"{share:.1%}" for share in set_up.recall)
        table.add_row(set_up.name, str(set_up.folds), *recall, f"{set_up.grave:.1%}")
    Console().print(table)
