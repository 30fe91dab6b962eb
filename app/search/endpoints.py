"""Glue: search over REST, for auditors and supervisors."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from app.auth.access import requires
from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.callers.deciding import caller_keys_of
from app.errors import BadRequest, NotAllowed, NotSignedIn
from app.search.answering import answered
from app.search.asking import Asked, Facts, asked, days_in_japan, duration_in_ms
from app.search.finding import Search
from app.search.paging import cursor_of
from app.search.schemas import NumberIn, SearchOut, SearchQuery
from app.services import services_of
from app.trail.looking import Look, looks_of
from detection.sudachi import shared_readings

Searcher = Annotated[Identity, Depends(requires(Role.SUPERVISOR, Role.AUDITOR))]
Asking = Annotated[SearchQuery, Query()]

router = APIRouter(
    prefix="/v1/search", tags=["search"], responses=problems(BadRequest, NotSignedIn, NotAllowed)
)


@router.get("")
async def search_calls(request: Request, identity: Searcher, query: Asking) -> SearchOut:
    """Find ended calls that you may see, by what was said and what is known of them.

    Names and numbers of persons, which are covered, are not found by words.
    """
    return await _found(request, identity, query, None)


@router.post("")
async def search_calls_of_number(
    request: Request, identity: Searcher, query: Asking, body: NumberIn
) -> SearchOut:
    """The same, of one caller's number: it travels in the body, so that no address and no log holds it."""
    keys = await caller_keys_of(request)
    hashes = frozenset(stored.hash for stored in keys.hashes_of_caller(body.number))
    if not hashes:
        raise FieldRefused(
            "number",
            "search_number_unknown",
            "電話番号を市外局番から入力してください。内線や非通知の通話は番号では検索できません。",
        )
    return await _found(request, identity, query, hashes)


async def _found(
    request: Request, identity: Identity, query: SearchQuery, hashes: frozenset[str] | None
) -> SearchOut:
    services = services_of(request)
    search = Search(
        identity,
        _asked(query),
        _facts(query, hashes),
        query.sort,
        query.limit,
        cursor_of(query.after) if query.after is not None else None,
    )
    await looks_of(request).note(Look.SEARCH, identity)
    return await answered(services, search)


def _asked(query: SearchQuery) -> Asked:
    return asked(
        query.q,
        shared_readings().tokens,
        track=query.track,
        scope=query.scope,
        by_reading=query.reading,
    )


def _facts(query: SearchQuery, hashes: frozenset[str] | None) -> Facts:
    began_from, began_before = days_in_japan(query.day_from, query.day_to)
    shortest_ms, longest_ms = duration_in_ms(query.minutes_from, query.minutes_to)
    return Facts(
        categories=frozenset(query.category),
        levels=frozenset(query.level),
        section=query.section,
        outcomes=frozenset(query.outcome),
        judged=query.judgement,
        began_from=began_from,
        began_before=began_before,
        shortest_ms=shortest_ms,
        longest_ms=longest_ms,
        false_alarm=query.false_alarm,
        recording=query.recording,
        report=query.report,
        welfare=query.welfare,
        caller_hashes=hashes,
    )
