"""Glue: joining a call over REST: come and leave, who is there, notes, requests and their answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, cast

import anyio
from fastapi import APIRouter, Depends, FastAPI, Request, status
from sqlalchemy import select
from starlette.requests import HTTPConnection

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.endpoints import load_seen
from app.control.endpoints import desk_of
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn
from app.joining.asking import answered, asked, bring_in, note
from app.joining.attendance import OPEN, Attendance, Because
from app.joining.models import JoinRequestRow, JoinRow
from app.joining.phrases import phrase_of, quick_phrases
from app.joining.presence import BUTTON, Way
from app.joining.schemas import (
    AnswerIn,
    AnswerOut,
    ComeIn,
    JoinedOut,
    NoteIn,
    PersonOut,
    PhraseOut,
    RequestIn,
    RequestKind,
    RequestOut,
)
from app.joining.settings import JoiningSettings
from app.ledger import Entry
from app.models import Call
from app.services import Services, services_of

LONGEST_NOTE: Final = 500

Supervisor = Annotated[Identity, Depends(requires(Role.SUPERVISOR))]
Operator = Annotated[Identity, Depends(requires(Role.OPERATOR))]
OnCall = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR))]


@asynccontextmanager
async def _watching(app: FastAPI) -> AsyncIterator[None]:
    services = getattr(app.state, "services", None)
    if services is None:
        yield
        return
    app.state.attendance = attendance = Attendance(services)
    async with attendance.watched():
        yield


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
        raise Conflict("call_ended", "この通話は終了しています。記録をご覧ください。")
    return call


@router.get("/joined")
async def read_joined(request: Request, identity: OnCall, call_id: str) -> JoinedOut:
    """Return who is at the call, what waits for an answer, and what can be sent with one click."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    stays = select(JoinRow).where(JoinRow.call_id == call.id, JoinRow.left_at.is_(None))
    waiting = select(JoinRequestRow).where(
        JoinRequestRow.call_id == call.id, JoinRequestRow.state == OPEN
    )
    async with services.database.transaction() as session:
        people = (await session.scalars(stays.order_by(JoinRow.id))).all()
        requests = (await session.scalars(waiting.order_by(JoinRequestRow.id))).all()
    return JoinedOut(
        call_id=call.id,
        people=[
            PersonOut(
                login=row.login,
                display_name=row.display_name,
                listening=row.listening,
                since=row.joined_at,
            )
            for row in people
        ],
        requests=[request_out(row) for row in requests],
        quick_phrases=[PhraseOut(id=one.id, text=one.text) for one in quick_phrases()],
    )


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

    async def change(entry: Entry) -> None:
        note(
            entry,
            call,
            "supervisor_note",
            identity.login,
            text,
            display_name=identity.display_name,
            quick=body.quick,
        )

    await services.ledger.write(change)


@router.post("/requests", status_code=status.HTTP_201_CREATED, responses=problems(Conflict))
async def ask_operator(
    request: Request, identity: Supervisor, call_id: str, body: RequestIn
) -> RequestOut:
    """Ask the call's operator to let you take over, or come in as a third. Join the call first."""
    services = services_of(request)
    call = await live_call(services, identity, call_id)
    if not attendance_of(request).is_at(call_id, identity.login):
        raise Conflict("join_first", "先に「加わる」を押してから、お願いしてください。")
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


def request_out(row: JoinRequestRow) -> RequestOut:
    return RequestOut(
        request_id=row.id,
        kind=RequestKind(row.kind),
        by=row.by_login,
        display_name=row.by_name,
        asked_at=row.asked_at,
    )
