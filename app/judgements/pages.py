"""Glue: the page 「判断待ちの通話」. What is on it arrives through ``/v1``, but for how many opinions are asked for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.auth.access import requires
from app.auth.identity import Identity
from app.judgements.endpoints import JUDGES
from app.judgements.viewing import opinions_asked
from app.screens.rendering import render
from app.services import services_of

Judge = Annotated[Identity, Depends(requires(*JUDGES))]

router = APIRouter(include_in_schema=False)


@router.get("/judgements")
async def judgements_page(request: Request, identity: Judge) -> Response:
    async with services_of(request).database.transaction() as session:
        asked = await opinions_asked(session, identity)
    return render(request, "judgements.html", identity=identity, opinions_asked=asked)
