"""Adapter: what the tables say of who was at a call, what they wrote and asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.control.clicks import ClickKind, Result
from app.joining.attendance import OPEN
from app.joining.models import JoinRequestRow, JoinRow
from app.joining.notes import SEEN, SENT
from app.joining.phrases import quick_phrases
from app.joining.schemas import (
    AnsweredOut,
    JoinedOut,
    PersonOut,
    PhraseOut,
    RequestKind,
    RequestOut,
    SentNoteOut,
    StayOut,
)
from app.models import Call, StaffAction

INSTRUCTED: Final = "telephone_instructions"
_READ: Final = (SENT, SEEN, INSTRUCTED, ClickKind.JOIN.value)


async def joined_view(
    session: AsyncSession, call: Call, *, seq: int, telephone_rings: bool
) -> JoinedOut:
    stays = await session.scalars(
        select(JoinRow).where(JoinRow.call_id == call.id).order_by(JoinRow.id)
    )
    rows = stays.all()
    requests = await session.scalars(
        select(JoinRequestRow).where(JoinRequestRow.call_id == call.id).order_by(JoinRequestRow.id)
    )
    asked = requests.all()
    actions = await session.scalars(
        select(StaffAction)
        .where(StaffAction.call_id == call.id, StaffAction.kind.in_(_READ))
        .order_by(StaffAction.id)
    )
    done = actions.all()
    return JoinedOut(
        call_id=call.id,
        seq=seq,
        people=[
            PersonOut(
                login=row.login,
                display_name=row.display_name,
                listening=row.listening,
                since=row.joined_at,
            )
            for row in rows
            if row.left_at is None
        ],
        requests=[request_out(row) for row in asked if row.state == OPEN],
        answered=[_answered_out(row, done) for row in asked if row.state != OPEN],
        stays=[
            StayOut(
                login=row.login,
                display_name=row.display_name,
                joined_at=row.joined_at,
                left_at=row.left_at,
                because=row.left_because,
            )
            for row in rows
        ],
        notes=_notes_out(done),
        telephone_rings=telephone_rings,
        quick_phrases=[
            PhraseOut(id=one.id, label=one.label, text=one.text) for one in quick_phrases()
        ],
    )


def request_out(row: JoinRequestRow) -> RequestOut:
    return RequestOut(
        request_id=row.id,
        kind=RequestKind(row.kind),
        by=row.by_login,
        display_name=row.by_name,
        asked_at=row.asked_at,
    )


def _answered_out(row: JoinRequestRow, done: Sequence[StaffAction]) -> AnsweredOut:
    result: Literal["", "joined", "instructions"] = ""
    text = ""
    for action in done:
        if action.detail.get("request_id") != row.id:
            continue
        if action.kind == INSTRUCTED:
            result, text = "instructions", str(action.detail.get("text", ""))
        elif action.detail.get("result") == Result.DONE.value:
            result = "joined"
    state = cast("Literal['accepted', 'declined', 'withdrawn']", row.state)
    return AnsweredOut(**request_out(row).model_dump(), state=state, result=result, text=text)


def _notes_out(done: Sequence[StaffAction]) -> list[SentNoteOut]:
    seen_at = {action.detail.get("note_id"): action.at for action in done if action.kind == SEEN}
    return [
        SentNoteOut(
            note_id=action.id,
            text=str(action.detail.get("text", "")),
            by=action.by_login,
            display_name=str(action.detail.get("display_name", "")),
            at=action.at,
            seen_at=seen_at.get(action.id),
        )
        for action in done
        if action.kind == SENT
    ]
