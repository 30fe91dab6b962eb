"""Glue: reading an ended call uncovered, with a reason, over REST."""

from __future__ import annotations

from fastapi import APIRouter, Request

from app.auth.identity import Identity
from app.auth.schemas import problems
from app.calls.endpoints import Viewer, load_seen
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn
from app.models import Call
from app.privacy.schemas import SightOut, UnmaskIn
from app.privacy.unmasking import cover_again, sight_view, unmask
from app.services import Services, services_of

router = APIRouter(
    prefix="/v1/calls/{call_id}/unmask",
    tags=["privacy"],
    responses=problems(NotSignedIn, NotAllowed, NotFound),
)


@router.get("")
async def read_sight(request: Request, identity: Viewer, call_id: str) -> SightOut:
    """Return whether you read this call covered, until when not, and who read it uncovered and why."""
    services = services_of(request)
    return await _sight(services, identity, await load_seen(services, identity, call_id))


@router.post("", responses=problems(BadRequest, Conflict))
async def uncover(request: Request, identity: Viewer, call_id: str, body: UnmaskIn) -> SightOut:
    """Read this call uncovered for some minutes. Your reason is kept, and others who may review the call see it."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    await unmask(services, identity, call, body.reason)
    return await _sight(services, identity, call)


@router.delete("")
async def cover(request: Request, identity: Viewer, call_id: str) -> SightOut:
    """Cover the call again for yourself, now."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    await cover_again(services, identity, call)
    return await _sight(services, identity, call)


async def _sight(services: Services, identity: Identity, call: Call) -> SightOut:
    async with services.database.transaction() as session:
        return await sight_view(session, services, identity, call)
