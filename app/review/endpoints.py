"""Glue: everything about an ended call in one answer."""

from __future__ import annotations

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.auth.schemas import problems
from app.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from app.review.answering import read_whole
from app.review.looking import Reviewer
from app.review.schemas import ReviewOut
from app.services import services_of
from app.trail.looking import Look, looks_of

router = APIRouter(
    prefix="/v1/calls/{call_id}/review",
    tags=["review"],
    responses=problems(NotSignedIn, NotAllowed, NotFound, Conflict),
)


@router.get("", response_model=ReviewOut)
async def read_review(request: Request, identity: Reviewer, call_id: str) -> Response:
    """Return words, findings, levels, deeds, versions and the facts of the recording of one ended call."""
    services = services_of(request)
    composed = await read_whole(services, identity, call_id)

    def written() -> bytes:
        return composed().model_dump_json(exclude_defaults=True).encode()

    # Three hours are half a second of work, which no live call may wait for.
    body = await anyio.to_thread.run_sync(written)
    await looks_of(request).note(Look.REVIEW, identity, call_id)
    return Response(body, media_type="application/json")
