"""Adapter: what the aids leave in the tables, and the notes that tell it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.aids.standing import AidKind, Aids, aids_of
from app.calls.lifecycle import facts_of
from app.calls.repository import actions_of
from app.events import EventType
from app.ledger import Entry
from app.models import Call, StaffAction


async def standing(session: AsyncSession, call_id: str) -> Aids:
    return aids_of(await actions_of(session, call_id))


def note(entry: Entry, call: Call, kind: AidKind, by: str, text: str, **detail: object) -> None:
    """Record what was done and tell it to who may see the call, in this write."""
    entry.session.add(
        StaffAction(
            call_id=call.id,
            kind=kind.value,
            by_login=by,
            at=entry.now,
            detail={"text": text, **detail},
        )
    )
    told = {"kind": kind.value, "by": by, "text": text, **detail}
    entry.tell(EventType.NOTE, call.id, facts_of(call).audience, told)
