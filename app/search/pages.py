"""Glue: the page 「通話の検索」. What is found arrives through ``/v1/search``; nothing of a search is kept here."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.screens.rendering import render
from app.search.asking import LONGEST_MINUTES, LONGEST_QUERY
from app.search.endpoints import Searcher
from app.search.queries import sections
from app.services import services_of

router = APIRouter(include_in_schema=False)


@router.get("/search")
async def search_page(request: Request, identity: Searcher) -> Response:
    async with services_of(request).database.transaction() as session:
        offered = await sections(session, identity)
    return render(
        request,
        "search.html",
        identity=identity,
        # One section is no choice: they see no other.
        sections=offered if len(offered) > 1 else [],
        longest_query=LONGEST_QUERY,
        longest_minutes=LONGEST_MINUTES,
    )
