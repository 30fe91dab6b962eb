"""Glue: the operator says that the suggested sentence was spoken. A warning counts, whether or not it was heard."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, status

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.calls.endpoints import load_seen
from app.calls.lifecycle import facts_of
from app.calls.repository import events_of_call
from app.calls.schemas import ScriptUsedIn
from app.errors import NotFound
from app.events import EventType
from app.ledger import Entry
from app.models import Call, StaffAction
from app.progress.pressing import Mark, press
from app.responses.scripts import Suggestion
from app.services import Services, services_of
from detection.types import Pressed, Step

router = APIRouter(prefix="/v1/calls/{call_id}/script-used", tags=["responses"])


@router.post("", status_code=status.HTTP_204_NO_CONTENT)
async def script_used(
    request: Request,
    identity: Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR))],
    call_id: str,
    body: ScriptUsedIn,
) -> None:
    """Record 「言った」: who said which sentence, and when. A warning counts as one that was heard."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    said = await _said(services, call, body.script_id)

    def pressed(at_ms: int) -> Pressed:
        return Pressed(at_ms, str(said["text"]), Step(str(said["step"])), identity.login)

    def marking(at_ms: int) -> Mark:
        async def mark(entry: Entry, counted: bool) -> None:  # noqa: FBT001 - the port's shape
            told = {**said, "at_ms": at_ms, "counted": counted}
            entry.session.add(
                StaffAction(
                    call_id=call_id,
                    kind="script_used",
                    by_login=identity.login,
                    at=entry.now,
                    detail=told,
                )
            )
            entry.tell(
                EventType.SCRIPT_USED,
                call_id,
                facts_of(call).audience,
                {**told, "by": identity.login},
            )

        return mark

    await press(services, call, pressed, marking)


async def _said(services: Services, call: Call, script_id: str) -> dict[str, object]:
    """Return the sentence as it last stood on the screens of *call*, else as it is approved now.

    Raises:
        NotFound: there is no such sentence.
    """
    async with services.database.transaction() as session:
        told = await events_of_call(session, call.id, EventType.SCRIPT_SUGGESTED)
    shown = next((e.data for e in reversed(told) if e.data["script_id"] == script_id), None)
    if shown is not None and shown["text"]:
        return dict(shown)
    script = services.scripts.by_id(script_id)
    if script is None:
        raise NotFound("script_unknown", "この文例は見つかりません。画面を読み込み直してください。")
    return Suggestion(script).fields()
