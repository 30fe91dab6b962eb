"""Glue: ``/healthz`` (the process answers) and ``/readyz`` (calls can be judged)."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from app.auth.access import public
from app.services import services_of

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
