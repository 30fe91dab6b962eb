"""Glue: the page 「対応制限」: to propose a measure, to approve one, to lift one. Works without script."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.auth.access import requires
from app.auth.errors import FieldRefused
from app.auth.forms import fields_of
from app.auth.identity import Identity, Role
from app.callers.deciding import (
    LARGEST_ID,
    MeasureLine,
    approve,
    caller_keys_of,
    lift,
    measure_lines,
    propose,
    today_in_japan,
)
from app.callers.endpoints import READERS
from app.callers.measures import LABELS, STATE_WORDS, Kind, Proposal, State, proposal
from app.callers.number import masked, normal_number
from app.calls.endpoints import load_seen
from app.calls.repository import visible_calls
from app.errors import AppError, NotAllowed, NotFound
from app.models import Call
from app.privacy.numbers import number_of
from app.privacy.sight_of_call import reads_covered
from app.screens.forms import Rejected
from app.screens.language import Phrase, phrase
from app.screens.rendering import refusal_words, render
from app.screens.words import LEVELS
from app.services import services_of
from app.trail.looking import Look, looks_of
from detection.types import Severity

CALLS_OFFERED: Final = 30
_FIELD_OF_CODE: Final = {"caller_unknown": "call_id", "call_unknown": "call_id"}
_OVER: Final = frozenset({State.ENDED, State.LIFTED})

Reader = Annotated[Identity, Depends(requires(*READERS))]
Supervisor = Annotated[Identity, Depends(requires(Role.SUPERVISOR))]
Decider = Annotated[Identity, Depends(requires(Role.SUPERVISOR, Role.ADMINISTRATOR))]
MeasureId = Annotated[int, Path(ge=1, le=LARGEST_ID)]

router = APIRouter(prefix="/measures", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class OfferedCall:
    call_id: str
    label: Phrase


@dataclass(frozen=True, slots=True)
class ShownMeasure:
    id: int
    label: Phrase
    number: str
    where: Phrase | str
    reason: str
    words: str
    clause: str
    span: Phrase
    state: str
    requested: Phrase
    approved: Phrase | None
    lifted: Phrase | None
    lift_reason: str
    may_approve: bool
    why_not: Phrase | None
    """Why this person cannot approve it, where it waits for somebody."""
    may_lift: bool
    waiting: bool


@router.get("")
async def measures_page(
    request: Request, identity: Reader, call: Annotated[str, Query(max_length=128)] = ""
) -> Response:
    await looks_of(request).note(Look.MEASURES, identity)
    return await _page(request, identity, chosen=call)


@router.post("")
async def propose_measure(request: Request, identity: Supervisor) -> Response:
    fields = await fields_of(request)
    services = services_of(request)
    try:
        wanted = _wanted(fields, today_in_japan(services.clock.now()))
        call = await load_seen(services, identity, fields.get("call_id", ""))
        await propose(services, await caller_keys_of(request), identity, call, wanted)
    except AppError as refused:
        return await _refused(request, identity, "propose", fields, refused)
    # A reload of the page must not do the same thing again.
    return RedirectResponse("/measures#waiting-heading", 303)


@router.post("/{measure_id}/approve")
async def approve_measure(request: Request, identity: Decider, measure_id: MeasureId) -> Response:
    try:
        await approve(services_of(request), identity, measure_id)
    except AppError as refused:
        return await _refused(request, identity, f"measure-{measure_id}", {}, refused)
    return RedirectResponse("/measures#current-heading", 303)


@router.post("/{measure_id}/lift")
async def lift_measure(request: Request, identity: Decider, measure_id: MeasureId) -> Response:
    fields = await fields_of(request)
    try:
        await lift(services_of(request), identity, measure_id, fields.get("lift_reason", ""))
    except AppError as refused:
        return await _refused(request, identity, f"measure-{measure_id}", fields, refused)
    return RedirectResponse("/measures#over-heading", 303)


def _wanted(fields: dict[str, str], today: date) -> Proposal:
    try:
        kind = Kind(fields.get("kind", ""))
    except ValueError:
        raise FieldRefused("kind", "kind_missing", "対応制限の内容を選んでください。") from None
    return proposal(
        kind=kind,
        detail=fields.get("detail", ""),
        office_wide=fields.get("office_wide", "") == "yes",
        reason=fields.get("reason", ""),
        words=fields.get("words", ""),
        begins_on=_day_in(fields, "begins_on"),
        ends_on=_day_in(fields, "ends_on"),
        today=today,
    )


def _day_in(fields: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat(fields.get(name, ""))
    except ValueError:
        raise FieldRefused(name, "date_missing", "日付を入力してください。") from None


async def _refused(
    request: Request, identity: Identity, form: str, entered: dict[str, str], refused: AppError
) -> Response:
    where = refused.field if isinstance(refused, FieldRefused) else _FIELD_OF_CODE.get(refused.code)
    words = refusal_words(request, refused)
    return await _page(
        request,
        identity,
        chosen=entered.get("call_id", ""),
        rejected=Rejected(form, entered, {where: words} if where else {}),
        failure="" if where else words,
        status=refused.status,
    )


async def _page(
    request: Request,
    identity: Identity,
    *,
    chosen: str = "",
    rejected: Rejected | None = None,
    failure: str = "",
    status: int = 200,
) -> Response:
    services = services_of(request)
    today = today_in_japan(services.clock.now())
    lines = await measure_lines(services, identity)
    may_propose = identity.role is Role.SUPERVISOR
    return render(
        request,
        "measures.html",
        identity=identity,
        status_code=status,
        waiting=[_shown(line, identity) for line in lines if line.state is State.PROPOSED],
        current=[
            _shown(line, identity)
            for line in lines
            if line.state in (State.IN_FORCE, State.APPROVED)
        ],
        over=[_shown(line, identity) for line in lines if line.state in _OVER],
        may_propose=may_propose,
        may_decide=identity.role in (Role.SUPERVISOR, Role.ADMINISTRATOR),
        offered=await _offered(request, identity, chosen) if may_propose else [],
        chosen=chosen,
        kinds={kind.value: label for kind, label in LABELS.items()},
        today=today.isoformat(),
        in_three_months=(today + timedelta(days=90)).isoformat(),
        rejected=rejected or Rejected(),
        failure=failure,
    )


async def _offered(request: Request, identity: Identity, chosen: str) -> list[OfferedCall]:
    """Return the latest calls whose number is known, and the one that the person came from."""
    services = services_of(request)
    async with services.database.transaction() as session:
        calls = list(
            await visible_calls(session, identity, live=None, before=None, limit=CALLS_OFFERED)
        )
    if chosen and all(call.id != chosen for call in calls):
        with suppress(NotFound, NotAllowed):  # the form then asks for another one
            calls.insert(0, await load_seen(services, identity, chosen))
    shown = masked if reads_covered(services, identity) else str
    return [
        OfferedCall(call.id, _call_words(call, shown(number)))
        for call in calls
        if normal_number(number := number_of(services.record_keys, call)) is not None
    ]


def _call_words(call: Call, number: str) -> Phrase:
    return phrase(
        "{at} {number} {level}",
        at=call.started_at,
        number=number,
        level=phrase(LEVELS[Severity(call.top_level)].label),
    )


def _shown(line: MeasureLine, identity: Identity) -> ShownMeasure:
    row = line.measure
    kind = Kind(row.kind)
    waiting = line.state is State.PROPOSED
    decides = identity.role in (Role.SUPERVISOR, Role.ADMINISTRATOR)
    why_not: Phrase | None = None
    if waiting and identity.login == row.requested_by:
        why_not = phrase("申請した本人は承認できません。別の監督者か管理者に頼んでください。")
    elif waiting and row.office_wide and identity.role is not Role.ADMINISTRATOR:
        why_not = phrase("庁内全体の対応制限は、管理者が承認します。")
    return ShownMeasure(
        id=row.id,
        label=_label(kind, row.detail),
        number=line.number,
        where=phrase("庁内全体") if row.office_wide else (row.section or phrase("(課なし)")),
        reason=row.reason,
        words=row.words,
        clause=row.clause,
        span=phrase("{first}から{last}まで", first=row.begins_on, last=row.ends_on),
        state=STATE_WORDS[line.state],
        requested=phrase("{at} {name}", at=row.requested_at, name=row.requested_by),
        approved=_by(row.approved_at, row.approved_by),
        lifted=_by(row.lifted_at, row.lifted_by),
        lift_reason=row.lift_reason,
        may_approve=waiting and decides and not why_not,
        why_not=why_not,
        may_lift=decides and line.state not in _OVER,
        waiting=waiting,
    )


def _label(kind: Kind, detail: str) -> Phrase:
    if kind is Kind.TIME_LIMIT:
        return phrase("{label}({n}分)", label=phrase(LABELS[kind]), n=detail)
    if detail:
        return phrase("{label}({detail})", label=phrase(LABELS[kind]), detail=detail)
    return phrase(LABELS[kind])


def _by(at: datetime | None, login: str | None) -> Phrase | None:
    return phrase("{at} {name}", at=at, name=login) if at is not None else None
