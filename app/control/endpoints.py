"""Glue: the way back to the telephone over REST: for the call's operator and its section's supervisors.

Only a signed-in person gets through, one who has confirmed; programs with a token do not. Every click is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast

import anyio
from fastapi import APIRouter, Depends, Request
from starlette.requests import HTTPConnection

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.callers.number import UNREADABLE
from app.calls.endpoints import load_seen
from app.control.announcements import Announcements, announcements_in
from app.control.clicks import Click, ClickKind, OneAtATime, carry_out
from app.control.ports import (
    Ability,
    Clicker,
    ControlledCall,
    JoinMode,
    NotControllable,
    OutcomeUnknown,
)
from app.control.schemas import (
    AnnouncementOut,
    DoneOut,
    EndIn,
    JoinIn,
    PlayIn,
    TelephoneOut,
)
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn, Unavailable
from app.models import Call
from app.privacy.numbers import number_of
from app.services import Services, services_of
from app.telephony.live_doors import doors_of
from app.telephony.ports import CallAudio

OnCall = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR))]

PLAY_GRACE_S: Final = 15
"""A stream that has not taken the sound so long after its own length will not."""
MOST_EXCHANGE_WORDS: Final = 32
LONGEST_EXCHANGE_WORD: Final = 256
_NO_CONTROL: Final = (
    "この庁舎の電話交換機では、画面からの操作は設定されていません。電話機で操作してください。"
)
_NO_SOUND: Final = "この通話には、画面から音声を流すことができません。"
_NO_FILES: Final = (
    "流す音声が登録されていません。管理者に mimamori announcement add での登録を頼んでください。"
)
_ENDED: Final = "この通話は終了しています。"
_JOIN_WORDS: Final = {
    JoinMode.TALK: "監督者が加わる",
    JoinMode.LISTEN: "監督者が聞く",
    JoinMode.WHISPER: "監督者が職員だけに話す",
}

router = APIRouter(
    prefix="/v1/calls/{call_id}",
    tags=["telephone"],
    responses=problems(NotSignedIn, NotAllowed, NotFound),
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the clicks of this process share."""

    announcements: Announcements
    turns: OneAtATime


def desk_of(connection: HTTPConnection) -> Desk:
    """Return the process's desk, made at the first question."""
    state = connection.app.state
    if not hasattr(state, "telephone_desk"):
        folder = services_of(connection).settings.data_dir
        state.telephone_desk = Desk(announcements_in(folder), OneAtATime())
    return cast("Desk", state.telephone_desk)


@router.get("/telephone")
async def read_telephone(request: Request, identity: OnCall, call_id: str) -> TelephoneOut:
    """Return what you can have done to the telephone of this call now, and why not the rest."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    desk = desk_of(request)
    survey = await anyio.to_thread.run_sync(desk.announcements.survey)
    why_no_play = _ENDED if call.ended_at is not None else ""
    if not why_no_play and doors_of(request).audio_of(call_id) is None:
        why_no_play = _NO_SOUND
    elif not why_no_play and not survey.playable:
        why_no_play = _NO_FILES
    ability = _ability(services, identity, call)
    return TelephoneOut(
        call_id=call_id,
        level=call.level,
        busy=desk.turns.is_busy(call_id),
        can_play=not why_no_play,
        why_no_play=why_no_play,
        announcements=[
            AnnouncementOut.model_validate(found, from_attributes=True) for found in survey.playable
        ],
        can_join=ability.can_join,
        why_no_join=ability.why_no_join,
        join_modes=list(ability.join_modes),
        can_end=ability.can_end,
        why_no_end=ability.why_no_end,
    )


@router.post(
    "/announcements/{name}", responses=problems(BadRequest, NotFound, Conflict, Unavailable)
)
async def play_announcement(
    request: Request, identity: OnCall, call_id: str, name: str, body: PlayIn | None = None
) -> DoneOut:
    """Play a recorded sentence into the call, to both sides where the exchange can; answers when it was played."""
    services = services_of(request)
    call = await _live_call(
        services, identity, call_id, confirmed=body is not None and body.confirmed
    )
    desk = desk_of(request)
    announcement, sound = await anyio.to_thread.run_sync(desk.announcements.one, name)
    click = Click(ClickKind.PLAY, announcement.label, {"announcement": announcement.name})

    async def act() -> None:
        audio = doors_of(request).audio_of(call_id)
        if audio is None:
            raise NotControllable("no_way_back", f"{_NO_SOUND}職員がことばでお伝えください。")
        await _play(audio, sound, announcement.duration_ms)

    with desk.turns.turn(call_id):
        done_at = await carry_out(services, identity, call, click, act)
    return DoneOut(level=call.level, at=done_at)


@router.post("/join", responses=problems(BadRequest, Conflict, Unavailable))
async def join_call(
    request: Request, identity: OnCall, call_id: str, body: JoinIn | None = None
) -> DoneOut:
    """Have a supervisor join the call: you, or one of the section's if you are its operator."""
    body = body or JoinIn()
    services = services_of(request)
    call = await _live_call(services, identity, call_id, confirmed=body.confirmed)
    click = Click(ClickKind.JOIN, _JOIN_WORDS[body.mode], {"mode": body.mode.value})

    async def act() -> None:
        control, clicker = services.call_control, clicker_of(identity)
        ability = _ability(services, identity, call)
        if control is None or body.mode not in ability.join_modes:
            raise NotControllable("join_not_possible", ability.why_no_join or _NO_CONTROL)
        await control.join(controlled(services, call), body.mode, clicker)

    with desk_of(request).turns.turn(call_id):
        done_at = await carry_out(services, identity, call, click, act)
    return DoneOut(level=call.level, at=done_at)


@router.post("/end", responses=problems(BadRequest, Conflict, Unavailable))
async def end_call(
    request: Request, identity: OnCall, call_id: str, body: EndIn | None = None
) -> DoneOut:
    """Hang up, at whatever level: the person decides, and the answer names the level that the call had."""
    body = body or EndIn()
    services = services_of(request)
    call = await _live_call(services, identity, call_id, confirmed=body.confirmed)
    reason = body.reason.strip()
    what = f"通話を終える({reason})" if reason else "通話を終える"
    click = Click(ClickKind.END, what, {"reason": reason, "level": call.level})

    async def act() -> None:
        control, ability = services.call_control, _ability(services, identity, call)
        if control is None or not ability.can_end:
            raise NotControllable("end_not_possible", ability.why_no_end or _NO_CONTROL)
        await control.end(controlled(services, call), clicker_of(identity))

    with desk_of(request).turns.turn(call_id):
        done_at = await carry_out(services, identity, call, click, act)
    return DoneOut(level=call.level, at=done_at)


async def _live_call(
    services: Services, identity: Identity, call_id: str, *, confirmed: bool
) -> Call:
    """Return the call, if this person may have something done to it now.

    Raises:
        NotFound: no such call, or not for these eyes.
        NotAllowed: a program asks (``person_needed``).
        Conflict: nobody has confirmed, or the call is over (``not_confirmed``, ``call_ended``).
    """
    call = await load_seen(services, identity, call_id)
    if identity.user_id is None:
        raise NotAllowed(
            "person_needed", "電話への操作は、サインインした職員が画面で行うときだけ受け付けます。"
        )
    if not confirmed:
        raise Conflict(
            "not_confirmed", "確認の画面で内容を確かめてから、もう一度操作してください。"
        )
    if call.ended_at is not None:
        raise Conflict("call_ended", _ENDED)
    return call


def _ability(services: Services, identity: Identity, call: Call) -> Ability:
    if call.ended_at is not None:
        return Ability(why_no_join=_ENDED, why_no_end=_ENDED)
    control = services.call_control
    if control is None:
        return Ability(why_no_join=_NO_CONTROL, why_no_end=_NO_CONTROL)
    return control.ability(controlled(services, call), clicker_of(identity))


async def _play(audio: CallAudio, sound: bytes, duration_ms: int) -> None:
    try:
        with anyio.fail_after(duration_ms / 1000 + PLAY_GRACE_S):
            await audio.play(sound)
    except TimeoutError:
        raise OutcomeUnknown(
            "play_stuck",
            "音声を流し終えたか分かりません。お相手に聞こえたかを電話で確かめてください。",
        ) from None


def clicker_of(identity: Identity) -> Clicker:
    return Clicker(identity.login, identity.display_name, identity.role)


def controlled(services: Services, call: Call) -> ControlledCall:
    """Return what an exchange may be told of *call*: only flat and short words of what it told itself."""
    number = number_of(services.record_keys, call)
    stored: Any = call.stream_format.get("metadata", {})
    told: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    words = {
        str(name)[:64]: str(value)[:LONGEST_EXCHANGE_WORD]
        for name, value in told.items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }
    return ControlledCall(
        call_id=call.id,
        operator=call.operator,
        section=call.section,
        caller_number=number if number != UNREADABLE else "",
        called_number=call.called_number,
        exchange=dict(list(words.items())[:MOST_EXCHANGE_WORDS]),
    )
