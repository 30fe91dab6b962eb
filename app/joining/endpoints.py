"""Glue: joining a call over REST: come and leave, who is there, notes, requests and their answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, cast

import anyio
import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, status
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.endpoints import load_seen
from app.calls.repository import last_seq
from app.control.endpoints import desk_of
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn
from app.events import Event, EventType
from app.joining.asking import answered, asked, bring_in, telephone_rings
from app.joining.attendance import Attendance, Because, over
from app.joining.notes import note_seen, noted
from app.joining.phrases import phrase_of
from app.joining.presence import BUTTON, Way
from app.joining.schemas import (
    AnswerIn,
    AnswerOut,
    ComeIn,
    JoinedOut,
    NoteIn,
    RequestIn,
    RequestOut,
)
from app.joining.settings import JoiningSettings
from app.joining.views import joined_view, request_out
from app.models import Call
from app.privacy.sight_of_call import UNTOUCHED, text_sight
from app.services import Services, services_of
from app.trail.looking import Look, looks_of

LONGEST_NOTE: Final = 500

log = structlog.get_logger()

Supervisor = Annotated[Identity, Depends(requires(Role.SUPERVISOR))]
Operator = Annotated[Identity, Depends(requires(Role.OPERATOR))]
Viewer = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR))]


@asynccontextmanager
async def _watching(app: FastAPI) -> AsyncIterator[None]:
    services = getattr(app.state, "services", None)
    if services is None:
        yield
        return
    app.state.attendance = attendance = Attendance(services)
    async with attendance.watched(), anyio.create_task_group() as tasks:
        tasks.start_soon(_notice_ends, services, attendance)
        try:
            yield
        finally:
            tasks.cancel_scope.cancel()


async def _notice_ends(services: Services, attendance: Attendance) -> None:
    while True:  # who falls behind is cut off, and comes back
        async with services.bus.subscribe(_is_end) as happening:
            async for event in happening:
                await _end(attendance, event.call_id)


def _is_end(event: Event) -> bool:
    return event.type is EventType.CALL_ENDED


async def _end(attendance: Attendance, call_id: str) -> None:
    try:
        with anyio.CancelScope(shield=True):
            await attendance.end(call_id)
    except (SQLAlchemyError, OSError):
        log.exception("who left at the end of a call could not be recorded")  # silence will tell


router = APIRouter(
    prefix="/v1/calls/{call_id}",
    tags=["joining"],
    responses=problems(NotSignedIn, NotAllowed, NotFound),
    lifespan=_watching,
)


def attendance_of(connection: HTTPConnection) -> Attendance:
    """Return who is at this process's calls."""
    state = connection.app.state
    if not hasattr(state, "attendance"):
        state.attendance = Attendance(services_of(connection))
    return cast("Attendance", state.attendance)


def instructions_of(services: Services) -> str:
    # Until the application's settings have the group, its defaults count.
    group: Any = getattr(services.settings, "joining", None)
    settings = group if isinstance(group, JoiningSettings) else JoiningSettings()
    return settings.telephone_instructions


async def live_call(services: Services, identity: Identity, call_id: str) -> Call:
    """Return the call, if this person may take part in it now.

    Raises:
        NotFound: no such call, or not for these eyes.
        NotAllowed: a program asks (``person_needed``).
        Conflict: the call is over (``call_ended``).
    """
    call = await load_seen(services, identity, call_id)
    if identity.user_id is None:
        raise NotAllowed(
            "person_needed", "通話に加われるのは、画面にサインインした監督者と担当の職員だけです。"
        )
    if call.ended_at is not None:
        raise over()
    return call


@router.get("/joined")
async def read_joined(request: Request, identity: Viewer, call_id: str) -> JoinedOut:
    """Return who is and was at the call, what was written and asked, and what can be sent with one click."""
    services = services_of(request)
    async with services.database.transaction() as session:
        seq = await last_seq(session)
    call = await load_seen(services, identity, call_id)
    rings = call.ended_at is None and telephone_rings(services, identity, call)
    async with services.database.transaction() as session:
        view = await joined_view(session, call, seq=seq, telephone_rings=rings)
        sight = await text_sight(session, services, identity, call)
    await looks_of(request).note(Look.CALL, identity, call_id)
    return JoinedOut.model_validate(sight.of_all(view.model_dump(), untouched=UNTOUCHED))


@router.post("/joined", status_code=status.HTTP_204_NO_CONTENT, responses=problems(Conflict))
async def join(
    request: Request, identity: Supervisor, call_id: str, body: ComeIn | None = None
) -> None:
    """Be at the call; everybody on it sees you. Say so ``again`` every 10 s: after 30 s of silence you have left."""
    call = await live_call(services_of(request), identity, call_id)
    attendance = attendance_of(request)
    if body is not None and body.again:
        # A hidden page may be too late: it must not come and go every minute.
        if not attendance.alive(call_id, identity.login, BUTTON):
            raise Conflict(
                "not_joined",
                "画面との接続が切れ、通話から抜けました。もう一度「加わる」を押してください。",
            )
        return
    way = Way(BUTTON, identity.login, identity.display_name, listening=False)
    with anyio.CancelScope(shield=True):  # told whole, although the browser does not wait for it
        await attendance.arrive(call, way)


@router.delete("/joined", status_code=status.HTTP_204_NO_CONTENT)
async def leave(request: Request, identity: Supervisor, call_id: str) -> None:
    """Leave the call on all your screens; its sound ends there."""
    await load_seen(services_of(request), identity, call_id)
    with anyio.CancelScope(shield=True):
        await attendance_of(request).depart(call_id, identity.login, None, Because.LEFT)


@router.post(
    "/notes",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(BadRequest, Conflict),
)
async def send_note(request: Request, identity: Supervisor, call_id: str, body: NoteIn) -> None:
    """Show the operator a note on their screen."""
    services = services_of(request)
    call = await live_call(services, identity, call_id)
    text = note_text(body)

    await services.ledger.write(noted(identity, call, text, body.quick))


@router.post(
    "/notes/{note_id}/seen", status_code=status.HTTP_204_NO_CONTENT, responses=problems(Conflict)
)
async def confirm_note(request: Request, identity: Operator, call_id: str, note_id: int) -> None:
    """Say that you have read a note; who wrote it sees so. Saying it twice is told once."""
    services = services_of(request)
    call = await live_call(services, identity, call_id)
    await services.ledger.write(note_seen(identity, call, note_id))


@router.post("/requests", status_code=status.HTTP_201_CREATED, responses=problems(Conflict))
async def ask_operator(
    request: Request, identity: Supervisor, call_id: str, body: RequestIn
) -> RequestOut:
    """Ask the call's operator to let you take over, or come in as a third. Join the call first."""
    services = services_of(request)
    call = await live_call(services, identity, call_id)
    return request_out(await services.ledger.write(asked(identity, call, body.kind)))


@router.post("/requests/{request_id}/answer", responses=problems(Conflict))
async def answer_request(
    request: Request, identity: Operator, call_id: str, request_id: int, body: AnswerIn
) -> AnswerOut:
    """Accept or decline what a supervisor asked. On acceptance the exchange is asked to bring them in, where it can."""
    services = services_of(request)
    call = await live_call(services, identity, call_id)
    change = answered(identity, call, request_id, accepted=body.accepted)
    if not body.accepted:
        row = await services.ledger.write(change)
        return AnswerOut(result="declined", text=f"{row.by_name}さんに、断ったことを伝えました。")
    # A telephone does not stop half way, and nobody else may click in between.
    with desk_of(request).turns.turn(call_id), anyio.CancelScope(shield=True):
        row = await services.ledger.write(change)
        came, text = await bring_in(services, identity, call, row, instructions_of(services))
    return AnswerOut(result="joined" if came else "instructions", text=text)


def note_text(body: NoteIn) -> str:
    """Return what the operator reads.

    Raises:
        BadRequest: nothing to send, too long, or no such phrase.
    """
    text = body.text.strip()
    if body.quick is not None:
        phrase = phrase_of(body.quick)
        if phrase is None:
            raise BadRequest(
                "quick_unknown", "この定型文はなくなりました。画面を読み込み直してください。"
            )
        text = text or phrase.text
    if not text:
        raise BadRequest("note_empty", "職員に伝える言葉を入力してください。")
    if len(text) > LONGEST_NOTE:
        raise BadRequest(
            "note_too_long",
            f"メモは{LONGEST_NOTE}字までです({len(text)}字あります)。短くして送ってください。",
        )
    return text
