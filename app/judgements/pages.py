"""Glue: the page 「判断待ちの通話」. What is on it arrives through ``/v1``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.auth.access import requires
from app.auth.identity import Identity
from app.judgements.endpoints import JUDGES
from app.screens.rendering import render

Judge = Annotated[Identity, Depends(requires(*JUDGES))]

router = APIRouter(include_in_schema=False)


@router.get("/judgements")
async def judgements_page(request: Request, identity: Judge) -> Response:
    return render(request, "judgements.html", identity=identity)
