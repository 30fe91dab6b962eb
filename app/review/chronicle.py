"""Glue: everything that happened beside the talk, in the order of the sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from app.calls.schemas import GapOut
from app.models import AlertRow, StaffAction
from app.review.covering import CoveredCall
from app.review.placing import SoundPlaces
from app.review.schemas import DeedGroup, LevelOut, ReviewDeedOut, StalemateOut, StretchOut
from detection.types import How

_SUPERVISORS: Final = ("supervisor_", "take_over_", "three_way_", "break_")
_WHAT_WAS_SAID: Final = ("text", "reason", "name")
"""Where the rows of people's deeds keep words; which one depends on the kind."""


def deeds_of(
    actions: Iterable[StaffAction], places: SoundPlaces, covered: CoveredCall
) -> Iterator[ReviewDeedOut]:
    """Tell what people did on their screens."""
    for row in actions:
        detail: Mapping[str, Any] = row.detail
        known_ms = detail.get("at_ms")
        by_supervisor = row.kind.startswith(_SUPERVISORS)
        yield ReviewDeedOut(
            at_ms=known_ms if isinstance(known_ms, int) else places.of(row.at),
            at=row.at,
            kind=row.kind,
            group=DeedGroup.SUPERVISOR if by_supervisor else DeedGroup.STAFF,
            by=row.by_login,
            name=str(detail.get("display_name", "")),
            text=covered.other(_words(detail)),
            because=str(detail.get("because", "")),
        )


def _words(detail: Mapping[str, Any]) -> str:
    return next((str(detail[key]) for key in _WHAT_WAS_SAID if detail.get(key)), "")


def warnings_of(
    warnings: Iterable[Mapping[str, Any]], covered: CoveredCall
) -> Iterator[ReviewDeedOut]:
    """Tell each warning with its exact words."""
    for one in warnings:
        yield ReviewDeedOut(
            at_ms=one["at_ms"],
            at=one["at"],
            kind="warning_spoken",
            group=DeedGroup.WARNING,
            by=one["by"],
            text=covered.quote(one["utterance_id"], one["text"]),
            utterance_id=one["utterance_id"],
            number=one["n"],
            how=How(one["how"]),
        )


def alerts_of(rows: Iterable[AlertRow], quotes: Mapping[str, str]) -> Iterator[ReviewDeedOut]:
    """Tell which alerts stood on the screens; *quotes* by their ids, as this person reads them."""
    for row in rows:
        yield ReviewDeedOut(
            at_ms=row.start_ms,
            at=row.raised_at,
            kind="alert_withdrawn" if row.withdrawn else "alert_raised",
            group=DeedGroup.ALERT,
            text=quotes[row.id],
            end_ms=row.end_ms,
            utterance_id=row.utterance_id,
            number=row.level,
            because=row.reason,
        )


def levels_told(levels: Iterable[LevelOut]) -> Iterator[ReviewDeedOut]:
    """Tell where the call rose to another level, or came down."""
    before = 0
    for one in levels:
        if one.level != before:
            before = one.level
            yield ReviewDeedOut(
                at_ms=one.at_ms, kind="level_changed", group=DeedGroup.CLOCK, number=one.level
            )


def stalemates_told(stalemates: Iterable[StalemateOut]) -> Iterator[ReviewDeedOut]:
    for one in stalemates:
        yield ReviewDeedOut(
            at_ms=one.start_ms, kind="stalemate", group=DeedGroup.CLOCK, end_ms=one.end_ms
        )


def gaps_told(gaps: Iterable[GapOut]) -> Iterator[ReviewDeedOut]:
    for one in gaps:
        yield ReviewDeedOut(
            at_ms=one.start_ms,
            kind="gap",
            group=DeedGroup.RECORD,
            end_ms=one.end_ms,
            because=one.reason,
            name=one.track,
        )


def stretches_told(stretches: Iterable[StretchOut]) -> Iterator[ReviewDeedOut]:
    """Tell where there is no sound to hear again."""
    for one in stretches:
        if one.kind != "sound":
            yield ReviewDeedOut(
                at_ms=one.start_ms,
                kind=f"recording_{one.kind}",
                group=DeedGroup.RECORD,
                end_ms=one.end_ms,
            )


def in_order(*parts: Iterable[ReviewDeedOut]) -> list[ReviewDeedOut]:
    """Return all of them by the sound; what falls together stays in the order of its kinds."""
    told = [deed for part in parts for deed in part]
    return sorted(told, key=lambda deed: deed.at_ms)
