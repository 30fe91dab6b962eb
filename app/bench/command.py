"""Glue: ``mimamori bench``: figures, for people as tables and for programs as JSON."""

from __future__ import annotations

import os
import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.bench import growth as growing
from app.bench.calls import CallsPlan, measure_calls
from app.bench.detect import measure_detection
from app.bench.lines import NATIVE
from app.bench.listening import listening_table, measure_listening, track_counts
from app.bench.recorded_calls import RecordedCall, load_calls
from app.bench.screens import ScreensPlan, measure_screens
from app.bench.screens_table import screens_table
from app.bench.search import measure_search
from app.bench.search_table import search_table
from app.cli.options import print_json, refusals
from app.simulate.dialects import DIALECTS
from asr.recogniser_process import environment

bench_app = typer.Typer(
    help="性能を測ります。結果は機械の混み具合で変わります。", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="結果を 1 つの JSON で標準出力に書きます。")]


WavDir = Annotated[
    Path | None,
    typer.Option(
        help="通話の WAV のフォルダー(既定は収録済みの通話)。", exists=True, file_okay=False
    ),
]
Keep = Annotated[Path | None, typer.Option(help="サーバーの記録とデータベースを残すフォルダー。")]
MAX_CALLS = 256
MAX_SCREENS = 1_000
BENCH_DIALECTS = tuple(name for name, dialect in DIALECTS.items() if dialect.path)


@bench_app.command("calls")
def calls(
    count: Annotated[int, typer.Option("--calls", help="同時通話の数。", min=1, max=MAX_CALLS)] = 1,
    wav_dir: WavDir = None,
    seconds: Annotated[float, typer.Option(help="測る秒数。", min=5)] = 120,
    kill_every: Annotated[
        float | None,
        typer.Option(help="この秒数ごとに認識プロセスを 1 つ強制終了します。", min=0.5),
    ] = None,
    dialect: Annotated[
        str, typer.Option(help="電話の方言: " + "、".join(BENCH_DIALECTS) + "。")
    ] = NATIVE,
    keep: Keep = None,
    as_json: Json = False,
) -> None:
    """N 本の通話を実時間で流し、言葉の終わりから知らせが画面に届くまでの時間と、使った資源を測ります。"""
    if dialect not in BENCH_DIALECTS:
        raise typer.BadParameter(f"{dialect} という方言はありません。")
    plan = CallsPlan(_recordings(wav_dir), count, seconds, kill_every, dialect)
    with tempfile.TemporaryDirectory() as scratch:
        result = _measured(plan, keep or Path(scratch), shown=not as_json)
    if as_json:
        print_json(result)
    else:
        _print_calls(result)


@bench_app.command("growth")
def growth(
    counts: Annotated[
        str, typer.Option("--calls", help="同時通話の数を、コンマで区切って。")
    ] = "1,2,4,8,16,32,48,64",
    wav_dir: WavDir = None,
    seconds: Annotated[float, typer.Option(help="それぞれを測る秒数。", min=5)] = 120,
    svg: Annotated[Path | None, typer.Option(help="図(SVG)を書くファイル。")] = None,
    keep: Keep = None,
    as_json: Json = False,
) -> None:
    """通話の数を増やしながら ``calls`` を繰り返し、遅れ・コア・メモリーの増え方を 1 つの表と図にします。"""
    wanted, recordings = _counts(counts), _recordings(wav_dir)
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for count in wanted:
            plan = CallsPlan(recordings, count, seconds)
            folder = (keep or Path(scratch)) / f"{count}-calls"
            results.append(_measured(plan, folder, shown=not as_json))
            rows = [growing.row_of(result) for result in results]
            if svg is not None:  # after each, so that a wall in between leaves what was measured
                svg.write_text(growing.plot(rows), encoding="utf-8")
    if as_json:
        print_json({"seconds": seconds, "rows": growing.figures(rows), "results": results})
    else:
        typer.echo(growing.table(rows), nl=False)


@bench_app.command("screens")
def screens(
    count: Annotated[
        int, typer.Option("--calls", help="同時通話の数。", min=1, max=MAX_CALLS)
    ] = 32,
    operators: Annotated[int, typer.Option(help="職員の画面の数。", min=1, max=MAX_SCREENS)] = 100,
    boards: Annotated[int, typer.Option(help="監督者の画面の数。", min=0, max=MAX_SCREENS)] = 20,
    wav_dir: WavDir = None,
    seconds: Annotated[
        float, typer.Option(help="画面なし・画面ありを、それぞれ測る秒数。", min=5)
    ] = 120,
    rounds: Annotated[
        int, typer.Option(help="繰り返す回数。資源の値は中央値です。", min=1, max=20)
    ] = 1,
    keep: Keep = None,
    as_json: Json = False,
) -> None:
    """通話だけのときと、職員と監督者の画面を開いたときを、一つのサーバーで続けて測ります。"""
    plan = ScreensPlan(CallsPlan(_recordings(wav_dir), count, seconds), operators, boards, rounds)
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        what = f"{count} 通話 {operators + boards} 画面"
        with _bar(what, plan.seconds, shown=not as_json) as advance:
            result = anyio.run(measure_screens, plan, folder, folder / "serve.log", advance)
    if as_json:
        print_json(result)
    else:
        typer.echo(screens_table(result), nl=False)


@bench_app.command("search")
def search(
    utterances: Annotated[int, typer.Option(help="発話の数。", min=1_000)] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="問いごとに繰り返す回数。", min=1, max=100)] = 5,
    database_url: Annotated[
        str | None,
        typer.Option(help="空のデータベースのアドレス。既定は一時フォルダーの SQLite。"),
    ] = None,
    keep: Keep = None,
    as_json: Json = False,
) -> None:
    """作った通話を索引に入れ、いろいろな検索にかかる時間、索引の大きさと作る時間を測ります。"""
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        url = database_url or f"sqlite+aiosqlite:///{folder / 'mimamori.db'}"
        with _bar(f"{utterances} 発話の検索", 1.0, shown=not as_json) as advance:
            result = anyio.run(measure_search, url, folder, utterances, rounds, advance)
    if as_json:
        print_json(result)
    else:
        typer.echo(search_table(result), nl=False)


def _recordings(wav_dir: Path | None) -> tuple[RecordedCall, ...]:
    with as_file(files("app.demo") / "calls") as shipped:
        recordings = load_calls(wav_dir or shipped)
    if not recordings:
        raise typer.BadParameter(f"{wav_dir} に WAV ファイルがありません。")
    return recordings


def _counts(written: str) -> list[int]:
    try:
        counts = [int(count) for count in written.split(",")]
    except ValueError:
        counts = []
    if not counts or not all(1 <= count <= MAX_CALLS for count in counts):
        raise typer.BadParameter(f"--calls は 1 から {MAX_CALLS} の数をコンマで区切ってください。")
    return sorted(set(counts))


def _measured(plan: CallsPlan, folder: Path, *, shown: bool) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    with _bar(f"{plan.calls} 通話", plan.seconds, shown=shown) as advance:
        return anyio.run(measure_calls, plan, folder, folder / "serve.log", advance)


@bench_app.command("asr")
def asr(
    wav_dir: Annotated[
        Path, typer.Option(help="<id>.wav のフォルダー。", exists=True, file_okay=False)
    ],
    utterances: Annotated[
        Path, typer.Option(help="発話の JSONL(id と text)。", exists=True, dir_okay=False)
    ],
    batch: Annotated[int, typer.Option(help="まとめて認識する数。", min=1, max=64)] = 8,
    rounds: Annotated[
        int, typer.Option(help="全体を繰り返す回数。費用はその中央値です。", min=1, max=20)
    ] = 3,
    as_json: Json = False,
) -> None:
    """音声認識の費用(音声 1 秒あたりの CPU 秒)と文字誤り率を、標準の faster-whisper と同じ回で比べます。"""
    # What the pool gives its processes, before the library reads it; stock gets the same.
    os.environ.update(environment())
    # Imported late: the libraries are 100 MB that no other command needs.
    from app.bench.asr import measure_recognition

    with _bar("認識", 1.0, shown=not as_json) as advance:
        result = measure_recognition(wav_dir, utterances, batch, rounds, advance)
    if as_json:
        print_json(result)
        return
    _print_recognition(result)


@bench_app.command("sweep")
def sweep(
    wav_dir: Annotated[
        Path, typer.Option(help="<id>.wav のフォルダー。", exists=True, file_okay=False)
    ],
    utterances: Annotated[
        Path, typer.Option(help="発話の JSONL(id と text)。", exists=True, dir_okay=False)
    ],
    only: Annotated[
        list[str] | None, typer.Option(help="名前がこれで始まる設定だけ。何度でも書けます。")
    ] = None,
    takes: Annotated[
        int, typer.Option(help="録音ごとに、聞こえない違いを付けて聞く回数。", min=1, max=20)
    ] = 3,
    as_json: Json = False,
) -> None:
    """デコーダーの設定(窓・まとめる数・ビーム・精度)ごとの費用と文字誤り率を、標準の faster-whisper と並べます。"""
    # Imported late, as for ``asr``.
    from app.bench import decode_sweep
    from asr.whisper import WhisperConfig, WhisperModel

    def load(directory: Path, name: str, compute_type: str) -> WhisperModel:
        return WhisperModel(directory, name=name, config=WhisperConfig(compute_type=compute_type))

    decode_sweep.start_over_single_threaded(environment())
    settings = decode_sweep.chosen(only or ())
    if not settings:
        raise typer.BadParameter("--only に合う設定がありません。")
    with _bar("設定の比較", 1.0, shown=not as_json) as advance:
        result = decode_sweep.measure_sweep(wav_dir, utterances, settings, takes, load, advance)
    if as_json:
        print_json(result)
    else:
        Console().print(decode_sweep.sweep_table(result))


@bench_app.command("listening")
def listening(
    tracks: Annotated[
        str, typer.Option(help="トラックの数(1 通話に 2 本)を、コンマで区切って。")
    ] = "2,16,64,128",
    as_json: Json = False,
) -> None:
    """音を聞く費用(1 トラックの 32 ms ごとの CPU 時間)を、組み立て・発話の検出・切り出しに分けて測ります。"""
    wanted = track_counts(tracks)
    with _bar("聞き取り", len(wanted), shown=not as_json) as advance:
        result = measure_listening(wanted, advance)
    if as_json:
        print_json(result)
    else:
        typer.echo(listening_table(result), nl=False)


@bench_app.command("detect")
def detect(
    utterances: Annotated[
        Path | None,
        typer.Option(help="発話の JSONL(text)。既定は収録済みの通話。", exists=True),
    ] = None,
    turns: Annotated[
        int | None,
        typer.Option(min=20, help="一つの通話として聞かせる発話の数。2000 で 3 時間の通話です。"),
    ] = None,
    as_json: Json = False,
) -> None:
    """1 発話の判定にかかる時間を測ります(正規化から会話の判断まで)。"""
    with refusals():
        result = measure_detection(utterances, turns)
    if as_json:
        print_json(result)
        return
    latency = result["latency_ms"]
    Console().print(
        f"{result['utterances']} 発話  p50 {latency['p50']:.2f} ms  p95 {latency['p95']:.2f} ms  "
        f"最大 {latency['max']:.2f} ms  はじめの一割 {result['first_tenth_p50']:.2f} ms  "
        f"終わりの一割 {result['last_tenth_p50']:.2f} ms  メモリー {result['memory_mb']} MB"
    )


class _bar:  # noqa: N801 - a with-statement, read as a verb's object
    """A progress bar on standard error; the block gets the function that moves it."""

    def __init__(self, what: str, total: float, *, shown: bool) -> None:
        console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not shown or not console.is_terminal,
            transient=True,
        )
        self._task = self._bars.add_task(what, total=total)

    def __enter__(self) -> Any:  # noqa: ANN401 - the bar's own callback
        self._bars.start()
        return lambda done: self._bars.update(self._task, completed=done)

    def __exit__(self, *_: object) -> None:
        self._bars.stop()


def _print_recognition(result: dict[str, Any]) -> None:
    console = Console()
    table = Table("", "CPU 秒 / 音声秒", "各回", "文字誤り率", "1 発話 100 % まで")
    for name in ("ours", "quick", "stock"):
        row = result[name]
        by_round = " ".join(f"{cost:.4f}" for cost in row["by_round"])
        table.add_row(
            name,
            f"{row['core_seconds_per_second']:.4f}",
            by_round,
            f"{row['cer']:.3f}",
            f"{row['cer_capped']:.3f}",
        )
    console.print(table)
    console.print(
        f"{result['recordings']} 発話 {result['sound_seconds']} 秒  "
        f"費用は標準の 1/{result['times_cheaper']}(quick は 1/{result['quick']['times_cheaper']})  "
        f"疑わしい文字起こし {result['ours']['doubtful']} 件"
    )
    for what, key in (
        ("誤り率の差", "cer_difference"),
        ("1 発話 100 % までの差", "cer_capped_difference"),
    ):
        apart = result[key]
        console.print(
            f"{what} {apart['ours_minus_stock']:+.4f}"
            f"(95 % 区間 {apart['low']:+.4f} 〜 {apart['high']:+.4f}、"
            f"{'差があります' if apart['clear'] else '差があるとは言えません'})"
        )


def _print_calls(result: dict[str, Any]) -> None:
    console = Console()
    table = Table("言葉の終わりから", "件数", "p50 ms", "p95 ms", "p99 ms", "最大 ms")
    for name, key in (
        ("知らせ", "alert_latency_ms"),
        ("知らせ(話の途中)", "early_alert_latency_ms"),
        ("文字起こし", "transcript_latency_ms"),
    ):
        row = result[key]
        cells = [str(row.get(k, "-")) for k in ("count", "p50", "p95", "p99", "max")]
        table.add_row(name, *cells)
    console.print(table)
    memory, cores, losses = result["memory_mb"], result["cores"], result["losses"]
    pauses = result["loop_pauses"]
    console.print(
        f"{result['calls']} 通話 {result['seconds']} 秒  "
        f"コア: サーバー {cores['server']:.2f} 認識 {cores['recognisers']:.2f} "
        f"この測定自身 {cores['client']:.2f}  "
        f"メモリー 開始 {memory['idle']} / 最大 {memory['max']} / 終わり {memory['end']} MB"
    )
    if pauses is not None:
        console.print(
            f"受信が止まった時間 最長 {pauses['longest_ms']} ms  "
            f"50 ms 超 {pauses['over_50_ms']} 回  100 ms 超 {pauses['over_100_ms']} 回"
        )
    console.print(
        f"強制終了 {result['kills']} 回  欠落 {result['gaps']}  "
        f"拒否された通話 {len(result['calls_refused'])}  "
        f"終わっていない通話 {losses['calls_not_ended']} / {losses['calls_played']}  "
        f"台本の発言 {losses['turns_spoken']}: 聞き取り {losses['turns_heard']} "
        f"欠落に含まれる {losses['turns_in_gaps']} どちらでもない {losses['turns_unheard']}"
    )
