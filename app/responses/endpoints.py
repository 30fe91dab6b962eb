"""Glue: the operator says that the suggested sentence was spoken."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, status

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.calls.endpoints import load_seen
from app.calls.lifecycle import facts_of
from app.calls.schemas import ScriptUsedIn
from app.errors import NotFound
from app.events import EventType
from app.ledger import Entry
from app.models import StaffAction
from app.services import services_of

router = APIRouter(prefix="/v1/calls/{call_id}/script-used", tags=["responses"])


@router.post("", status_code=status.HTTP_204_NO_CONTENT)
async def script_used(
    request: Request,
    identity: Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR))],
    call_id: str,
    body: ScriptUsedIn,
) -> None:
    """Record 「言った」: who said which sentence, and when."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    script = services.scripts.by_id(body.script_id)
    if script is None:
        raise NotFound("script_unknown", "この文例は見つかりません。画面を読み込み直してください。")
    facts = facts_of(call)

    async def change(entry: Entry) -> None:
        entry.session.add(
            StaffAction(
                call_id=call_id,
                kind="script_used",
                by_login=identity.login,
                at=entry.now,
                detail={"script_id": script.id, "text": script.text},
            )
        )
        entry.tell(
            EventType.SCRIPT_USED,
            call_id,
            facts.audience,
            {"script_id": script.id, "text": script.text, "by": identity.login},
        )

    await services.ledger.write(change)
