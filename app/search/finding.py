"""Glue: one search: candidates from the database, decided by ``app.search.matching``, in the order asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import anyio.to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.judgements.opinions import Standing
from app.judgements.repository import standing_of
from app.search.asking import Asked, Facts, JudgedAs, Order
from app.search.matching import HitLine, Spoken, hit_lines, matches
from app.search.paging import Cursor
from app.search.queries import Candidate, candidates, count_up_to, spoken_in

MOST_COUNTED: Final = 1_000
"""Beyond it a search says 「1,000件以上」, and the order by relevance looks no further back."""
AT_ONCE: Final = 200
"""Calls that are decided together, in a thread: live calls are judged between two such lots."""

Sides = tuple[Spoken, Spoken]


@dataclass(frozen=True, slots=True)
class FoundCall:
    candidate: Candidate
    hits: tuple[HitLine, ...] = ()

    @property
    def worth(self) -> int:
        return sum(hit.worth for hit in self.hits)


@dataclass(frozen=True, slots=True)
class FoundPage:
    calls: tuple[FoundCall, ...]
    count: int | None
    """Up to ``MOST_COUNTED`` + 1; None on a later page, whose reader knows it."""
    next_after: Cursor | None


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for, by whom, and how it is shown."""

    identity: Identity
    asked: Asked
    facts: Facts
    order: Order
    limit: int
    after: Cursor | None = None

    @property
    def by_facts_alone(self) -> bool:
        return not self.asked.names_words and self.facts.judged in (None, JudgedAs.NONE)


async def find(session: AsyncSession, search: Search) -> FoundPage:
    """Return one page of what *search* finds."""
    if search.by_facts_alone:
        return await _by_facts(session, search)
    if search.order is Order.RELEVANCE and search.asked.terms:
        return await _by_relevance(session, search)
    return await _newest(session, search)


async def _by_facts(session: AsyncSession, search: Search) -> FoundPage:
    after = search.after.place if search.after is not None else None
    found = await candidates(
        session,
        search.identity,
        search.facts,
        search.asked,
        after=after,
        limit=search.limit + 1,
    )
    count = None
    if search.after is None:
        count = await count_up_to(
            session, search.identity, search.facts, search.asked, MOST_COUNTED + 1
        )
    return _page(search, [FoundCall(one) for one in found], count)


async def _newest(session: AsyncSession, search: Search) -> FoundPage:
    first = search.after is None
    enough = MOST_COUNTED + 1 if first else search.limit + 1
    found = await _matching(session, search, enough)
    shown = found[: search.limit + 1]
    calls = await anyio.to_thread.run_sync(partial(_with_hits, search.asked, shown))
    return _page(search, calls, len(found) if first else None)


async def _by_relevance(session: AsyncSession, search: Search) -> FoundPage:
    whole = Search(search.identity, search.asked, search.facts, search.order, search.limit)
    found = await _matching(session, whole, MOST_COUNTED + 1)
    weighed = await anyio.to_thread.run_sync(partial(_weighed, search.asked, found[:MOST_COUNTED]))
    after = search.after
    rest = [one for one in weighed if after is None or _order(one) < _order_of(after)]
    return _page(search, rest[: search.limit + 1], len(found) if after is None else None)


def _weighed(asked: Asked, found: Sequence[tuple[Candidate, Sides | None]]) -> list[FoundCall]:
    return sorted(_with_hits(asked, found), key=_order, reverse=True)


def _with_hits(asked: Asked, found: Sequence[tuple[Candidate, Sides | None]]) -> list[FoundCall]:
    return [
        FoundCall(one, tuple(hit_lines(asked, sides)) if sides is not None else ())
        for one, sides in found
    ]


def _order(found: FoundCall) -> tuple[int, float, str]:
    place = found.candidate.place
    return found.worth, place.started_at.timestamp(), place.call_id


def _order_of(cursor: Cursor) -> tuple[int, float, str]:
    return cursor.worth, cursor.place.started_at.timestamp(), cursor.place.call_id


async def _matching(
    session: AsyncSession, search: Search, enough: int
) -> list[tuple[Candidate, Sides | None]]:
    """Return the newest calls that match, as many as are *enough*, with the words of those that have some."""
    after = search.after.place if search.after is not None else None
    possible = await candidates(
        session, search.identity, search.facts, search.asked, after=after, limit=None
    )
    found = list[tuple[Candidate, Sides | None]]()
    for lot in _lots(possible):
        found += await _decided(session, search, lot)
        if len(found) >= enough:
            return found[:enough]
    return found


def _lots(possible: Sequence[Candidate]) -> Iterator[Sequence[Candidate]]:
    for start in range(0, len(possible), AT_ONCE):
        yield possible[start : start + AT_ONCE]


async def _decided(
    session: AsyncSession, search: Search, lot: Sequence[Candidate]
) -> list[tuple[Candidate, Sides | None]]:
    kept: list[tuple[Candidate, Sides | None]] = [(one, None) for one in lot]
    if search.asked.names_words:
        numbers = [one.number for one in lot if one.number is not None]
        spoken = await spoken_in(session, numbers, by_sound=search.asked.by_sound)
        kept = await anyio.to_thread.run_sync(partial(_those_that_match, search.asked, lot, spoken))
    if search.facts.judged in (None, JudgedAs.NONE):
        return kept
    standing = await standing_of(session, [one.place.call_id for one, _ in kept])
    return [
        (one, sides)
        for one, sides in kept
        if _stands_as(standing.get(one.place.call_id), search.facts.judged)
    ]


def _stands_as(standing: Standing | None, judged: JudgedAs | None) -> bool:
    return standing is not None and judged is not None and standing.verdict.value == judged.value


def _those_that_match(
    asked: Asked, lot: Sequence[Candidate], spoken: dict[int, Sides]
) -> list[tuple[Candidate, Sides | None]]:
    return [
        (one, sides)
        for one in lot
        if one.number is not None
        and (sides := spoken.get(one.number)) is not None
        and matches(asked, sides)
    ]


def _page(search: Search, found: Sequence[FoundCall], count: int | None) -> FoundPage:
    """Cut *found*, which holds one call more than a page if there are more."""
    calls = tuple(found[: search.limit])
    more = len(found) > search.limit
    worth = calls[-1].worth if more and search.order is Order.RELEVANCE else 0
    last = Cursor(calls[-1].candidate.place, worth) if more else None
    return FoundPage(calls, count, last)
