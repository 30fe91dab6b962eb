"""Glue: ``/healthz`` (the process answers), ``/readyz`` (calls can be judged), ``/v1/health`` (how well)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from app.auth.access import public, requires
from app.auth.identity import Role
from app.health import Status, health_of
from app.services import services_of


class LoopPausesOut(BaseModel):
    """For how long the server answered nobody, not even a telephone. All since its start, but ``lately_ms``."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    looks: int
    """How often it was looked, a hundred times a second unless there were pauses."""
    lately_ms: int
    """The longest of the last second."""
    longest_ms: int
    over_50_ms: int
    """How many were longer than 50 ms."""
    over_100_ms: int
    """How many were longer than 100 ms: some telephones hang up then."""


class ServerHealthOut(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    live_calls: int
    recognition_delay_ms: int
    status: Status
    shedding: Literal["nothing", "partials", "operator", "thoroughness"]
    """What recognition leaves out at this moment to keep up; each contains the ones before it."""
    loop_pauses: LoopPausesOut


router = APIRouter(tags=["health"])


@router.get("/healthz", dependencies=[Depends(public("a supervisor process must see it"))])
async def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    dependencies=[Depends(public("a load balancer must see it; names parts, no contents"))],
    responses={503: {"description": "A part that calls need is not working"}},
)
async def readyz(request: Request) -> JSONResponse:
    """Answer 200 only when calls can be judged."""
    services = services_of(request)
    parts = {
        "database": await services.database.answers(),
        "recognition": services.transcriber.ready,
    }
    ready = all(parts.values())
    return JSONResponse(
        {"status": "ready" if ready else "not_ready", "parts": parts}, 200 if ready else 503
    )


@router.get("/v1/health", dependencies=[Depends(requires(Role.ADMINISTRATOR))])
async def server_health(request: Request) -> ServerHealthOut:
    """Say how this server keeps up; of calls, only how many there are."""
    services = services_of(request)
    health = health_of(services.transcriber)
    pauses = services.loop_pauses.read(services.clock.monotonic_ms())
    return ServerHealthOut.model_validate(
        {
            **health.fields(),
            "live_calls": len(services.registry.live_calls),
            "loop_pauses": asdict(pauses),
        }
    )
