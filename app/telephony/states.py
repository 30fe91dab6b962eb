"""Glue: what an exchange's dialplan, or its CTI, tells of a live call where the stream itself cannot.

``POST /v1/stream/calls/{call_id}/state?door=asterisk`` with the stream token that brings the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.protocol import Refusal, StreamRefused
from app.errors import (
    AppError,
    Conflict,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooMany,
    Unavailable,
)
from app.telephony.carrying import StateStep
from app.telephony.door_access import Admitted
from app.telephony.live_doors import doors_of
from app.telephony.messages import Answered, CallOver, Held, Transferred, Unheld, call_name
from app.telephony.settings import DoorName

router = APIRouter()

_AS_HTTP: Final[Mapping[Refusal, type[AppError]]] = {
    Refusal.TOO_MANY_CALLS: TooMany,
    Refusal.NOT_READY: Unavailable,
}
_Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]


class CallState(StrEnum):
    ANSWERED = "answered"
    HELD = "held"
    RESUMED = "resumed"
    TRANSFERRED = "transferred"
    ENDED = "ended"


class StateIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: CallState = Field(description="What has just happened to the call.")
    operator: _Name = Field(
        default="",
        description="Login name or extension of who answered, or of whom the call goes to.",
    )


@router.post(
    "/v1/stream/calls/{call_id}/state",
    status_code=204,
    summary="Tell that a live call was answered, held, resumed, handed on or ended",
    responses=problems(NotSignedIn, NotAllowed, NotFound, Conflict, TooMany, Unavailable),
)
async def tell_state(
    request: Request,
    call_id: str,
    state: StateIn,
    identity: Annotated[Identity, Depends(requires(Role.STREAM))],
    door: Annotated[DoorName, Query(description="The door that brings the call.")],
) -> None:
    """404 ``call_unknown`` where this token brings no such call now. Told twice, it holds once.

    An answer can be refused as a stream can: 429 ``too_many_calls``, 503 ``not_ready``, 409 for the rest.
    """
    doors, name = doors_of(request), call_name(door, call_id)
    teller = Admitted(identity.token_id or 0, identity.section)
    try:
        told = doors.may_tell(name, teller) and await doors.tell(name, _step(state))
    except StreamRefused as refused:
        kind = _AS_HTTP.get(refused.refusal, Conflict)
        raise kind(refused.code, refused.message) from refused
    if not told:
        raise NotFound(
            "call_unknown", "この接続元から届いている通話に、この call_id はありません。"
        )


def _step(told: StateIn) -> StateStep:
    match told.state:
        case CallState.ANSWERED:
            return Answered(told.operator)
        case CallState.HELD:
            return Held()
        case CallState.RESUMED:
            return Unheld()
        case CallState.TRANSFERRED:
            return Transferred(told.operator)
        case CallState.ENDED:
            return CallOver("ended")
