"""Glue: calls over REST. Who may not see a call is told that there is none; supervisors, whose section it is not."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.visibility import may_see
from app.callers.deciding import callers_settings_of, today_in_japan
from app.callers.history import NumberSight
from app.calls.protocol import CALL_ID
from app.calls.repository import call_by_id, last_seq, visible_calls
from app.calls.schemas import CallDetailOut, CallsOut, FindingsOut
from app.calls.views import call_view, calls_view, findings_view
from app.errors import BadRequest, NotAllowed, NotFound
from app.health import health_of
from app.models import Call
from app.privacy.numbers import number_of
from app.privacy.sight_of_call import text_sight, text_sights
from app.retention.repository import held_among
from app.services import Services, services_of
from app.trail.looking import Look, looks_of

log = structlog.get_logger()

Viewer = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR))]

router = APIRouter(prefix="/v1/calls", tags=["calls"])


@router.get("")
async def list_calls(
    request: Request,
    identity: Viewer,
    state: Literal["live", "ended"] | None = None,
    before: Annotated[datetime | None, Query(description="Only calls begun earlier")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CallsOut:
    """Return the calls that you may see, latest first."""
    services = services_of(request)
    if before is not None:
        before = in_utc(before)
    async with services.database.transaction() as session:
        seq = await last_seq(session)
        calls = await visible_calls(
            session,
            identity,
            live=None if state is None else state == "live",
            before=before,
            limit=limit,
        )
        view = await calls_view(
            session,
            calls,
            health_of(services.transcriber),
            seq=seq,
            numbers=numbers_for(services, identity),
            sights=await text_sights(session, services, identity, calls),
        )
        if identity.role is not Role.OPERATOR:
            today = today_in_japan(services.clock.now())
            held = await held_among(session, [call.id for call in calls], today)
            for one in view.calls:
                one.held = one.call_id in held
    await looks_of(request).note(Look.LIST, identity)
    return view


@router.get("/{call_id}")
async def read_call(request: Request, identity: Viewer, call_id: str) -> CallDetailOut:
    """Return everything about one call so far."""
    services = services_of(request)
    async with services.database.transaction() as session:
        seq = await last_seq(session)
        call = seen_by(identity, await _found(session, call_id))
        view = await call_view(
            session,
            call,
            health_of(services.transcriber),
            services.warning_limit,
            seq=seq,
            numbers=numbers_for(services, identity),
            sight=await text_sight(session, services, identity, call),
        )
    await looks_of(request).note(Look.CALL, identity, call_id)
    return view


@router.get("/{call_id}/findings")
async def read_findings(request: Request, identity: Viewer, call_id: str) -> FindingsOut:
    """Return what was found in one call, each with its explanation: a sentence, and its parts."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    async with services.database.transaction() as session:
        sight = await text_sight(session, services, identity, call)
        view = await findings_view(session, call, sight)
    await looks_of(request).note(Look.FINDINGS, identity, call_id)
    return view


def numbers_for(services: Services, identity: Identity) -> NumberSight:
    """Return how much of callers' numbers *identity* reads."""
    return NumberSight(
        identity,
        callers_settings_of(services).operators_read_numbers,
        number_of=partial(number_of, services.record_keys),
    )


def in_utc(moment: datetime) -> datetime:
    """Return *moment* in UTC; one without a zone is UTC already.

    Raises:
        BadRequest: it lies beyond the calendar once the zone is taken off.
    """
    try:
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except OverflowError:
        raise BadRequest("bad_before", "before の日時が範囲を超えています。") from None


def seen_by(identity: Identity, call: Call | None) -> Call:
    """Return *call* if *identity* may see it.

    Raises:
        NotFound: there is no such call, or not for these eyes; the two are told alike.
        NotAllowed: a supervisor asks for another section's call (``other_section``); it is logged.
    """
    if call is not None and may_see(
        identity, operator=call.operator, section=call.section, live=call.ended_at is None
    ):
        return call
    if call is not None and identity.role is Role.SUPERVISOR:
        # They find their own section's calls in a list: this address was given to them, or guessed.
        log.warning(
            "call of another section refused",
            login=identity.login,
            role=identity.role.value,
            section=identity.section,
            call_id=call.id,
            call_section=call.section,
        )
        raise NotAllowed(
            "other_section",
            "ほかの課の通話は表示できません。必要なときは、その課の監督者に声をかけてください。",
        )
    raise NotFound("call_unknown", "この通話は見つからないか、表示する権限がありません。")


async def load_seen(services: Services, identity: Identity, call_id: str) -> Call:
    async with services.database.transaction() as session:
        return seen_by(identity, await _found(session, call_id))


async def _found(session: AsyncSession, call_id: str) -> Call | None:
    # PostgreSQL would choke on a NUL.
    return await call_by_id(session, call_id) if CALL_ID.fullmatch(call_id) else None
