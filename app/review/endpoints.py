"""Glue: everything about an ended call in one answer."""

from __future__ import annotations

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.auth.schemas import problems
from app.calls.endpoints import numbers_for, seen_by
from app.calls.protocol import CALL_ID
from app.calls.repository import call_by_id
from app.calls.views import calls_view
from app.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from app.health import health_of
from app.privacy.sight_of_call import text_sight
from app.review.looking import Reviewer, over
from app.review.recording import recording_of
from app.review.records import records_of
from app.review.schemas import ReviewOut
from app.review.view import review_of
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
    async with services.database.transaction() as session:
        found = await call_by_id(session, call_id) if CALL_ID.fullmatch(call_id) else None
        call = over(seen_by(identity, found))
        sight = await text_sight(session, services, identity, call)
        listed = await calls_view(
            session,
            [call],
            health_of(services.transcriber),
            seq=0,
            numbers=numbers_for(services, identity),
            sights={call.id: sight},
        )
        records = await records_of(session, call)
    recording = await recording_of(services, call_id)

    def written() -> bytes:
        review = review_of(
            records, listed.calls[0], sight, recording, warning_limit=services.warning_limit
        )
        return review.model_dump_json(exclude_defaults=True).encode()

    # Three hours are half a second of work, which no live call may wait for.
    body = await anyio.to_thread.run_sync(written)
    await looks_of(request).note(Look.REVIEW, identity, call_id)
    return Response(body, media_type="application/json")
