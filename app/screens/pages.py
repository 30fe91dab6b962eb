"""Glue: the pages of calls. What is on them arrives through ``/v1``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.calls.endpoints import load_seen
from app.screens.rendering import render
from app.services import services_of

Viewer = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR))]
Anyone = Annotated[
    Identity,
    Depends(requires(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR)),
]

router = APIRouter(include_in_schema=False)


@router.get("/")
async def front_door(identity: Anyone) -> Response:
    return RedirectResponse("/admin" if identity.role is Role.ADMINISTRATOR else "/calls", 303)


@router.get("/calls")
async def calls_page(request: Request, identity: Viewer) -> Response:
    return render(request, "calls.html", identity=identity)


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
