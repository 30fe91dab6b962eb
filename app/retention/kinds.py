"""Pure: what kind of call it is, how long that kind is kept, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.retention.settings import RetentionSettings

GRAVEST_LEVEL: Final = 3


class Kind(StrEnum):
    ORDINARY = "ordinary"
    INCIDENT = "incident"
    REPORT = "report"
    """An incident whose report was approved."""


class Why(StrEnum):
    """What makes a call its kind."""

    NOTHING_SPECIAL = "nothing_special"
    JUDGED = "judged"
    UNDECIDED = "undecided"
    REPORT = "report"
    APPROVED_REPORT = "approved_report"
    LEVEL = "level"
    MEASURE = "measure"


class What(StrEnum):
    """What of a call is deleted."""

    CALL = "call"
    SOUND = "sound"


KIND_WORDS: Final = {
    Kind.ORDINARY: "通常の通話",
    Kind.INCIDENT: "事案の通話",
    Kind.REPORT: "報告書のある事案",
}
WHY_WORDS: Final = {
    Why.NOTHING_SPECIAL: "事案に当たるものがありません",
    Why.JUDGED: "「該当」と判断されました",
    Why.UNDECIDED: "判断が保留されています",
    Why.REPORT: "事案報告書があります",
    Why.APPROVED_REPORT: "承認された事案報告書があります",
    Why.LEVEL: "打ち切り・通報の段階に達しました(「非該当」とは判断されていません)",
    Why.MEASURE: "対応制限のもとになった通話です",
}


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the period of a call depends on."""

    call_id: str
    section: str
    ended_at: datetime | None
    top_level: int
    verdict: str = ""
    """The judgement that stands; empty where there is none."""
    has_report: bool = False
    report_approved: bool = False
    has_measure: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How long a call is kept, and why. None: until the office decides."""

    kind: Kind
    why: Why
    days: int | None
    sound_days: int | None
    due_at: datetime | None
    sound_due_at: datetime | None


def kind_of(facts: CallFacts) -> tuple[Kind, Why]:
    if facts.report_approved:
        return Kind.REPORT, Why.APPROVED_REPORT
    if facts.verdict == "harassment":
        return Kind.INCIDENT, Why.JUDGED
    if facts.has_report:
        return Kind.INCIDENT, Why.REPORT
    if facts.has_measure:
        return Kind.INCIDENT, Why.MEASURE
    if facts.verdict == "undecided":
        return Kind.INCIDENT, Why.UNDECIDED
    if facts.top_level >= GRAVEST_LEVEL and facts.verdict != "not_harassment":
        return Kind.INCIDENT, Why.LEVEL
    return Kind.ORDINARY, Why.NOTHING_SPECIAL


def standing_of(facts: CallFacts, settings: RetentionSettings) -> Standing:
    """Return when *facts*' call is due, whether it is held or not."""
    kind, why = kind_of(facts)
    match kind:
        case Kind.ORDINARY:
            days, sound_days = settings.days_of_ordinary, settings.ordinary_sound_days
        case Kind.INCIDENT:
            days, sound_days = settings.days_of_incident, settings.incident_sound_days
        case Kind.REPORT:
            days, sound_days = settings.days_of_report, settings.incident_sound_days
    if days is not None and (sound_days is None or sound_days > days):
        sound_days = days
    return Standing(
        kind,
        why,
        days,
        sound_days,
        _after(facts.ended_at, days),
        _after(facts.ended_at, sound_days),
    )


def due(facts: CallFacts, settings: RetentionSettings, now: datetime) -> What | None:
    """Return what of the call is to be deleted *now*; nothing of a live or held one."""
    if facts.held or facts.ended_at is None:
        return None
    standing = standing_of(facts, settings)
    if standing.due_at is not None and standing.due_at <= now:
        return What.CALL
    if standing.sound_due_at is not None and standing.sound_due_at <= now:
        return What.SOUND
    return None


def shortest_days(settings: RetentionSettings) -> int | None:
    """Return the age before which no call can be due; None where none ever is."""
    days = (settings.days_of_ordinary, settings.days_of_incident, settings.days_of_report)
    return min((one for one in days if one is not None), default=None)


def shortest_sound_days(settings: RetentionSettings) -> int | None:
    """Return the age before which no recording can be due by itself; None where it goes with its call."""
    days = (settings.ordinary_sound_days, settings.incident_sound_days)
    return min((one for one in days if one is not None), default=None)


def _after(ended_at: datetime | None, days: int | None) -> datetime | None:
    return ended_at + timedelta(days=days) if ended_at is not None and days is not None else None
