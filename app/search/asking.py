"""Pure: what somebody searches for: words, quoted phrases, what must not be said, and the facts of the call."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from app.auth.errors import FieldRefused
from app.japan import JAPAN
from app.search.folding import folded
from app.search.sounding import Reading, reading_of
from detection.ports import Token
from detection.types import Category, Outcome

LONGEST_QUERY: Final = 500
MOST_TERMS: Final = 20
MINUTE_MS: Final = 60_000
LONGEST_MINUTES: Final = 24 * 60
_QUOTED: Final = r'"[^"]*"|“[^”]*”|「[^」]*」|『[^』]*』|＂[^＂]*＂'
_TERM: Final = re.compile(rf"(?P<minus>[-－−])?(?:(?P<quoted>{_QUOTED})|(?P<plain>\S+))")

Words = Callable[[str], Sequence[Token]]


class Track(StrEnum):
    """Whose words are searched."""

    CALLER = "caller"
    OPERATOR = "operator"
    BOTH = "both"


class Scope(StrEnum):
    """Within what all words must be said."""

    CALL = "call"
    UTTERANCE = "utterance"


class Order(StrEnum):
    NEWEST = "newest"
    RELEVANCE = "relevance"
    """Most hits first, what was written before what only sounds so; of the newest thousand."""


class JudgedAs(StrEnum):
    HARASSMENT = "harassment"
    NOT_HARASSMENT = "not_harassment"
    UNDECIDED = "undecided"
    NONE = "none"
    """Nobody has judged it."""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must be said."""

    letters: str
    """Folded, never empty."""
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of one search."""

    terms: tuple[Term, ...] = ()
    excluded: tuple[str, ...] = ()
    """Folded; none of them may be said."""
    track: Track = Track.BOTH
    scope: Scope = Scope.CALL

    @property
    def names_words(self) -> bool:
        return bool(self.terms or self.excluded)

    @property
    def by_sound(self) -> bool:
        return any(term.reading is not None for term in self.terms)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a call must be, beside its words. Nothing here names a member of staff."""

    categories: frozenset[Category] = frozenset()
    levels: frozenset[int] = frozenset()
    section: str | None = None
    outcomes: frozenset[Outcome] = frozenset()
    judged: JudgedAs | None = None
    began_from: datetime | None = None
    began_before: datetime | None = None
    shortest_ms: int | None = None
    longest_ms: int | None = None
    false_alarm: bool = False
    recording: bool = False
    report: bool = False
    welfare: bool = False
    caller_hashes: frozenset[str] | None = field(default=None, repr=False)


def asked(typed: str, words: Words, *, track: Track, scope: Scope, by_reading: bool) -> Asked:
    """Read what was *typed* into the search field.

    Raises:
        FieldRefused: it is too long, holds too many words, or nothing that can be heard.
    """
    if len(typed) > LONGEST_QUERY:
        raise FieldRefused("q", "search_too_long", f"検索する言葉は{LONGEST_QUERY}文字までです。")
    terms, excluded, said = list[Term](), list[str](), 0
    for part in _TERM.finditer(typed):
        quoted = part["quoted"]
        said += 1
        text = quoted[1:-1] if quoted is not None else part["plain"]
        # What is covered in the index cannot be asked for by its cover: folding leaves ● alone.
        letters = folded(text.replace("●", "")).text
        if not letters:
            continue
        if part["minus"]:
            excluded.append(letters)
        else:
            by_sound = by_reading and quoted is None
            terms.append(Term(letters, reading_of(words(text)) if by_sound else None))
    if said and not terms and not excluded:
        raise FieldRefused(
            "q",
            "search_nothing_heard",
            "記号や●だけでは検索できません。文字を入力してください。",
        )
    if len(terms) + len(excluded) > MOST_TERMS:
        raise FieldRefused(
            "q", "search_too_many_words", f"一度に検索できる言葉は{MOST_TERMS}個までです。"
        )
    return Asked(tuple(dict.fromkeys(terms)), tuple(dict.fromkeys(excluded)), track, scope)


def days_in_japan(first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    """Return from when, and before when, a call of these days began.

    Raises:
        FieldRefused: the last day is before the first, or beyond the calendar.
    """
    if first is not None and last is not None and last < first:
        raise FieldRefused(
            "to",
            "search_days_reversed",
            "「この日まで」には、「この日から」と同じ日か、後の日を入力してください。",
        )
    begin = _beginning("from", first, 0) if first is not None else None
    after = _beginning("to", last, 1) if last is not None else None
    return begin, after


def _beginning(field: str, day: date, days_later: int) -> datetime:
    try:
        moment = datetime.combine(day + timedelta(days=days_later), time(), JAPAN)
        moment.timestamp()
        moment - timedelta(days=1)
    except (OverflowError, ValueError):
        raise FieldRefused(
            field,
            "search_day_unknown",
            "この日付は検索できません。西暦4桁の日付を入力してください。",
        ) from None
    return moment


def duration_in_ms(shortest: int | None, longest: int | None) -> tuple[int | None, int | None]:
    """Return the bounds of a call's duration out of whole minutes.

    Raises:
        FieldRefused: the longest is shorter than the shortest.
    """
    if shortest is not None and longest is not None and longest < shortest:
        raise FieldRefused(
            "minutes_to",
            "search_minutes_reversed",
            "「何分以下」には、「何分以上」と同じか、それより大きい数を入力してください。",
        )
    return (
        shortest * MINUTE_MS if shortest is not None else None,
        longest * MINUTE_MS if longest is not None else None,
    )
