"""Glue: the page 「見守り盤」. What is on it arrives through ``/v1/board`` and the events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.screens.rendering import render

Supervisor = Annotated[Identity, Depends(requires(Role.SUPERVISOR))]

router = APIRouter(include_in_schema=False)


@router.get("/board")
async def board_page(request: Request, identity: Supervisor) -> Response:
    return render(request, "board.html", identity=identity)
