"""Glue: breaks that wait for a supervisor's answer. What was answered is gone; nobody is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, Request, status

from app.aids.breaks import BreakProposals
from app.aids.records import note, standing, waiting_breaks
from app.aids.schemas import BreakAnswer, BreakAnswerIn, BreakBecause, BreakOut, BreaksOut
from app.aids.standing import AidKind
from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.endpoints import load_seen
from app.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from app.ledger import Entry
from app.services import services_of

Supervisor = Annotated[Identity, Depends(requires(Role.SUPERVISOR))]

_ANSWERS: Final = {
    BreakAnswer.GIVEN: AidKind.BREAK_GIVEN,
    BreakAnswer.NOT_NEEDED: AidKind.BREAK_DECLINED,
}


@asynccontextmanager
async def _proposing(app: FastAPI) -> AsyncIterator[None]:
    services = getattr(app.state, "services", None)
    if services is None:
        yield
        return
    async with BreakProposals(services).running():
        yield


router = APIRouter(
    prefix="/v1/breaks",
    tags=["aids"],
    responses=problems(NotSignedIn, NotAllowed),
    lifespan=_proposing,
)


@router.get("")
async def read_breaks(request: Request, identity: Supervisor) -> BreaksOut:
    """Return the proposals of the last 8 hours in your section that nobody has answered."""
    services = services_of(request)
    async with services.database.transaction() as session:
        rows = await waiting_breaks(session, identity.section, services.clock.now())
    return BreaksOut(
        breaks=[
            BreakOut(
                call_id=call.id,
                operator=call.operator,
                display_name=display_name or call.operator,
                because=BreakBecause(proposal.detail["because"]),
                ended_at=call.ended_at or proposal.at,
            )
            for proposal, call, display_name in rows
        ]
    )


@router.post(
    "/{call_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(NotFound, Conflict),
)
async def answer_break(
    request: Request, identity: Supervisor, call_id: str, body: BreakAnswerIn
) -> None:
    """Say what came of a proposal: a break was given, or none was needed."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)

    async def change(entry: Entry) -> None:
        aids = await standing(entry.session, call.id)
        if not aids.break_proposed:
            raise NotFound("break_unknown", "この通話の後に、休憩のご提案はありません。")
        if aids.break_answered:
            raise Conflict("break_answered", "この休憩のご提案には、すでに返事が済んでいます。")
        name = identity.display_name
        note(entry, call, _ANSWERS[body.answer], identity.login, "", name=name)

    await services.ledger.write(change)
