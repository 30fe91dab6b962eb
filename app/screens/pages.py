"""Glue: the pages of calls. What is on them arrives through ``/v1``."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from app.auth.access import public, requires
from app.auth.identity import Identity, Role
from app.auth.origins import local_path
from app.calls.endpoints import load_seen
from app.judgements.endpoints import JUDGES
from app.judgements.viewing import opinions_asked
from app.screens.language import COOKIE, Language
from app.screens.rendering import render
from app.services import services_of

Viewer = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR))]
Anyone = Annotated[
    Identity,
    Depends(requires(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR)),
]

_YEAR_SECONDS: Final = 365 * 24 * 3600

router = APIRouter(include_in_schema=False)


@router.get("/")
async def front_door(identity: Anyone) -> Response:
    return RedirectResponse("/admin" if identity.role is Role.ADMINISTRATOR else "/calls", 303)


@router.get("/calls")
async def calls_page(request: Request, identity: Viewer) -> Response:
    asked = 0
    if identity.role in JUDGES:
        async with services_of(request).database.transaction() as session:
            asked = await opinions_asked(session, identity)
    return render(request, "calls.html", identity=identity, opinions_asked=asked)


@router.get("/calls/{call_id}")
async def call_page(request: Request, identity: Viewer, call_id: str) -> Response:
    call = await load_seen(services_of(request), identity, call_id)
    return render(
        request,
        "call.html",
        identity=identity,
        call_id=call.id,
        telephone=call.ended_at is None,
    )


@router.get(
    "/language/{language}",
    dependencies=[
        Depends(public("changes how pages look in one browser; whoever signs in needs it"))
    ],
)
async def choose_language(request: Request, language: Language, back: str = "/") -> Response:
    """Remember the language in this browser and return to the page."""
    answer = RedirectResponse(local_path(back) or "/", 303)
    answer.set_cookie(
        COOKIE,
        language.value,
        max_age=_YEAR_SECONDS,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return answer
