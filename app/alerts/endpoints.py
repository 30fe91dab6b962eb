"""Glue: 誤検知. A person calls an alert false, or takes that back; the level follows at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, status

from app.alerts.false_alarm import call_false, take_back
from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.services import services_of

Judge = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR))]

router = APIRouter(prefix="/v1/alerts/{alert_id}/false-alarm", tags=["alerts"])


@router.post("", status_code=status.HTTP_204_NO_CONTENT)
async def mark_false_alarm(request: Request, identity: Judge, alert_id: str) -> None:
    """Close the alert as false; the rule stays quiet for this call's cool-down."""
    await call_false(services_of(request), identity, alert_id)


@router.delete("", status_code=status.HTTP_204_NO_CONTENT)
async def undo_false_alarm(request: Request, identity: Judge, alert_id: str) -> None:
    """Take the marking back: the call is judged as if it had never been made."""
    await take_back(services_of(request), identity, alert_id)
