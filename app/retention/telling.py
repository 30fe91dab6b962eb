"""Glue: periods, plans and proofs in the office's words, for the page and for commands. Never a word of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.retention.kinds import KIND_WORDS, Kind, What
from app.retention.models import PurgeRun
from app.retention.settings import RetentionSettings
from app.retention.wiping import Wiped

WHAT_WORDS: Final = {What.CALL: "通話の記録すべて", What.SOUND: "録音のみ"}
WHY_RUN: Final = {"retention": "保存期間の満了", "erasure": "本人からの消去の求め"}
WIPED_WORDS: Final = {
    Wiped.COMPACTED: "データベースのファイルを書き直しました。消した内容はファイルに残っていません。",
    Wiped.WIPED: "消した内容は上書きしました。通話中だったため、ファイルの書き直しは次の機会に行います。",
    Wiped.VACUUMED: "データベース(PostgreSQL)の、消した行の領域を空けました。",
    Wiped.LEFT: "データベース(PostgreSQL)の、消した行の領域は、データベースが後で自動的に空けます(autovacuum)。",
    Wiped.BUSY: "データベースが使用中のため、ファイルの後始末は次の機会に行います。",
}
NOT_DECIDED: Final = (
    "保存期間が決められていないため、通話は自動では削除されません。"
    "期間は MIMAMORI_RETENTION__PRESET などの設定で決めます。"
)


@dataclass(frozen=True, slots=True)
class Period:
    """One row of the table of periods."""

    kind: str
    days: int | None
    """None: nothing of it is deleted by itself."""
    sound_days: int | None
    """None: as long as its text."""


def periods(settings: RetentionSettings) -> tuple[Period, ...]:
    return (
        Period(KIND_WORDS[Kind.ORDINARY], settings.days_of_ordinary, settings.ordinary_sound_days),
        Period(KIND_WORDS[Kind.INCIDENT], settings.days_of_incident, settings.incident_sound_days),
        Period(KIND_WORDS[Kind.REPORT], settings.days_of_report, settings.incident_sound_days),
    )


def run_facts(run: PurgeRun) -> dict[str, Any]:
    """Return the proof of a run as JSON tells it."""
    return {
        "run_id": run.id,
        "why": run.why,
        "by": run.by_login,
        "rule": run.rule,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "interrupted": run.interrupted,
        "calls": run.calls,
        "sounds": run.sounds,
        "file_bytes": run.file_bytes,
        "rows": run.rows or {},
        "digest": run.digest,
        "key_id": run.key_id,
        "left": run.left or {},
        "database": run.database,
        "proved": is_proved(run),
    }


def is_proved(run: PurgeRun) -> bool:
    """Say whether the run came to its end and then found nothing of what it had deleted."""
    return run.finished_at is not None and not run.left


def places_in_words(left: Mapping[str, int]) -> str:
    return "、".join(f"{place} {count}件" for place, count in left.items())
