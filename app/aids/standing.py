"""Pure: what stands of the aids of a call, read from what people did about it, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol


class AidKind(StrEnum):
    """The kinds of the notes that the aids write."""

    MISSED = "missed_marked"
    MISSED_EXPLAINED = "missed_explained"
    MISSED_UNDONE = "missed_undone"
    MUTED = "prompts_muted"
    UNMUTED = "prompts_unmuted"
    CALLED = "emergency_called"
    CALLED_UNDONE = "emergency_undone"
    BREAK_PROPOSED = "break_proposed"
    BREAK_GIVEN = "break_given"
    BREAK_DECLINED = "break_declined"


BREAK_ANSWERS: Final = (AidKind.BREAK_GIVEN, AidKind.BREAK_DECLINED)


class Deed(Protocol):
    """One thing that a person did, as the tables keep it."""

    @property
    def kind(self) -> str: ...

    @property
    def by_login(self) -> str: ...

    @property
    def at(self) -> datetime: ...

    @property
    def detail(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Missed:
    """A moment that recognition did not flag and a person did."""

    number: int
    """Counts the marks of the call from 1; one that was taken back keeps its number."""
    at_ms: int
    """Of the call's sound."""
    by: str
    by_name: str
    marked_at: datetime
    mark_id: str = ""
    """Chosen by the screen, so that a repeat is no second mark."""
    category: str = ""
    reason: str = ""
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody said that they have called 110."""

    by: str
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Aids:
    missed: tuple[Missed, ...] = ()
    prompts_muted: bool = False
    called: Called | None = None
    break_proposed: bool = False
    break_answered: bool = False

    def mark(self, number: int) -> Missed | None:
        return self.missed[number - 1] if 1 <= number <= len(self.missed) else None

    def marked_as(self, mark_id: str, by: str) -> Missed | None:
        """Return the mark that this screen has already made under *mark_id*."""
        found = (one for one in self.missed if mark_id and (one.mark_id, one.by) == (mark_id, by))
        return next(found, None)


def aids_of(deeds: Iterable[Deed]) -> Aids:
    """Return what stands after *deeds*; those of other subjects change nothing."""
    aids = Aids()
    for deed in deeds:
        aids = _after(aids, deed)
    return aids


def _after(aids: Aids, deed: Deed) -> Aids:
    detail = deed.detail
    match deed.kind:
        case AidKind.MISSED:
            return replace(aids, missed=(*aids.missed, _marked(len(aids.missed) + 1, deed)))
        case AidKind.MISSED_EXPLAINED:
            told = {"category": detail.get("category", ""), "reason": detail.get("reason", "")}
            return _with_mark(aids, detail.get("number", 0), **told)
        case AidKind.MISSED_UNDONE:
            return _with_mark(aids, detail.get("number", 0), undone=True)
        case AidKind.MUTED | AidKind.UNMUTED:
            return replace(aids, prompts_muted=deed.kind == AidKind.MUTED)
        case AidKind.CALLED:
            return replace(aids, called=Called(deed.by_login, detail.get("name", ""), deed.at))
        case AidKind.CALLED_UNDONE:
            return replace(aids, called=None)
        case AidKind.BREAK_PROPOSED:
            return replace(aids, break_proposed=True)
        case AidKind.BREAK_GIVEN | AidKind.BREAK_DECLINED:
            return replace(aids, break_answered=True)
    return aids


def _marked(number: int, deed: Deed) -> Missed:
    detail = deed.detail
    return Missed(
        number=number,
        at_ms=int(detail.get("at_ms", 0)),
        by=deed.by_login,
        by_name=detail.get("name", ""),
        marked_at=deed.at,
        mark_id=detail.get("mark_id", ""),
    )


def _with_mark(aids: Aids, number: int, **changes: Any) -> Aids:  # noqa: ANN401 - fields of Missed
    if aids.mark(number) is None:
        return aids
    changed = [replace(one, **changes) if one.number == number else one for one in aids.missed]
    return replace(aids, missed=tuple(changed))
