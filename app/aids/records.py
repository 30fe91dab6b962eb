"""Adapter: what the aids leave in the tables, and the notes that tell it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.aids.break_rule import PROPOSED_FOR
from app.aids.standing import BREAK_ANSWERS, AidKind, Aids, aids_of
from app.calls.lifecycle import facts_of
from app.calls.repository import actions_of
from app.events import EventType
from app.ledger import Entry
from app.models import Call, StaffAction, User
from detection.types import Severity

LONGEST_CALL: Final = timedelta(days=1)
"""By when a call began the tables find it; they have no index by when it ended."""


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


def waiting_breaks_query(section: str, now: datetime) -> Select[StaffAction, Call, str]:
    """Return the query for the breaks proposed lately in *section* that nobody has answered, the oldest first.

    It begins at the section's calls of the day: what people did fills the largest table.
    """
    answer = aliased(StaffAction)
    answered = exists(
        select(answer.id).where(
            answer.call_id == Call.id, answer.kind.in_([kind.value for kind in BREAK_ANSWERS])
        )
    )
    return (
        select(StaffAction, Call, User.display_name)
        .select_from(Call)
        .join(StaffAction, StaffAction.call_id == Call.id)
        .outerjoin(User, User.login == Call.operator)
        .where(
            Call.section == section,
            Call.started_at >= now - PROPOSED_FOR - LONGEST_CALL,
            StaffAction.kind == AidKind.BREAK_PROPOSED.value,
            StaffAction.at >= now - PROPOSED_FOR,
            ~answered,
        )
        .order_by(StaffAction.id)
    )


async def waiting_breaks(
    session: AsyncSession, section: str, now: datetime
) -> list[tuple[StaffAction, Call, str | None]]:
    found = await session.execute(waiting_breaks_query(section, now))
    return [(row[0], row[1], row[2]) for row in found]


async def hard_calls_without_proposal(session: AsyncSession, now: datetime) -> Sequence[str]:
    """Return the calls that ended lately and may ask for a break which nobody has proposed yet."""
    proposed = exists(
        select(StaffAction.id).where(
            StaffAction.call_id == Call.id, StaffAction.kind == AidKind.BREAK_PROPOSED.value
        )
    )
    query = select(Call.id).where(
        Call.started_at >= now - PROPOSED_FOR - LONGEST_CALL,
        Call.ended_at >= now - PROPOSED_FOR,
        Call.top_level >= int(Severity.WARNING),
        Call.operator != "",
        ~proposed,
    )
    return (await session.scalars(query)).all()
