"""Glue: help without recognition. Asking needs nothing but the database."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, status

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.endpoints import load_seen
from app.calls.lifecycle import facts_of
from app.calls.schemas import ReasonIn
from app.errors import Conflict
from app.events import EventType
from app.ledger import Entry
from app.models import Call, StaffAction
from app.screens.words import HELP_INSTEAD
from app.services import services_of

ASKED: Final = "help_requested"

OnCall = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR))]

router = APIRouter(prefix="/v1/calls/{call_id}/help", tags=["supervision"])


@router.post("", status_code=status.HTTP_204_NO_CONTENT, responses=problems(Conflict))
async def ask_for_help(
    request: Request, identity: OnCall, call_id: str, body: ReasonIn | None = None
) -> None:
    """Ask the section's supervisors for help with this call, while it lasts: afterwards nobody would look."""
    await _note(request, identity, call_id, ASKED, body.reason if body else "")


@router.delete("", status_code=status.HTTP_204_NO_CONTENT)
async def withdraw_help(request: Request, identity: OnCall, call_id: str) -> None:
    """Say that help is no longer needed."""
    await _note(request, identity, call_id, "help_withdrawn", "")


async def _note(request: Request, identity: Identity, call_id: str, kind: str, text: str) -> None:
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    facts = facts_of(call)

    async def change(entry: Entry) -> None:
        if kind == ASKED and await _is_over(entry, call_id):
            raise Conflict("help_too_late", f"この通話は終了しています。{HELP_INSTEAD}")
        entry.session.add(
            StaffAction(
                call_id=call_id,
                kind=kind,
                by_login=identity.login,
                at=entry.now,
                detail={"text": text},
            )
        )
        entry.tell(
            EventType.NOTE,
            call_id,
            facts.audience,
            {"kind": kind, "text": text, "by": identity.login},
        )

    await services.ledger.write(change)


async def _is_over(entry: Entry, call_id: str) -> bool:
    call = await entry.session.get(Call, call_id)
    return call is None or call.ended_at is not None
