"""Glue: rules over REST: how often each was right, and what administrators decide about them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn
from app.feedback.reviewing import DAYS, MOST_DAYS, decide, rule_table
from app.feedback.schemas import ReviewIn, RulesOut, rules_out
from app.services import services_of

READERS = (Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR)

Reader = Annotated[Identity, Depends(requires(*READERS))]
Administrator = Annotated[Identity, Depends(requires(Role.ADMINISTRATOR))]
Days = Annotated[int, Query(ge=1, le=MOST_DAYS, description="How far back to count")]

router = APIRouter(prefix="/v1/rules", tags=["rules"], responses=problems(NotSignedIn, NotAllowed))


@router.get("")
async def list_rules(request: Request, _reader: Reader, days: Days = DAYS) -> RulesOut:
    """Return how often each rule was right in ended calls, those to look at first; no word of a call."""
    services = services_of(request)
    return rules_out(
        await rule_table(services.database, services.clock.now(), services.settings.feedback, days)
    )


@router.post(
    "/reviews",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(BadRequest, NotFound, Conflict),
)
async def review_rule(request: Request, identity: Administrator, body: ReviewIn) -> None:
    """Note that a rule was looked at, stop using it in this office, or use it again."""
    ledger = services_of(request).ledger
    await decide(ledger, identity, (body.rule, body.category), body.kind, body.note)
