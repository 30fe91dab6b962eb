"""Glue: the page 「操作の記録」. What is on it arrives through ``/v1/trail``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.screens.rendering import render
from app.trail.sight import OF_ACCOUNTS, OF_SETTINGS
from app.trail.words import FAMILIES, KINDS

Reader = Annotated[Identity, Depends(requires(Role.AUDITOR, Role.ADMINISTRATOR))]

router = APIRouter(include_in_schema=False)


@router.get("/trail")
async def trail_page(request: Request, identity: Reader) -> Response:
    return render(request, "trail.html", identity=identity, kinds=_kinds_for(identity))


def _kinds_for(identity: Identity) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return the families with their kinds that this person may find: id, word, and the same of each kind."""
    accounts = identity.role is Role.ADMINISTRATOR
    wanted = OF_ACCOUNTS | OF_SETTINGS if accounts else frozenset(FAMILIES) - OF_ACCOUNTS
    return [
        (
            f"{family}.",
            words,
            [(kind, label) for kind, label in KINDS.items() if kind.startswith(f"{family}.")],
        )
        for family, words in FAMILIES.items()
        if family in wanted
    ]
