"""Glue: the trail over REST: who did what, whether it is as it was written, and who looked at one call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI, Query, Request, status
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.endpoints import load_seen
from app.calls.protocol import CALL_ID
from app.db import Database
from app.download_names import disposition
from app.errors import BadRequest, NotAllowed, NotFound, NotSignedIn
from app.japan import JAPAN
from app.models import Call
from app.services import services_of
from app.trail.acting import acting
from app.trail.chain import Deed, Fault
from app.trail.checking import TrailChecks, trail_checks_of
from app.trail.csv_file import HEADS, csv_lines, csv_row
from app.trail.models import TrailCheckRow, TrailRow
from app.trail.reading import (
    PAGE,
    Wanted,
    count_of,
    end_number,
    last_check,
    links,
    links_of_call,
)
from app.trail.schemas import CheckOut, ChecksOut, LinkOut, TrailOut
from app.trail.sight import TrailSight, trail_sight
from app.trail.words import FAULTS, kind_words
from app.trail.writing import record

_EXPORT_PAGE: Final = 2_000
_OF_CALL: Final = 500
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2200

Reader = Annotated[Identity, Depends(requires(Role.AUDITOR, Role.ADMINISTRATOR))]
OfCall = Annotated[Identity, Depends(requires(Role.SUPERVISOR, Role.AUDITOR))]
Text = Annotated[str, Query(max_length=160, pattern=r"^[^\x00]*$")]
Kind = Annotated[str, Query(max_length=48, pattern=r"^[a-z_.]*$")]


@asynccontextmanager
async def _checking(app: FastAPI) -> AsyncIterator[None]:
    services = getattr(app.state, "services", None)
    if services is None:
        yield
        return
    checks = TrailChecks(services.settings, services.database, services.clock)
    app.state.trail_checks = checks
    async with anyio.create_task_group() as beside:
        beside.start_soon(checks.keep_checking)
        try:
            yield
        finally:
            beside.cancel_scope.cancel()


router = APIRouter(tags=["trail"], responses=problems(NotSignedIn, NotAllowed), lifespan=_checking)


@router.get("/v1/trail", responses=problems(BadRequest))
async def read_trail(
    request: Request,
    identity: Reader,
    by: Text = "",
    kind: Kind = "",
    call: Text = "",
    since: Annotated[date | None, Query(description="First day, in Japan")] = None,
    until: Annotated[date | None, Query(description="Last day, in Japan")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> TrailOut:
    """Return a page of the trail, the latest first: of accounts and settings for administrators, of calls for auditors.

    *kind* may be a family, such as ``report.``
    """
    wanted = replace(_wanted(by, kind, call, since, until), before=before)
    async with services_of(request).database.transaction() as session:
        found = await links(session, trail_sight(identity), wanted, limit=PAGE + 1)
        shown = await _shown(session, identity, found[:PAGE])
        if before is None:
            await record(session, Deed("trail.seen"))
    return TrailOut(links=shown, next_before=found[PAGE - 1].number if len(found) > PAGE else None)


@router.get("/v1/trail/export.csv", response_class=Response, responses=problems(BadRequest))
async def export_trail(
    request: Request,
    identity: Reader,
    by: Text = "",
    kind: Kind = "",
    call: Text = "",
    since: date | None = None,
    until: date | None = None,
) -> StreamingResponse:
    """Return every link that was asked for as CSV, the latest first; that is a deed itself."""
    wanted, sight = _wanted(by, kind, call, since, until), trail_sight(identity)
    database = services_of(request).database
    async with database.transaction() as session:
        # What is written from now on, this deed too, is not in it: the count is what the file holds.
        wanted = replace(wanted, before=await end_number(session) + 1)
        count = await count_of(session, sight, wanted)
        await record(session, Deed("trail.exported", subject=str(count)))
    return StreamingResponse(
        _csv_of(database, sight, wanted),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": disposition("trail.csv"),
            "Cache-Control": "no-store",
        },
    )


@router.get("/v1/trail/check")
async def read_check(request: Request, identity: Reader) -> ChecksOut:
    """Return what the last check of the whole trail found, and how far one under way has come."""
    del identity
    checks = trail_checks_of(request)
    async with services_of(request).database.transaction() as session:
        last = await last_check(session)
    return ChecksOut(
        running=checks.running,
        done=checks.done,
        of=checks.of,
        failed=checks.failed,
        last=_check(last) if last is not None else None,
    )


@router.post("/v1/trail/check", status_code=status.HTTP_202_ACCEPTED)
async def start_check(request: Request, identity: Reader) -> None:
    """Check the whole trail now, beside everything else; where one is under way it goes on."""
    del identity
    trail_checks_of(request).ask(acting.get())


@router.get("/v1/calls/{call_id}/trail", responses=problems(NotFound))
async def read_trail_of_call(request: Request, identity: OfCall, call_id: str) -> TrailOut:
    """Return who looked at, heard or changed one call, the latest first, at most 500 links."""
    services = services_of(request)
    await load_seen(services, identity, call_id)
    async with services.database.transaction() as session:
        found = await links_of_call(session, call_id, _OF_CALL)
        shown = await _shown(session, identity, found)
    return TrailOut(links=shown, next_before=None)


def _wanted(by: str, kind: str, call: str, since: date | None, until: date | None) -> Wanted:
    """Return what is looked for.

    Raises:
        BadRequest: days in the wrong order or beyond all calls (``bad_days``, ``day_out_of_reach``), or what is
            no id of a call (``bad_call_id``).
    """
    if since is not None and until is not None and until < since:
        raise BadRequest("bad_days", "終了日は、開始日以後にしてください。")
    if call and not CALL_ID.fullmatch(call):
        raise BadRequest("bad_call_id", "通話の番号の形式が正しくありません。")
    return Wanted(
        by=by.strip(),
        kind=kind,
        call_id=call,
        since=_midnight(since) if since is not None else None,
        until=_midnight(until) + timedelta(days=1) if until is not None else None,
    )


def _midnight(day: date) -> datetime:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadRequest(
            "day_out_of_reach",
            f"日付は{FIRST_YEAR}年から{LAST_YEAR}年までで入力してください。",
        )
    return datetime.combine(day, time(), JAPAN)


async def _shown(
    session: AsyncSession, identity: Identity, rows: Sequence[TrailRow]
) -> list[LinkOut]:
    named = {row.call_id for row in rows if row.call_id}
    there = (
        set(await session.scalars(select(Call.id).where(Call.id.in_(named)))) if named else set()
    )
    return [_link(row, identity, there) for row in rows]


def _link(row: TrailRow, identity: Identity, there: set[str]) -> LinkOut:
    words = kind_words(row.kind)
    return LinkOut(
        number=row.number,
        at=row.at,
        kind=row.kind,
        label=words.label,
        known=words.known,
        by=row.by_login,
        role=row.role,
        # Supervisors read who was at a call, not from which desk.
        address=row.address if identity.role is not Role.SUPERVISOR else "",
        call_id=row.call_id,
        call_there=row.call_id in there,
        subject=row.subject,
    )


def _check(row: TrailCheckRow) -> CheckOut:
    return CheckOut(
        at=row.at,
        by=row.by_login,
        sound=row.broken_number is None and not row.altered,
        links=row.links,
        broken_number=row.broken_number,
        fault=Fault(row.fault) if row.fault else None,
        fault_words=FAULTS.get(row.fault, ""),
        altered=list(row.altered),
        end=f"{row.end_number}:{row.end_seal}",
    )


async def _csv_of(database: Database, sight: TrailSight, wanted: Wanted) -> AsyncIterator[bytes]:
    """Yield the file a page at a time: neither the memory nor the other requests bear the whole trail."""
    yield b"\xef\xbb\xbf" + csv_lines([HEADS])
    while True:
        async with database.transaction() as session:
            found = await links(session, sight, wanted, limit=_EXPORT_PAGE)
        if found:
            yield await anyio.to_thread.run_sync(csv_lines, [csv_row(row) for row in found])
        if len(found) < _EXPORT_PAGE:
            return
        wanted = replace(wanted, before=found[-1].number)
