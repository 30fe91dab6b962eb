"""Glue: callers over REST: earlier calls from the same number, what was answered, the measures in force."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, status

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.callers.deciding import (
    LARGEST_ID,
    MeasureLine,
    approve,
    caller_keys_of,
    callers_settings_of,
    lift,
    measure_lines,
    propose,
    record_number_read,
    today_in_japan,
    write_matter,
)
from app.callers.history import ShownCall, may_read_number, summed_up
from app.callers.measures import LABELS, Kind, State, proposal, state_of
from app.callers.models import CallerMeasure, CallMatter
from app.callers.number import UNREADABLE, masked
from app.callers.repository import (
    earlier_calls,
    matters_of,
    measures_for,
    standing_of,
)
from app.callers.schemas import (
    CallerOut,
    EarlierCallOut,
    LiftIn,
    MatterIn,
    MatterOut,
    MeasureIn,
    MeasureInForceOut,
    MeasureOut,
    MeasuresOut,
    NumberOut,
    ProposedOut,
)
from app.calls.endpoints import Viewer, load_seen, numbers_for
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn
from app.privacy.numbers import number_of
from app.privacy.sight import WHOLE, TextSight
from app.privacy.sight_of_call import sights_of_ended, text_sight
from app.services import services_of
from app.trail.looking import Look, looks_of

READERS = (Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR)

OnCall = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR))]
Supervisor = Annotated[Identity, Depends(requires(Role.SUPERVISOR))]
Decider = Annotated[Identity, Depends(requires(Role.SUPERVISOR, Role.ADMINISTRATOR))]
Reader = Annotated[Identity, Depends(requires(*READERS))]
MeasureId = Annotated[int, Path(ge=1, le=LARGEST_ID)]

router = APIRouter(prefix="/v1", tags=["callers"], responses=problems(NotSignedIn, NotAllowed))


@router.get("/calls/{call_id}/caller", responses=problems(NotFound))
async def read_caller(request: Request, identity: Viewer, call_id: str) -> CallerOut:
    """Return what you may know of earlier calls from this call's number, and the measures in force today."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    keys = await caller_keys_of(request)
    number = number_of(services.record_keys, call)
    hashes = {stored.hash for stored in keys.hashes_of_caller(number)}
    if number == UNREADABLE and call.caller_hash is not None:
        hashes = {call.caller_hash}
    today = today_in_japan(services.clock.now())
    async with services.database.transaction() as session:
        earlier = await earlier_calls(
            session, hashes, identity, call_id=call.id, began_at=call.started_at
        )
        history = summed_up(
            earlier,
            identity,
            call_began_at=call.started_at,
            colleagues_answers=callers_settings_of(services).colleagues_answers,
        )
        whole = [shown.call.call_id for shown in history.calls if shown.whole]
        matters = await matters_of(session, whole)
        # Only those of which something is shown: to look for names in a call takes its whole length.
        over = [
            one.call.call_id
            for one in history.calls
            if one.call.ended_at is not None and one.call.call_id in matters
        ]
        sights = await sights_of_ended(session, services, identity, over)
        sight = await text_sight(session, services, identity, call)
        measures = await measures_for(session, hashes, call.section) if hashes else ()
    await looks_of(request).note(Look.CALL, identity, call_id)
    may_read = sight.whole and numbers_for(services, identity).is_whole(
        operator=call.operator, section=call.section, top_level=call.top_level
    )
    return CallerOut(
        known=bool(hashes),
        number=number if may_read else masked(number),
        number_is_whole=may_read and number not in ("", UNREADABLE),
        last_24_hours=history.last_24_hours,
        last_90_days=history.last_90_days,
        calls=[
            _earlier(
                shown,
                matters.get(shown.call.call_id),
                identity,
                sights.get(shown.call.call_id, WHOLE),
            )
            for shown in history.calls
        ],
        measures=[
            _in_force(row, identity)
            for row in measures
            if state_of(standing_of(row), today) is State.IN_FORCE
        ],
    )


@router.post("/calls/{call_id}/caller/number", responses=problems(NotFound))
async def read_whole_number(request: Request, identity: OnCall, call_id: str) -> NumberOut:
    """Return the whole number of a call that you may see; the record keeps that you asked.

    For what no level has found: whoever calls the police needs it now.
    """
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    await record_number_read(services, identity, call)
    return NumberOut(number=number_of(services.record_keys, call))


@router.get("/calls/{call_id}/matter", responses=problems(NotFound))
async def read_matter(request: Request, identity: Viewer, call_id: str) -> MatterOut | None:
    """Return what somebody wrote about this call; null where nobody did."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    async with services.database.transaction() as session:
        row = (await matters_of(session, [call.id])).get(call.id)
        sight = await text_sight(session, services, identity, call)
    await looks_of(request).note(Look.CALL, identity, call_id)
    return _matter(row, sight) if row is not None else None


@router.put(
    "/calls/{call_id}/matter",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(BadRequest, NotFound),
)
async def put_matter(request: Request, identity: OnCall, call_id: str, body: MatterIn) -> None:
    """Write down what the caller wanted and what was answered, in your own words."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    await write_matter(services, identity, call, body.matter.strip(), body.answer.strip())


@router.post(
    "/calls/{call_id}/measures",
    status_code=status.HTTP_201_CREATED,
    responses=problems(BadRequest, NotFound, Conflict),
)
async def propose_measure(
    request: Request, identity: Supervisor, call_id: str, body: MeasureIn
) -> ProposedOut:
    """Propose a measure for the caller of this call; it is in force once another person approved it."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    wanted = proposal(
        kind=body.kind,
        detail=body.detail,
        office_wide=body.office_wide,
        reason=body.reason,
        words=body.words,
        begins_on=body.begins_on,
        ends_on=body.ends_on,
        today=today_in_japan(services.clock.now()),
    )
    keys = await caller_keys_of(request)
    return ProposedOut(measure_id=await propose(services, keys, identity, call, wanted))


@router.get("/measures")
async def list_measures(request: Request, identity: Reader) -> MeasuresOut:
    """Return the measures of your section, or of all of them for administrators and auditors without one."""
    lines = await measure_lines(services_of(request), identity)
    await looks_of(request).note(Look.MEASURES, identity)
    return MeasuresOut(measures=[_line(line) for line in lines])


@router.post(
    "/measures/{measure_id}/approve",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(NotFound, Conflict),
)
async def approve_measure(request: Request, identity: Decider, measure_id: MeasureId) -> None:
    """Approve what somebody else proposed."""
    await approve(services_of(request), identity, measure_id)


@router.post(
    "/measures/{measure_id}/lift",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(BadRequest, NotFound, Conflict),
)
async def lift_measure(
    request: Request, identity: Decider, measure_id: MeasureId, body: LiftIn
) -> None:
    """End a measure, or turn a proposal down."""
    await lift(services_of(request), identity, measure_id, body.reason)


def _earlier(
    shown: ShownCall, matter: CallMatter | None, identity: Identity, sight: TextSight
) -> EarlierCallOut:
    call = shown.call
    own = identity.role is not Role.OPERATOR or call.operator == identity.login
    return EarlierCallOut(
        call_id=call.call_id if own else None,
        started_at=call.started_at,
        section=call.section,
        top_level=call.top_level,
        outcome=call.outcome,
        duration_ms=call.duration_ms,
        live=call.ended_at is None,
        matter=_matter(matter, sight) if matter is not None else None,
    )


def _matter(row: CallMatter, sight: TextSight) -> MatterOut:
    return MatterOut(
        matter=sight.of(row.matter), answer=sight.of(row.answer), by=row.by_login, at=row.at
    )


def _in_force(row: CallerMeasure, identity: Identity) -> MeasureInForceOut:
    kind = Kind(row.kind)
    return MeasureInForceOut(
        measure_id=row.id,
        kind=kind,
        label=LABELS[kind],
        detail=row.detail,
        words=row.words,
        clause=row.clause,
        section=row.section,
        office_wide=row.office_wide,
        begins_on=row.begins_on,
        ends_on=row.ends_on,
        approved_by=row.approved_by or "",
        reason=row.reason if may_read_number(identity, row.section) else None,
    )


def _line(line: MeasureLine) -> MeasureOut:
    row, kind = line.measure, Kind(line.measure.kind)
    return MeasureOut(
        measure_id=row.id,
        state=line.state,
        kind=kind,
        label=LABELS[kind],
        detail=row.detail,
        number=line.number,
        number_is_whole=line.number_is_whole,
        section=row.section,
        office_wide=row.office_wide,
        reason=row.reason,
        words=row.words,
        clause=row.clause,
        begins_on=row.begins_on,
        ends_on=row.ends_on,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        lifted_by=row.lifted_by,
        lifted_at=row.lifted_at,
        lift_reason=row.lift_reason,
    )
