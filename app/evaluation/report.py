"""Pure: what an evaluation found, as one JSON object or as tables to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table

from app.screens.words import CATEGORIES, LEVELS
from detection.measures import Agreement, CallMeasures, Kind, Share, UtteranceMeasures
from detection.types import Severity

KINDS: Final[Mapping[Kind, str]] = {
    Kind.HARASSMENT: "ハラスメント",
    Kind.LEGITIMATE: "正当な苦情・通常の用件",
    Kind.HARD_NEGATIVE: "紛らわしい無害な発言",
}


@dataclass(frozen=True, slots=True)
class Run:
    """Which file was judged by what."""

    file: str
    count: int
    policy: str
    detector: str

    def as_json(self, what: str) -> dict[str, Any]:
        return {
            "evaluation": what,
            "file": self.file,
            "count": self.count,
            "policy_version": self.policy,
            "detector_version": self.detector,
        }


@dataclass(frozen=True, slots=True)
class Hearing:
    """How well the recogniser heard; only where there was sound."""

    character_errors: Share
    segments_lost: int


def utterances_json(run: Run, found: UtteranceMeasures) -> dict[str, Any]:
    return {
        **run.as_json("utterances"),
        "recall": {
            "all": _share(found.recall),
            "by_severity": {str(k): _share(v) for k, v in found.recall_by_severity.items()},
            "by_category": {k.value: _share(v) for k, v in found.recall_by_category.items()},
        },
        "false_alarms": {kind.value: _share(v) for kind, v in found.false_alarms.items()},
        "level_agreement": _share(found.level_agreement),
        "categories": {k.value: _agreement(v) for k, v in found.categories.items()},
    }


def audio_json(run: Run, found: UtteranceMeasures, hearing: Hearing) -> dict[str, Any]:
    return {
        **utterances_json(run, found),
        "evaluation": "audio",
        "cer": _rounded(hearing.character_errors.rate),
        "characters": hearing.character_errors.of,
        "character_errors": hearing.character_errors.count,
        "segments_lost": hearing.segments_lost,
    }


def calls_json(run: Run, found: CallMeasures) -> dict[str, Any]:
    delay = found.delay
    return {
        **run.as_json("calls"),
        "recall": _share(found.recall),
        "false_alarms": {kind.value: _share(v) for kind, v in found.false_alarms.items()},
        "delay_turns": {
            "mean": _rounded(delay.mean),
            "median": _rounded(delay.median),
            "longest": delay.longest,
            "calls": len(delay.turns),
            "early": delay.early,
            "missed": delay.missed,
        },
        "level_agreement": {
            "exact": _share(found.level_agreement),
            "within_one": _share(found.level_within_one),
        },
        "repetition": _agreement(found.repetition),
    }


def utterances_tables(run: Run, found: UtteranceMeasures) -> RenderableType:
    rows = [("再現率(ハラスメント全体)", found.recall)]
    rows += [
        (f"  {severity} {LEVELS[Severity(severity)].label}", share)
        for severity, share in found.recall_by_severity.items()
    ]
    rows += [(f"誤検知率({KINDS[kind]})", share) for kind, share in found.false_alarms.items()]
    rows.append(("段階の一致", found.level_agreement))
    return Group(_title("発言の評価", run), _shares("全体", rows), _by_category(found))


def audio_tables(run: Run, found: UtteranceMeasures, hearing: Hearing) -> RenderableType:
    rows = [("文字誤り率(CER)", hearing.character_errors)]
    sound = _shares(f"認識(認識できなかった区間 {hearing.segments_lost})", rows)
    return Group(sound, utterances_tables(run, found))


def calls_tables(run: Run, found: CallMeasures) -> RenderableType:
    rows = [("再現率(お知らせのあったハラスメント通話)", found.recall)]
    rows += [(f"誤検知率({KINDS[kind]})", share) for kind, share in found.false_alarms.items()]
    rows += [
        ("最高段階の一致", found.level_agreement),
        ("最高段階の差が 1 以内", found.level_within_one),
    ]
    delay = found.delay
    waits = Table(title="最初の該当発言から最初のお知らせまで(発言数)", title_justify="left")
    for heading in ("平均", "中央値", "最長", "通話数", "該当前", "お知らせなし"):
        waits.add_column(heading, justify="right")
    waits.add_row(
        *(number(value) for value in (delay.mean, delay.median, delay.longest)),
        *(str(value) for value in (len(delay.turns), delay.early, delay.missed)),
    )
    repetition = Table(title="繰り返しの検知", title_justify="left")
    _agreement_columns(repetition)
    repetition.add_row(*_agreement_cells(found.repetition))
    return Group(_title("通話の評価", run), _shares("全体", rows), waits, repetition)


def _by_category(found: UtteranceMeasures) -> Table:
    table = Table(title="分類ごと", title_justify="left")
    table.add_column("分類")
    table.add_column("検知", justify="right")
    _agreement_columns(table)
    for category, agreement in found.categories.items():
        flagged = percent(found.recall_by_category[category].rate)
        table.add_row(CATEGORIES[category].short, flagged, *_agreement_cells(agreement))
    return table


def _title(what: str, run: Run) -> str:
    return f"{what}: {run.file}({run.count} 件、方針 {run.policy}、検知 {run.detector})"


def _shares(title: str, rows: Sequence[tuple[str, Share]]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    for name, share in rows:
        table.add_row(name, percent(share.rate), f"{share.count} / {share.of}")
    return table


def _agreement_columns(table: Table) -> None:
    for heading in ("適合率", "再現率", "F1", "正", "誤", "漏れ"):
        table.add_column(heading, justify="right")


def _agreement_cells(agreement: Agreement) -> list[str]:
    shares = (agreement.precision, agreement.recall, agreement.f1)
    counts = (agreement.true_positive, agreement.false_positive, agreement.false_negative)
    return [*(percent(share) for share in shares), *(str(count) for count in counts)]


def _share(share: Share) -> dict[str, Any]:
    return {"rate": _rounded(share.rate), "count": share.count, "of": share.of}


def _agreement(agreement: Agreement) -> dict[str, Any]:
    return {
        "precision": _rounded(agreement.precision),
        "recall": _rounded(agreement.recall),
        "f1": _rounded(agreement.f1),
        "true_positive": agreement.true_positive,
        "false_positive": agreement.false_positive,
        "false_negative": agreement.false_negative,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def percent(value: float | None) -> str:
    return "―" if value is None else f"{value:.1%}"


def number(value: float | None) -> str:
    return "―" if value is None else f"{value:g}"
