"""Glue: what supervisors write to a call's operator, and that it was read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import select

from app.auth.identity import Identity
from app.calls.lifecycle import facts_of
from app.errors import NotFound
from app.events import EventType
from app.joining.asking import LARGEST_ID, note
from app.ledger import Entry
from app.models import Call, StaffAction

SENT: Final = "supervisor_note"
SEEN: Final = "supervisor_note_seen"
_SEEN_WORDS: Final = "職員がメモを確認しました"


def noted(
    identity: Identity, call: Call, text: str, quick: str | None
) -> Callable[[Entry], Awaitable[int]]:
    """Return the change that stores and tells a note; it gives the note's id."""

    async def change(entry: Entry) -> int:
        detail = {"text": text, "display_name": identity.display_name, "quick": quick}
        action = StaffAction(
            call_id=call.id, kind=SENT, by_login=identity.login, at=entry.now, detail=detail
        )
        entry.session.add(action)
        await entry.session.flush()  # screens say by this id what was read
        told = {"kind": SENT, "by": identity.login, "note_id": action.id, **detail}
        entry.tell(EventType.NOTE, call.id, facts_of(call).audience, told)
        return action.id

    return change


def note_seen(identity: Identity, call: Call, note_id: int) -> Callable[[Entry], Awaitable[None]]:
    """Return the change that stores and tells, once, that the operator has read a note.

    It raises:
        NotFound: no such note at this call (``note_unknown``).
    """

    async def change(entry: Entry) -> None:
        found = None
        if 0 < note_id <= LARGEST_ID:
            found = await entry.session.get(StaffAction, note_id)
        if found is None or found.call_id != call.id or found.kind != SENT:
            raise NotFound("note_unknown", "この通話に、そのメモはありません。")
        seen = select(StaffAction).where(StaffAction.call_id == call.id, StaffAction.kind == SEEN)
        known = (await entry.session.scalars(seen)).all()
        if all(one.detail.get("note_id") != note_id for one in known):
            note(entry, call, SEEN, identity.login, _SEEN_WORDS, note_id=note_id)

    return change
