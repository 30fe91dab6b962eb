"""Glue: what follows when a person calls an alert false, in a live call and in an ended one."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.calls.alert_rows import alert_fields
from app.calls.endpoints import seen_by
from app.calls.lifecycle import facts_of
from app.calls.repository import alert_with_call
from app.errors import NotFound
from app.events import EventType
from app.ledger import Entry
from app.models import AlertRow, Call, DecisionRow, StaffAction
from app.services import Services

ALERT_ID: Final = re.compile(r"[0-9a-f]{32}")


async def call_false(services: Services, identity: Identity, alert_id: str) -> None:
    """Mark the alert false; marking it twice changes nothing.

    Raises:
        NotFound: no such alert, or not for these eyes.
    """
    alert, call = await _seen_alert(services, identity, alert_id)
    if alert.false_alarm:
        return
    live = services.registry.find(call.id)
    if live is None:
        # Taken up while this is written, it would have been read without it.
        async with services.registry.settled(call.id) as live:
            if live is None:
                mark = marking(identity, alert, call, false_alarm=True, tell=True)
                await services.ledger.write(mark)
                return
    # In a live call the conversation closes the alert and tells it with the new level.
    mark = marking(identity, alert, call, false_alarm=True, tell=False)
    await live.judge.dismiss(alert.key, mark)


async def take_back(services: Services, identity: Identity, alert_id: str) -> None:
    """Unmark the alert; the live conversation is heard again without the dismissal.

    Raises:
        NotFound: no such alert, or not for these eyes.
    """
    alert, call = await _seen_alert(services, identity, alert_id)
    if not alert.false_alarm:
        return
    mark = marking(identity, alert, call, false_alarm=False, tell=True)
    registry = services.registry
    while True:
        if registry.find(call.id) is None:
            async with registry.settled(call.id) as live:
                if live is None:
                    await services.ledger.write(mark)
                    return
        async with registry.rehearing.in_turn() as heard_again:
            # It may have ended while others were heard again.
            live = registry.find(call.id)
            if live is not None:
                await live.judge.hear_again(mark, partial(heard_again, call.id))
                return


def marking(
    identity: Identity, alert: AlertRow, call: Call, *, false_alarm: bool, tell: bool
) -> Callable[[Entry], Awaitable[None]]:
    """Return what stores the mark, or takes it back; *tell* where no live conversation tells it."""
    kind = "false_alarm" if false_alarm else "false_alarm_undone"
    facts = facts_of(call)

    async def change(entry: Entry) -> None:
        row = await entry.session.get(AlertRow, alert.id)
        if row is None or row.false_alarm == false_alarm:
            return
        row.false_alarm = false_alarm
        stood = row.closed_at is None
        if false_alarm:
            row.closed_at = row.closed_at or entry.now
        elif not row.withdrawn and await _stood_until_marked(entry.session, row):
            # What had lapsed before, or was not borne out by its whole sentence, nobody brings back.
            row.closed_at = None
        entry.session.add(
            StaffAction(
                call_id=call.id,
                kind=kind,
                by_login=identity.login,
                at=entry.now,
                detail={
                    "alert_id": row.id,
                    "key": row.key,
                    "stood": stood,
                    **await _place_in(entry.session, call.id),
                },
            )
        )
        entry.tell(
            EventType.NOTE,
            call.id,
            facts.audience,
            {"kind": kind, "text": "", "by": identity.login, "alert_id": alert.id},
        )
        if not tell:
            return
        entry.tell(
            EventType.ALERT_RAISED if row.closed_at is None else EventType.ALERT_CLOSED,
            call.id,
            facts.audience,
            {"alert_id": alert.id, **alert_fields(row), "false_alarm": false_alarm},
        )

    return change


async def _stood_until_marked(session: AsyncSession, alert: AlertRow) -> bool:
    """Whether *alert* was open when it was last marked false."""
    marks = await session.scalars(
        select(StaffAction.detail)
        .where(StaffAction.call_id == alert.call_id, StaffAction.kind == "false_alarm")
        .order_by(StaffAction.id.desc())
    )
    of_this = (detail for detail in marks if detail["alert_id"] == alert.id)
    last = next(of_this, None)
    # Before this was noted there is nothing to know it by.
    return last is None or bool(last.get("stood", True))


async def _place_in(session: AsyncSession, call_id: str) -> dict[str, int]:
    """Return behind how many judged utterances of the call we are, and at which moment of its sound."""
    heard = select(func.count()).where(DecisionRow.call_id == call_id)
    judged_ms = select(Call.duration_ms).where(Call.id == call_id)
    return {
        "heard": await session.scalar(heard) or 0,
        "at_ms": await session.scalar(judged_ms) or 0,
    }


async def _seen_alert(
    services: Services, identity: Identity, alert_id: str
) -> tuple[AlertRow, Call]:
    if not ALERT_ID.fullmatch(alert_id):
        raise _unknown()
    async with services.database.transaction() as session:
        found = await alert_with_call(session, alert_id)
        if found is not None:
            alert, call = found
            return alert, seen_by(identity, call)
    raise _unknown()


def _unknown() -> NotFound:
    return NotFound("alert_unknown", "このおそれの表示は見つかりません。")
