"""Glue: ``mimamori evaluate``: how much is found and how often in vain, on a file of your own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import anyio
import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.bootstrap import office_warnings, open_transcriber, open_voice_activity
from app.cli.options import JsonOption, fail, load_settings, print_json, refusals
from app.evaluation import report
from app.evaluation.cases import UtteranceCase, held_back_cases, parse_calls, parse_utterances
from app.evaluation.comparison import JudgedCalls, compared_json, compared_tables
from app.evaluation.listening import Listened, listen_to_all, recogniser, refuse_missing
from app.evaluation.running import (
    Advance,
    CallResult,
    UtteranceResult,
    judge_calls,
    judge_utterance,
    judge_utterances,
)
from app.evaluation.timing import TimeUnit
from app.settings import Settings
from detection.corpus_files import read_corpus
from detection.measures import character_errors, measure_calls, measure_utterances, total
from detection.parts import Part
from detection.policy import Policy
from detection.policy_files import load_policy
from detection.ports import Detector
from detection.understanding import load_detector

evaluate_app = typer.Typer(
    help="検知の精度を、正解を付けたファイルで測ります。", no_args_is_help=True
)

FileArgument = Annotated[Path, typer.Argument(help="正解を付けた JSONL ファイル。")]
PolicyOption = Annotated[
    str | None,
    typer.Option("--policy", help="基本方針の名前か TOML ファイル(既定は設定のもの)。"),
]
PoliciesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        help="基本方針の名前か TOML ファイル(既定は設定のもの)。何度か書くと、並べて比べます。",
    ),
]
PartsOption = Annotated[
    str,
    typer.Option(
        "--parts",
        help="使う検知の部品をコンマで。words,readings,context,meaning のうち(既定はすべて)。",
    ),
]
_EVERY_PART: Final = ",".join(Part)
PredictionsOption = Annotated[
    Path | None,
    typer.Option("--predictions", help="1 件ごとの判定を書き出す JSONL ファイル。"),
]


@evaluate_app.command("utterances")
def utterances(
    file: FileArgument,
    as_json: JsonOption = False,
    predictions: PredictionsOption = None,
    policy: PolicyOption = None,
    parts: PartsOption = _EVERY_PART,
) -> None:
    """発言ごとの判定を測ります。1 行に {"id","text","labels","severity","kind"}。"""
    with refusals():
        cases = parse_utterances(_lines(file), file.name)
    _spare(file, predictions)
    _judge_and_print(cases, file.name, as_json, predictions, policy, parts)


@evaluate_app.command("held-back")
def held_back(
    as_json: JsonOption = False,
    predictions: PredictionsOption = None,
    policy: PolicyOption = None,
    parts: PartsOption = _EVERY_PART,
) -> None:
    """同梱の例文のうち、学習に使わず取り分けた一割で、発言ごとの判定を測ります。"""
    with refusals():
        cases = held_back_cases(read_corpus())
    _judge_and_print(cases, "held-back", as_json, predictions, policy, parts)


def _judge_and_print(
    cases: Sequence[UtteranceCase],
    source: str,
    as_json: bool,
    predictions: Path | None,
    policy: str | None,
    parts: str,
) -> None:
    with refusals():
        detector, rules = _detection(policy, parts)
        with _predictions(predictions) as write, _progress("発言", len(cases), as_json) as advance:
            results = judge_utterances(cases, detector, rules, advance)
            write(result.prediction() for result in results)
    found = measure_utterances([result.judged() for result in results])
    run = _run(Path(source), results, rules, detector)
    _print(as_json, report.utterances_json(run, found), report.utterances_tables(run, found))


@evaluate_app.command("calls")
def calls(
    file: FileArgument,
    as_json: JsonOption = False,
    predictions: PredictionsOption = None,
    policy: PoliciesOption = None,
    parts: PartsOption = _EVERY_PART,
    times: Annotated[
        TimeUnit, typer.Option("--times", help="t の単位。auto は値の大きさから決めます。")
    ] = TimeUnit.AUTO,
) -> None:
    """通話全体の判定を測ります。1 行に {"id","turns","expect","kind"}。

    t のない発言は、前の発言の 0.6 秒後に始まり、1 文字 0.15 秒で話されたものとします。
    """
    asked = tuple(dict.fromkeys(policy or [load_settings().detection.policy]))
    judged = dict[str, JudgedCalls]()
    with refusals():
        cases = parse_calls(_lines(file), file.name)
        _spare(file, predictions)
        policies = [load_policy(name) for name in asked]
        detector, work = load_detector(_parts(parts)), len(cases) * len(asked)
        warns = office_warnings()
        with _predictions(predictions) as write, _progress("通話", work, as_json) as advance:
            for name, rules in zip(asked, policies, strict=True):
                results = judge_calls(cases, detector, rules, advance, times, warns)
                write(_marked(result.prediction(), name, asked) for result in results)
                found = measure_calls([result.judged() for result in results])
                judged[name] = JudgedCalls(_run(file, results, rules, detector), found)
    if len(judged) == 1:
        only = judged[asked[0]]
        _print(
            as_json,
            report.calls_json(only.run, only.found),
            report.calls_tables(only.run, only.found),
        )
    else:
        _print(as_json, compared_json(judged), compared_tables(judged))


def _marked(prediction: dict[str, Any], policy: str, asked: Sequence[str]) -> dict[str, Any]:
    """Return *prediction* with its policy, where there are several."""
    return prediction if len(asked) == 1 else {**prediction, "policy": policy}


@evaluate_app.command("audio")
def audio(
    folder: Annotated[Path, typer.Argument(help="<id>.wav を置いたフォルダー。")],
    utterance_file: Annotated[
        Path, typer.Option("--utterances", help="正解を付けた JSONL ファイル。")
    ],
    as_json: JsonOption = False,
    predictions: PredictionsOption = None,
    policy: PolicyOption = None,
) -> None:
    """録音を認識させてから、発言ごとの判定と文字誤り率を測ります(mu-law・A-law・PCM の WAV)。"""
    settings = load_settings()
    with refusals():
        cases = parse_utterances(_lines(utterance_file), utterance_file.name)
        _spare(utterance_file, predictions)
        refuse_missing(cases, folder)
        detector, rules = _detection(policy)
        with _predictions(predictions) as write, _progress("録音", len(cases), as_json) as advance:
            heard = anyio.run(partial(_listen, settings, cases, folder, advance))
            results = [
                judge_utterance(case, listened.pieces, detector, rules)
                for case, listened in zip(cases, heard, strict=True)
            ]
            write(
                {**result.prediction(), "transcript": listened.transcript}
                for result, listened in zip(results, heard, strict=True)
            )
    found = measure_utterances([result.judged() for result in results])
    errors = total(
        character_errors(case.text, listened.transcript)
        for case, listened in zip(cases, heard, strict=True)
    )
    hearing = report.Hearing(errors, sum(listened.segments_lost for listened in heard))
    run = _run(utterance_file, results, rules, detector)
    _print(
        as_json,
        report.audio_json(run, found, hearing),
        report.audio_tables(run, found, hearing),
    )


async def _listen(
    settings: Settings, cases: Sequence[UtteranceCase], folder: Path, advance: Advance
) -> list[Listened]:
    new_voice_activity = await anyio.to_thread.run_sync(open_voice_activity)
    async with open_transcriber(settings, may_shed=False) as transcriber:
        recognise = recogniser(transcriber, new_voice_activity)
        return await listen_to_all(cases, folder, recognise, advance)


def _detection(policy: str | None, parts: str = _EVERY_PART) -> tuple[Detector, Policy]:
    return load_detector(_parts(parts)), load_policy(policy or load_settings().detection.policy)


def _parts(names: str) -> frozenset[Part]:
    try:
        return frozenset(Part(name.strip()) for name in names.split(","))
    except ValueError:
        fail(f"--parts には {_EVERY_PART} のうちから書いてください(見つかったもの: {names})")


def _lines(file: Path) -> list[str]:
    try:
        # Not splitlines(): a text may hold U+2028 or U+0085, which end no line of JSONL.
        return file.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        fail(f"{file} を読めません({error.strerror})")
    except UnicodeDecodeError:
        fail(f"{file} は UTF-8 の文字ではありません")


def _run(
    file: Path,
    results: Sequence[UtteranceResult] | Sequence[CallResult],
    policy: Policy,
    detector: Detector,
) -> report.Run:
    return report.Run(file.name, len(results), policy.version, detector.version)


def _spare(file: Path, predictions: Path | None) -> None:
    """Refuse to write over the file that is being evaluated: its labels are somebody's work."""
    if predictions is not None and predictions.exists() and predictions.samefile(file):
        fail(f"{predictions} は評価するファイルです。--predictions には別の名前を書いてください")


@contextmanager
def _predictions(path: Path | None) -> Iterator[Callable[[Iterable[dict[str, Any]]], None]]:
    """Open the file before the work begins, so that a wrong path is told at once."""
    if path is None:
        yield lambda _: None
        return
    try:
        opened = path.open("w", encoding="utf-8")
    except OSError as error:
        fail(f"{path} に書き込めません({error.strerror})")
    with opened:
        yield lambda predictions: opened.writelines(
            json.dumps(prediction, ensure_ascii=False) + "\n" for prediction in predictions
        )


@contextmanager
def _progress(what: str, count: int, as_json: bool) -> Iterator[Advance]:
    """Show how far it is on standard error, where somebody is looking."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=as_json,
    ) as bar:
        task = bar.add_task(what, total=count)
        yield lambda: bar.advance(task)


def _print(as_json: bool, result: dict[str, Any], tables: RenderableType) -> None:
    if as_json:
        print_json(result)
    else:
        Console().print(tables)
