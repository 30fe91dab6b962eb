"""Glue: the page on which a copy for disclosure is made. What is on it arrives through ``/v1``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.calls.endpoints import load_seen
from app.review.looking import Reviewer, over
from app.screens.rendering import render
from app.services import services_of

router = APIRouter(include_in_schema=False)


@router.get("/calls/{call_id}/disclosure")
async def disclosure_page(request: Request, identity: Reviewer, call_id: str) -> Response:
    call = over(await load_seen(services_of(request), identity, call_id))
    return render(request, "disclosure.html", identity=identity, call_id=call.id)
