"""Glue: how long a call is kept, legal holds, and what is due, over REST."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, status

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.visibility import may_see
from app.calls.endpoints import load_seen
from app.privacy.sight import TextSight
from app.privacy.sight_of_call import text_sight
from app.retention.holding import HOLDERS, Kept, hold, kept, lift, stands
from app.retention.models import LegalHold
from app.retention.planning import Due, Plan, plan
from app.retention.schemas import (
    CountOut,
    DueOut,
    HeldOut,
    HoldIn,
    HoldOut,
    KeptOut,
    LiftIn,
    PlanOut,
)
from app.services import Services, services_of

MOST_SHOWN: Final = 500

Holder = Annotated[Identity, Depends(requires(*HOLDERS))]
Planner = Annotated[Identity, Depends(requires(Role.AUDITOR, Role.ADMINISTRATOR))]

router = APIRouter(prefix="/v1", tags=["retention"])


@router.get("/calls/{call_id}/retention")
async def read_retention(request: Request, identity: Holder, call_id: str) -> KeptOut:
    """Return how long a call is kept and why, and its legal holds."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    found = await kept(services, call)
    async with services.database.transaction() as session:
        sight = await text_sight(session, services, identity, call)
    return _kept(found, identity, sight, live=call.ended_at is None)


@router.post("/calls/{call_id}/holds", status_code=status.HTTP_201_CREATED)
async def hold_call(request: Request, identity: Holder, call_id: str, body: HoldIn) -> HeldOut:
    """Keep an ended call from being deleted, until a day or until somebody else lifts it."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    return HeldOut(hold_id=await hold(services, identity, call, body.reason, body.until))


@router.post("/calls/{call_id}/holds/{hold_id}/lift", status_code=status.HTTP_204_NO_CONTENT)
async def lift_hold(
    request: Request, identity: Holder, call_id: str, hold_id: int, body: LiftIn
) -> None:
    """End a hold that somebody else set. The call may then be deleted when it is due."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    await lift(services, identity, call, hold_id, body.reason)


@router.get("/retention/plan")
async def read_plan(request: Request, identity: Planner) -> PlanOut:
    """Return what is due now: for auditors of the calls that they may see, for administrators counts of all."""
    services = services_of(request)
    found = seen_of(await due_now(services), identity)
    return PlanOut(
        decided=services.settings.retention.decided,
        counts=[
            CountOut(what=what.value, kind=kind, calls=calls)
            for (what, kind), calls in sorted(found.counts().items())
        ],
        held=len(found.held),
        calls=None
        if identity.role is Role.ADMINISTRATOR
        else [_due(one) for one in found.due[:MOST_SHOWN]],
    )


async def due_now(services: Services) -> Plan:
    async with services.database.transaction() as session:
        return await plan(session, services.settings.retention, services.clock.now())


def seen_of(found: Plan, identity: Identity) -> Plan:
    """Return what *identity* may know of *found*: administrators how many of each, of no call which."""
    if identity.role is Role.ADMINISTRATOR:
        return found

    def seen(one: Due) -> bool:
        return may_see(identity, operator="", section=one.section, live=False)

    return Plan(tuple(filter(seen, found.due)), tuple(filter(seen, found.held)))


def _due(one: Due) -> DueOut:
    return DueOut(
        call_id=one.call_id,
        section=one.section,
        ended_at=one.ended_at,
        what=one.what.value,
        kind=one.kind,
        why=one.why,
    )


def _kept(found: Kept, identity: Identity, sight: TextSight, *, live: bool) -> KeptOut:
    person = identity.user_id is not None
    standing = found.standing
    return KeptOut(
        kind=standing.kind,
        why=standing.why,
        days=standing.days,
        sound_days=standing.sound_days,
        due_at=standing.due_at,
        sound_due_at=standing.sound_due_at,
        held=found.held,
        going=found.going,
        may_hold=person and not live and not found.held and not found.going,
        holds=[_hold(one, found, identity, sight, person=person) for one in found.holds],
    )


def _hold(
    row: LegalHold, found: Kept, identity: Identity, sight: TextSight, *, person: bool
) -> HoldOut:
    standing = stands(row, found.today)
    return HoldOut(
        hold_id=row.id,
        # Somebody may have written a name into their reason.
        reason=sight.of(row.reason),
        by=row.by_login,
        at=row.at,
        until=row.until,
        stands=standing,
        lifted_by=row.lifted_by,
        lifted_at=row.lifted_at,
        lift_reason=sight.of(row.lift_reason),
        may_lift=standing and person and row.by_login != identity.login,
    )
