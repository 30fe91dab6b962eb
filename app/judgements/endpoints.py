"""Glue: judgements over REST."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.endpoints import load_seen
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn
from app.judgements.judging import judge
from app.judgements.schemas import JudgementIn, JudgementsOut, WaitingCallsOut
from app.judgements.viewing import Waiting, Wanted, judgements_view, waiting_view
from app.models import Call
from app.privacy.sight_of_call import text_sight
from app.services import Services, services_of
from app.trail.looking import Look, looks_of

JUDGES = (Role.AUDITOR, Role.SUPERVISOR)

Judge = Annotated[Identity, Depends(requires(*JUDGES))]

router = APIRouter(prefix="/v1", tags=["judgements"], responses=problems(NotSignedIn, NotAllowed))


@router.get("/judgements")
async def list_waiting(
    request: Request,
    identity: Judge,
    show: Waiting = Waiting.WAITING,
    section: Annotated[
        str | None, Query(max_length=64, pattern="^[^\x00]*$", description="Only of this section")
    ] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> WaitingCallsOut:
    """Return ended calls that wait for a judgement, the oldest first; no word of a call."""
    wanted = Wanted(show, section, offset, limit)
    async with services_of(request).database.transaction() as session:
        view = await waiting_view(session, identity, wanted)
    await looks_of(request).note(Look.JUDGEMENT_LIST, identity)
    return view


@router.get("/calls/{call_id}/judgements", responses=problems(NotFound))
async def read_judgements(request: Request, identity: Judge, call_id: str) -> JudgementsOut:
    """Return every judgement of a call, what stands, and its findings to call right or wrong."""
    services = services_of(request)
    view = await _view(services, identity, await load_seen(services, identity, call_id))
    await looks_of(request).note(Look.JUDGEMENTS, identity, call_id)
    return view


@router.post(
    "/calls/{call_id}/judgements",
    status_code=status.HTTP_201_CREATED,
    responses=problems(BadRequest, NotFound, Conflict),
)
async def add_judgement(
    request: Request, identity: Judge, call_id: str, body: JudgementIn
) -> JudgementsOut:
    """Judge a call that is over, or give a second opinion; earlier judgements stay."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    await judge(services, identity, call, body)
    return await _view(services, identity, call)


async def _view(services: Services, identity: Identity, call: Call) -> JudgementsOut:
    async with services.database.transaction() as session:
        sight = await text_sight(session, services, identity, call)
        return await judgements_view(session, identity, call, sight)
