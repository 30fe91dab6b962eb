"""Glue: notices over REST, for administrators: the routes, how they do, a test, and another try."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Path, Request

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from app.notices.delivering import desk_of
from app.notices.repository import overview
from app.notices.schemas import NoticeOut, NoticesOut, TestIn, notice_out, notices_out
from app.services import services_of

Administrator = Annotated[Identity, Depends(requires(Role.ADMINISTRATOR))]
NoticeId = Annotated[str, Path(max_length=64)]

log = structlog.get_logger()
router = APIRouter(
    prefix="/v1/notices", tags=["notices"], responses=problems(NotSignedIn, NotAllowed)
)


@router.get("")
async def list_notices(request: Request, _identity: Administrator) -> NoticesOut:
    """Return the routes without their secrets, the last deliveries and the failures; no word of a call."""
    seen = await overview(services_of(request).database)
    return notices_out(desk_of(request).routes, seen)


@router.post("/test", responses=problems(NotFound, Conflict))
async def try_route(request: Request, _identity: Administrator, body: TestIn) -> NoticeOut:
    """Send a test by one route, once, and say what came of it: ``state`` is ``sent`` or ``failed``."""
    return notice_out(await desk_of(request).test(body.route))


@router.post("/{notice_id}/retry", responses=problems(NotFound, Conflict))
async def retry_notice(
    request: Request, _identity: Administrator, notice_id: NoticeId
) -> NoticeOut:
    """Have a notice that failed tried anew, as often as a new one."""
    row = await desk_of(request).retry(notice_id)
    log.info("notice tried anew", route=row.route, notice_id=row.id)
    return notice_out(row)
