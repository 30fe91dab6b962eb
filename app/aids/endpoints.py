"""Glue: the aids of a call over REST. None of them needs recognition; all of them stand in the record by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, status

from app.aids.records import note, standing
from app.aids.schemas import (
    LONGEST_REASON,
    AidsOut,
    CalledOut,
    MissedExplainedIn,
    MissedIn,
    MissedOut,
    OfficeOut,
)
from app.aids.settings import AidsSettings
from app.aids.standing import AidKind, Aids, Missed
from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.endpoints import load_seen
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn
from app.ledger import Entry
from app.models import Call
from app.privacy.sight import TextSight
from app.privacy.sight_of_call import text_sight
from app.services import Services, services_of
from app.trail.looking import Look, looks_of
from detection.types import Category

MOST_MARKS: Final = 200
"""Of one call; more is a key that is stuck."""

Viewer = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR))]
OnCall = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR))]
Operator = Annotated[Identity, Depends(requires(Role.OPERATOR))]

router = APIRouter(
    prefix="/v1/calls/{call_id}",
    tags=["aids"],
    responses=problems(NotSignedIn, NotAllowed, NotFound),
)


@router.get("/aids")
async def read_aids(request: Request, identity: Viewer, call_id: str) -> AidsOut:
    """Return what was marked and muted, and what the cards say of the office."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    async with services.database.transaction() as session:
        aids = await standing(session, call.id)
        sight = await text_sight(session, services, identity, call)
    await looks_of(request).note(Look.CALL, identity, call_id)
    return aids_out(call, aids, services.settings.aids, sight)


@router.post(
    "/missed",
    status_code=status.HTTP_201_CREATED,
    responses=problems(BadRequest, Conflict),
)
async def mark_missed(
    request: Request, identity: Viewer, call_id: str, body: MissedIn | None = None
) -> MissedOut:
    """Mark a moment that recognition did not flag: 見落とし. Asks for no reason."""
    services = services_of(request)
    wanted = body or MissedIn()
    call = await load_seen(services, identity, call_id)
    at_ms = moment_ms(services, call, wanted.at_ms)

    async def change(entry: Entry) -> Missed:
        aids = await standing(entry.session, call.id)
        known = aids.marked_as(wanted.mark_id, identity.login)
        if known is not None:
            return known
        if len(aids.missed) >= MOST_MARKS:
            raise Conflict(
                "too_many_marks",
                f"見落としの印は一つの通話に{MOST_MARKS}個までです。付いている印に理由を書き添えてください。",
            )
        made = Missed(
            number=len(aids.missed) + 1,
            at_ms=at_ms,
            by=identity.login,
            by_name=identity.display_name,
            marked_at=entry.now,
            mark_id=wanted.mark_id,
        )
        note(
            entry,
            call,
            AidKind.MISSED,
            identity.login,
            spoken(at_ms),
            number=made.number,
            at_ms=at_ms,
            name=identity.display_name,
            mark_id=wanted.mark_id,
        )
        return made

    marked = await services.ledger.write(change)
    return missed_out(marked, await _sight(services, identity, call))


@router.put(
    "/missed/{number}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(BadRequest, Conflict),
)
async def explain_missed(
    request: Request, identity: Viewer, call_id: str, number: int, body: MissedExplainedIn
) -> None:
    """Say what was missed, whenever there is time: a category, a short reason, both or neither."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    reason = body.reason.strip()
    if len(reason) > LONGEST_REASON:
        raise BadRequest(
            "reason_too_long",
            f"理由は{LONGEST_REASON}字までです({len(reason)}字あります)。短くしてください。",
        )
    sight = await _sight(services, identity, call)

    async def change(entry: Entry) -> None:
        known = await _mark(entry, call, number)
        if known.undone:
            raise Conflict(
                "mark_undone", "この印は取り消されています。もう一度印を付けてください。"
            )
        category = body.category.value if body.category else ""
        # Who reads it covered and chooses a category sends it back so: what is under it stays.
        why = known.reason if reason == sight.of(known.reason) else reason
        if (known.category, known.reason) == (category, why):
            return
        note(
            entry,
            call,
            AidKind.MISSED_EXPLAINED,
            identity.login,
            why or spoken(known.at_ms),
            number=number,
            category=category,
            reason=why,
        )

    await services.ledger.write(change)


@router.delete("/missed/{number}", status_code=status.HTTP_204_NO_CONTENT)
async def undo_missed(request: Request, identity: Viewer, call_id: str, number: int) -> None:
    """Take your mark back. The record keeps both, the mark and that it was taken back."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)

    async def change(entry: Entry) -> None:
        known = await _mark(entry, call, number)
        if known.by != identity.login:
            raise NotAllowed("mark_of_another", "印を取り消せるのは、付けた本人だけです。")
        if not known.undone:
            words = spoken(known.at_ms)
            note(entry, call, AidKind.MISSED_UNDONE, identity.login, words, number=number)

    await services.ledger.write(change)


@router.post("/prompts-muted", status_code=status.HTTP_204_NO_CONTENT, responses=problems(Conflict))
async def mute_prompts(request: Request, identity: Operator, call_id: str) -> None:
    """Keep the sentences and alerts of this call quiet on your screen. Nobody is rated by it."""
    await _mute(request, identity, call_id, AidKind.MUTED)


@router.delete(
    "/prompts-muted", status_code=status.HTTP_204_NO_CONTENT, responses=problems(Conflict)
)
async def unmute_prompts(request: Request, identity: Operator, call_id: str) -> None:
    """Show sentences and alerts again."""
    await _mute(request, identity, call_id, AidKind.UNMUTED)


@router.post("/emergency-called", status_code=status.HTTP_204_NO_CONTENT)
async def tell_emergency_call(request: Request, identity: OnCall, call_id: str) -> None:
    """Record that you have called 110. Mimamori never dials; the call may be over already."""

    def called(aids: Aids) -> AidKind | None:
        return AidKind.CALLED if aids.called is None else None

    await _note_once(request, identity, call_id, called)


@router.delete("/emergency-called", status_code=status.HTTP_204_NO_CONTENT)
async def undo_emergency_call(request: Request, identity: OnCall, call_id: str) -> None:
    """Take that back: pressed by mistake. The record keeps both."""

    def undone(aids: Aids) -> AidKind | None:
        return AidKind.CALLED_UNDONE if aids.called is not None else None

    await _note_once(request, identity, call_id, undone)


async def _mute(request: Request, identity: Identity, call_id: str, kind: AidKind) -> None:
    call = await load_seen(services_of(request), identity, call_id)
    if call.ended_at is not None:
        raise Conflict("call_ended", "この通話は終了しています。記録をご覧ください。")
    wanted = kind is AidKind.MUTED

    def changed(aids: Aids) -> AidKind | None:
        return kind if aids.prompts_muted is not wanted else None

    await _note_once(request, identity, call_id, changed)


async def _note_once(
    request: Request,
    identity: Identity,
    call_id: str,
    due: Callable[[Aids], AidKind | None],
) -> None:
    """Write the note that is *due* as the call stands now; twice pressed is once done."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)

    async def change(entry: Entry) -> None:
        kind = due(await standing(entry.session, call.id))
        if kind is not None:
            note(entry, call, kind, identity.login, "", name=identity.display_name)

    await services.ledger.write(change)


async def _sight(services: Services, identity: Identity, call: Call) -> TextSight:
    async with services.database.transaction() as session:
        return await text_sight(session, services, identity, call)


async def _mark(entry: Entry, call: Call, number: int) -> Missed:
    known = (await standing(entry.session, call.id)).mark(number)
    if known is None:
        raise NotFound("mark_unknown", "この通話に、その見落としの印はありません。")
    return known


def moment_ms(services: Services, call: Call, wanted_ms: int | None) -> int:
    """Return the moment of the call's sound that is meant; unset: now.

    Raises:
        BadRequest: the call is over and no moment was chosen (``moment_needed``),
            or the sound has not come so far (``moment_not_yet``).
    """
    heard_ms = sound_ms(services, call)
    if wanted_ms is None:
        if call.ended_at is not None:
            raise BadRequest(
                "moment_needed", "終わった通話では、いつの言葉かを分と秒で選んでください。"
            )
        return heard_ms
    if wanted_ms > heard_ms:
        raise BadRequest(
            "moment_not_yet",
            f"この通話の音声は{spoken(heard_ms)}までです。それより前の時刻を選んでください。",
        )
    return wanted_ms


def sound_ms(services: Services, call: Call) -> int:
    """Return how far the call's sound has come; by the clock where this process does not hear it."""
    live = services.registry.find(call.id)
    if live is not None:
        return live.position_ms
    until = call.ended_at or services.clock.now()
    return max(call.duration_ms, round((until - call.started_at).total_seconds() * 1000), 0)


def spoken(at_ms: int) -> str:
    minutes, seconds = divmod(at_ms // 1000, 60)
    return f"{minutes}分{seconds}秒" if minutes else f"{seconds}秒"


def aids_out(call: Call, aids: Aids, settings: AidsSettings, sight: TextSight) -> AidsOut:
    called = aids.called
    return AidsOut(
        call_id=call.id,
        missed=[missed_out(one, sight) for one in aids.missed],
        prompts_muted=aids.prompts_muted and call.ended_at is None,
        emergency_called=(
            CalledOut(by=called.by, by_name=called.by_name, at=called.at) if called else None
        ),
        break_proposed=aids.break_proposed,
        office=OfficeOut(
            name=settings.office_name,
            address=settings.office_address,
            telephone=settings.office_telephone,
            place=settings.places.get(call.section, ""),
        ),
        welfare_contacts=list(settings.welfare_contacts),
        national_line=settings.national_line,
        staff_desk=settings.staff_desk,
    )


def missed_out(one: Missed, sight: TextSight) -> MissedOut:
    return MissedOut(
        number=one.number,
        at_ms=one.at_ms,
        category=Category(one.category) if one.category else None,
        reason=sight.of(one.reason),
        by=one.by,
        by_name=one.by_name,
        marked_at=one.marked_at,
        undone=one.undone,
    )
