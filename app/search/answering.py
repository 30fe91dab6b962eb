"""Glue: one search from the question to its answer, in one transaction."""

from __future__ import annotations

from app.search.finding import MOST_COUNTED, Search, find
from app.search.index import waiting_count
from app.search.schemas import SearchOut
from app.search.showing import shown
from app.services import Services


async def answered(services: Services, search: Search) -> SearchOut:
    """Return what *search* finds, as its asker may read it."""
    async with services.database.transaction() as session:
        page = await find(session, search)
        cards = await shown(session, services, search.identity, search.asked, page.calls)
        waiting = await waiting_count(session, search.identity)
    return SearchOut(
        calls=cards,
        count=min(page.count, MOST_COUNTED) if page.count is not None else None,
        more_than_counted=page.count is not None and page.count > MOST_COUNTED,
        next=str(page.next_after) if page.next_after is not None else None,
        waiting=waiting,
    )
