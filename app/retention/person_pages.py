"""Glue: the pages of what one person asked for: export and erasure. No number is in an address or comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Final

import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from sqlalchemy import select

from app.auth.access import requires
from app.auth.errors import FieldRefused
from app.auth.forms import fields_of
from app.auth.identity import Identity, Role
from app.callers.deciding import caller_keys_of
from app.callers.number import normal_number
from app.download_names import disposition
from app.errors import AppError, NotAllowed
from app.retention.asking import (
    EXPIRED,
    FAILED,
    FETCHED,
    READY,
    REFUSED,
    WAITING,
    approve_erasure,
    ask,
    asked,
    check_asker,
    fetch,
    refuse_erasure,
)
from app.retention.models import REASON_CHARACTERS, RUN_CHARACTERS, PersonRequest
from app.retention.person import (
    APPROVED,
    DONE,
    ERASE,
    EXPORT,
    MOST_NAMED,
    PARTLY,
    STAYS_WORDS,
)
from app.screens.forms import Rejected
from app.screens.rendering import refusal_words, render
from app.services import services_of

SHOWN: Final = 50
KINDS: Final = {EXPORT: "開示(書き出し)", ERASE: "消去"}
STATES: Final = {
    (EXPORT, WAITING): "書き出しています",
    (EXPORT, READY): "受け取れます",
    (EXPORT, FETCHED): "受け取り済み",
    (EXPORT, EXPIRED): "期限切れ(削除済み)",
    (EXPORT, FAILED): "書き出せませんでした",
    (ERASE, WAITING): "承認待ち",
    (ERASE, APPROVED): "消去しています",
    (ERASE, DONE): "消去済み",
    (ERASE, PARTLY): "一部を消去済み",
    (ERASE, REFUSED): "取りやめ",
}
Asker = Annotated[Identity, Depends(requires(Role.AUDITOR))]
Decider = Annotated[Identity, Depends(requires(Role.AUDITOR, Role.ADMINISTRATOR))]
RequestId = Annotated[str, Path(max_length=RUN_CHARACTERS, pattern="^[0-9a-f]+$")]

router = APIRouter(prefix="/retention/person", include_in_schema=False)


@router.get("")
async def person_page(request: Request, identity: Decider) -> Response:
    return await _list(request, identity)


@router.post("")
async def ask_for_person(request: Request, identity: Asker) -> Response:
    fields = await fields_of(request)
    kind = fields.get("kind", "")
    try:
        if kind not in KINDS:
            raise FieldRefused("kind", "kind_of_request_missing", "開示か消去かを選んでください。")
        number = fields.get("number", "")
        again = fields.get("number_again", "")
        if kind == ERASE and normal_number(number) != normal_number(again):
            raise FieldRefused(
                "number_again",
                "numbers_differ",
                "二つの番号が違います。消去するときは、同じ番号をもう一度入力してください。",
            )
        request_id = await ask(
            services_of(request),
            identity,
            await caller_keys_of(request),
            kind=kind,
            number=number,
            reason=fields.get("reason", ""),
        )
    except AppError as refused:
        return await _list(request, identity, fields, refused)
    return RedirectResponse(f"/retention/person/{request_id}", 303)


@router.get("/{request_id}")
async def request_page(request: Request, identity: Decider, request_id: RequestId) -> Response:
    return await _one(request, identity, request_id)


@router.post("/{request_id}/download")
async def download(request: Request, identity: Asker, request_id: RequestId) -> Response:
    try:
        pieces = await fetch(services_of(request), identity, request_id)
    except AppError as refused:
        return await _one(request, identity, request_id, refused=refused)
    return StreamingResponse(
        _streamed(pieces),
        media_type="application/zip",
        headers={
            "Content-Disposition": disposition("mimamori-person-export.zip"),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.post("/{request_id}/approve")
async def approve(request: Request, identity: Decider, request_id: RequestId) -> Response:
    fields = await fields_of(request)
    try:
        await approve_erasure(
            services_of(request),
            identity,
            await caller_keys_of(request),
            request_id,
            fields.get("number", ""),
        )
    except AppError as refused:
        return await _one(request, identity, request_id, form="approve", refused=refused)
    return RedirectResponse(f"/retention/person/{request_id}", 303)


@router.post("/{request_id}/refuse")
async def refuse(request: Request, identity: Decider, request_id: RequestId) -> Response:
    try:
        await refuse_erasure(services_of(request), identity, request_id)
    except AppError as refused:
        return await _one(request, identity, request_id, refused=refused)
    return RedirectResponse(f"/retention/person/{request_id}", 303)


async def _streamed(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await anyio.to_thread.run_sync(next, pieces, None)) is not None:
        yield piece


async def _list(
    request: Request,
    identity: Identity,
    entered: dict[str, str] | None = None,
    refused: AppError | None = None,
) -> Response:
    services = services_of(request)
    whole_office = identity.role is Role.ADMINISTRATOR or not identity.section
    if not whole_office:
        check_asker(identity)
    async with services.database.transaction() as session:
        query = select(PersonRequest).order_by(PersonRequest.asked_at.desc()).limit(SHOWN)
        rows = (await session.scalars(query)).all()
    may_ask = False
    with suppress(NotAllowed):
        check_asker(identity)
        may_ask = True
    return render(
        request,
        "retention_person.html",
        identity=identity,
        status_code=refused.status if refused else 200,
        requests=[(row, KINDS[row.kind], _state(row, services.clock.now())) for row in rows],
        may_ask=may_ask,
        minutes=services.settings.retention.export_minutes,
        reason_characters=REASON_CHARACTERS,
        **_problem(request, "ask", entered or {}, refused),
    )


async def _one(
    request: Request,
    identity: Identity,
    request_id: str,
    *,
    form: str = "",
    refused: AppError | None = None,
) -> Response:
    services = services_of(request)
    found = await asked(services, identity, request_id)
    row, now = found.request, services.clock.now()
    waits = row.kind == ERASE and row.state == WAITING
    own = row.asked_by == identity.login
    return render(
        request,
        "retention_request.html",
        identity=identity,
        status_code=refused.status if refused else 200,
        row=row,
        kind=KINDS[row.kind],
        state=_state(row, now),
        erases=row.kind == ERASE,
        waits=waits,
        may_approve=waits and not own and identity.user_id is not None,
        erasing=row.kind == ERASE and row.state == APPROVED,
        partly=row.state == PARTLY,
        own=own,
        ready=row.kind == EXPORT and own and _is_ready(row, now),
        going=len(found.found.going),
        staying=[
            (one, STAYS_WORDS[one.why], identity.role is Role.AUDITOR)
            for one in found.found.staying[:MOST_NAMED]
        ],
        staying_count=len(found.found.staying),
        **_problem(request, form, {}, refused),  # a number is typed anew each time
    )


def _is_ready(row: PersonRequest, now: datetime) -> bool:
    return row.state == READY and row.expires_at is not None and row.expires_at > now


def _state(row: PersonRequest, now: datetime) -> str:
    state = EXPIRED if row.state == READY and not _is_ready(row, now) else row.state
    return STATES.get((row.kind, state), state)


def _problem(
    request: Request, form: str, entered: dict[str, str], refused: AppError | None
) -> dict[str, object]:
    words = refusal_words(request, refused) if refused else ""
    where = refused.field if isinstance(refused, FieldRefused) else ""
    kept = {name: value for name, value in entered.items() if not name.startswith("number")}
    return {
        "rejected": Rejected(form, kept, {where: words} if where else {}),
        "failure": "" if where else words,
    }
