"""Glue: how far a call has come on the policy's way, over REST."""

from __future__ import annotations

from fastapi import APIRouter, Request

from app.auth.schemas import problems
from app.calls.endpoints import Viewer, seen_by
from app.calls.protocol import CALL_ID
from app.calls.repository import call_by_id, last_seq
from app.errors import NotAllowed, NotFound, NotSignedIn
from app.privacy.sight_of_call import UNTOUCHED, text_sight
from app.progress.reading import progress_view
from app.progress.schemas import ProgressOut
from app.services import services_of
from app.trail.looking import Look, looks_of

router = APIRouter(
    prefix="/v1/calls/{call_id}/progress",
    tags=["calls"],
    responses=problems(NotSignedIn, NotAllowed, NotFound),
)


@router.get("")
async def read_progress(request: Request, identity: Viewer, call_id: str) -> ProgressOut:
    """Return step, warnings with their proof, what the policy allows next, its clocks, and a request that returns."""
    services = services_of(request)
    async with services.database.transaction() as session:
        seq = await last_seq(session)
        found = await call_by_id(session, call_id) if CALL_ID.fullmatch(call_id) else None
        call = seen_by(identity, found)
        sight = await text_sight(session, services, identity, call)
    view = await progress_view(services, call, seq=seq)
    await looks_of(request).note(Look.CALL, identity, call_id)
    return ProgressOut.model_validate(sight.of_all(view.model_dump(), untouched=UNTOUCHED))
