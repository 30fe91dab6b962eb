"""Glue: what follows when a person calls an alert false, in a live call and in an ended one."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from app.auth.identity import Identity
from app.calls.alert_rows import alert_fields
from app.calls.endpoints import seen_by
from app.calls.lifecycle import facts_of
from app.calls.recovery import Recovered, recover
from app.calls.repository import alert_with_call
from app.errors import NotFound
from app.events import EventType
from app.ledger import Entry
from app.models import AlertRow, Call, StaffAction
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
    # In a live call the conversation closes the alert and tells it with the new level.
    mark = _marking(identity, alert, call, false_alarm=True, tell=live is None)
    if live is None:
        await services.ledger.write(mark)
    else:
        await live.judge.dismiss(alert.key, mark)


async def take_back(services: Services, identity: Identity, alert_id: str) -> None:
    """Unmark the alert; the live conversation is heard again without the dismissal.

    Raises:
        NotFound: no such alert, or not for these eyes.
    """
    alert, call = await _seen_alert(services, identity, alert_id)
    if not alert.false_alarm:
        return
    mark = _marking(identity, alert, call, false_alarm=False, tell=True)

    async def read() -> Recovered:
        async with services.database.transaction() as session:
            return await recover(
                session,
                call.id,
                detector=services.detector,
                new_conversation=services.new_conversation,
            )

    live = services.registry.find(call.id)
    if live is None:
        await services.ledger.write(mark)
    else:
        await live.judge.hear_again(mark, read)


def _marking(
    identity: Identity, alert: AlertRow, call: Call, *, false_alarm: bool, tell: bool
) -> Callable[[Entry], Awaitable[None]]:
    kind = "false_alarm" if false_alarm else "false_alarm_undone"
    facts = facts_of(call)

    async def change(entry: Entry) -> None:
        row = await entry.session.get(AlertRow, alert.id)
        if row is None or row.false_alarm == false_alarm:
            return
        row.false_alarm = false_alarm
        # Nor does a person bring back what the whole sentence did not bear out.
        stands = not (false_alarm or row.withdrawn)
        row.closed_at = None if stands else entry.now
        entry.session.add(
            StaffAction(
                call_id=call.id,
                kind=kind,
                by_login=identity.login,
                at=entry.now,
                detail={"alert_id": row.id, "key": row.key},
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
            EventType.ALERT_RAISED if stands else EventType.ALERT_CLOSED,
            call.id,
            facts.audience,
            {"alert_id": alert.id, **alert_fields(row), "false_alarm": false_alarm},
        )

    return change


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
