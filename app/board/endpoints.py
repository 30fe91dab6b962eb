"""Glue: the supervisors' board over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.board.schemas import BoardOut, LimitsOut
from app.board.view import board_view
from app.calls.protocol import CALL_ID
from app.errors import NotAllowed, NotSignedIn
from app.health import health_of
from app.services import services_of
from app.trail.looking import Look, looks_of
from detection.policy_files import load_policy

Supervisor = Annotated[Identity, Depends(requires(Role.SUPERVISOR))]


@asynccontextmanager
async def _with_limits(app: FastAPI) -> AsyncIterator[None]:
    services = getattr(app.state, "services", None)
    if services is not None:
        # Once, as calls are judged by what was read when the server started.
        policy = load_policy(services.settings.detection.policy)
        app.state.board_limits = LimitsOut(
            held_ms=policy.held_limit_ms,
            held_after_abuse_ms=policy.held_after_abuse_limit_ms,
            stalemate_ms=policy.stalemate_limit_ms,
        )
    yield


router = APIRouter(
    prefix="/v1/board",
    tags=["board"],
    responses=problems(NotSignedIn, NotAllowed),
    lifespan=_with_limits,
)


@router.get("")
async def read_board(
    request: Request,
    identity: Supervisor,
    call: Annotated[
        list[str] | None, Query(max_length=200, description="Only these calls, as they just began")
    ] = None,
) -> BoardOut:
    """Return all live calls of your section, each with what a supervisor has to see of it."""
    services = services_of(request)
    # PostgreSQL would choke on a NUL.
    wanted = None if call is None else [one for one in call if CALL_ID.fullmatch(one)]
    limits: Any = getattr(request.app.state, "board_limits", None)
    async with services.database.transaction() as session:
        view = await board_view(
            session,
            identity,
            health_of(services.transcriber),
            call_ids=wanted,
            warning_limit=services.warning_limit,
            limits=limits or LimitsOut(held_ms=None, held_after_abuse_ms=None, stalemate_ms=None),
        )
    await looks_of(request).note(Look.BOARD, identity)
    return view
