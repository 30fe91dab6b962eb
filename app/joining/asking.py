"""Glue: a supervisor asks to take over or to come in, the operator answers; both stand in the record by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import select

from app.auth.identity import Identity, Role
from app.auth.visibility import may_see
from app.calls.lifecycle import facts_of
from app.control.clicks import Click, ClickKind, carry_out
from app.control.endpoints import clicker_of, controlled
from app.control.ports import ControlFailed, JoinMode
from app.errors import Conflict, NotFound
from app.events import EventType
from app.joining.attendance import OPEN, open_stay
from app.joining.models import JoinRequestRow
from app.joining.schemas import RequestKind
from app.ledger import Entry
from app.models import Call, StaffAction, User
from app.services import Services

ACCEPTED: Final = "accepted"
DECLINED: Final = "declined"
LARGEST_ID: Final = 2**31 - 1
_ASKS: Final = {
    RequestKind.TAKE_OVER: "代わります",
    RequestKind.THREE_WAY: "一緒に入ります",
}
_CLICKS: Final = {
    RequestKind.TAKE_OVER: "監督者が代わるために加わる",
    RequestKind.THREE_WAY: "監督者が加わる",
}
JOINED_WORDS: Final = {
    RequestKind.TAKE_OVER: (
        "監督者の電話機がつながりました。受話器は置かず、監督者に代わることをお相手に伝えてください。"
    ),
    RequestKind.THREE_WAY: "監督者の電話機がつながりました。三人で話せます。",
}


def note(entry: Entry, call: Call, kind: str, by: str, text: str, **detail: object) -> StaffAction:
    """Record what a person did and tell it, in this write."""
    action = StaffAction(
        call_id=call.id, kind=kind, by_login=by, at=entry.now, detail={"text": text, **detail}
    )
    entry.session.add(action)
    told = {"kind": kind, "by": by, "text": text, **detail}
    entry.tell(EventType.NOTE, call.id, facts_of(call).audience, told)
    return action


def asked(
    identity: Identity, call: Call, kind: RequestKind
) -> Callable[[Entry], Awaitable[JoinRequestRow]]:
    """Return the change that stores and tells a request.

    It raises:
        Conflict: who asks is not at the call (``join_first``), or has asked the same and
            waits for the answer (``already_asked``).
    """

    async def change(entry: Entry) -> JoinRequestRow:
        # Asked of the tables: what somebody asks who has just left, nobody would take back.
        if await open_stay(entry, call.id, identity.login) is None:
            raise Conflict("join_first", "先に「加わる」を押してから、お願いしてください。")
        waiting = select(JoinRequestRow).where(
            JoinRequestRow.call_id == call.id,
            JoinRequestRow.by_login == identity.login,
            JoinRequestRow.kind == kind.value,
            JoinRequestRow.state == OPEN,
        )
        if (await entry.session.scalars(waiting)).first() is not None:
            raise Conflict("already_asked", "すでにお願いしています。職員の返事をお待ちください。")
        row = JoinRequestRow(
            call_id=call.id,
            kind=kind.value,
            state=OPEN,
            by_login=identity.login,
            by_name=identity.display_name,
            asked_at=entry.now,
        )
        entry.session.add(row)
        await entry.session.flush()
        note(
            entry,
            call,
            f"{kind.value}_asked",
            identity.login,
            _ASKS[kind],
            request_id=row.id,
            display_name=identity.display_name,
        )
        return row

    return change


def answered(
    identity: Identity, call: Call, request_id: int, *, accepted: bool
) -> Callable[[Entry], Awaitable[JoinRequestRow]]:
    """Return the change that stores and tells the operator's answer.

    It raises:
        NotFound: no such request at this call (``request_unknown``).
        Conflict: it was answered, or who asked has left (``already_answered``).
    """

    async def change(entry: Entry) -> JoinRequestRow:
        row = None
        if 0 < request_id <= LARGEST_ID:
            row = await entry.session.get(JoinRequestRow, request_id)
        if row is None or row.call_id != call.id:
            raise NotFound("request_unknown", "この通話に、そのお願いはありません。")
        if row.state != OPEN:
            raise Conflict(
                "already_answered", "このお願いには返事が済んでいるか、取り下げられています。"
            )
        row.state = ACCEPTED if accepted else DECLINED
        row.answered_by, row.answered_at = identity.login, entry.now
        what = _ASKS[RequestKind(row.kind)]
        note(
            entry,
            call,
            f"{row.kind}_{row.state}",
            identity.login,
            f"「{what}」を{'受けました' if accepted else '断りました'}",
            request_id=row.id,
            asked_by=row.by_login,
        )
        return row

    return change


def telephone_rings(services: Services, identity: Identity, call: Call) -> bool:
    """Say whether the exchange can have this supervisor's telephone join the talk."""
    control = services.call_control
    if control is None or identity.role is not Role.SUPERVISOR or identity.user_id is None:
        return False
    return (
        JoinMode.TALK
        in control.ability(controlled(services, call), clicker_of(identity)).join_modes
    )


async def bring_in(
    services: Services, operator: Identity, call: Call, row: JoinRequestRow, instructions: str
) -> tuple[bool, str]:
    """Have the supervisor who asked join by telephone; say whether it came about, and what to read.

    Where the exchange cannot, both sides are told the *instructions* for the telephone in use.
    """
    kind = RequestKind(row.kind)
    failed = ""
    supervisor = await _supervisor(services, call, row.by_login)
    control = services.call_control
    if control is not None and supervisor is not None:
        clicker, telephone = clicker_of(supervisor), controlled(services, call)
        if telephone_rings(services, supervisor, call):
            click = Click(
                ClickKind.JOIN,
                _CLICKS[kind],
                {
                    "mode": JoinMode.TALK.value,
                    "request_id": row.id,
                    "confirmed_by": operator.login,
                },
            )
            try:
                await carry_out(
                    services,
                    supervisor,
                    call,
                    click,
                    lambda: control.join(telephone, JoinMode.TALK, clicker),
                )
            except ControlFailed as error:
                failed = error.message
            else:
                return True, JOINED_WORDS[kind]

    async def change(entry: Entry) -> None:
        note(
            entry,
            call,
            "telephone_instructions",
            operator.login,
            instructions,
            request_id=row.id,
            asked_by=row.by_login,
            why=failed,
        )

    await services.ledger.write(change)
    return False, f"{failed}{instructions}"


async def _supervisor(services: Services, call: Call, login: str) -> Identity | None:
    """Return who asked, as they are now; None who may no longer see the call."""
    async with services.database.transaction() as session:
        user = (await session.scalars(select(User).where(User.login == login))).first()
    if user is None or user.disabled_at is not None or user.role != Role.SUPERVISOR.value:
        return None
    identity = Identity(user.login, user.display_name, Role.SUPERVISOR, user.section, user.id)
    seen = may_see(identity, operator=call.operator, section=call.section, live=True)
    return identity if seen else None
