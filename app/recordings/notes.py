"""Glue: what the screens and the record are told of a live call's recording."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.calls.facts import CallFacts
from app.errors import Conflict
from app.events import EventType
from app.joining.asking import note
from app.ledger import Entry
from app.models import Call, StaffAction
from app.recordings.live import FAILURE_WORDS, Failure

PAUSED: Final = "recording_paused"
RESUMED: Final = "recording_resumed"
FAILED: Final = "recording_failed"
RESTORED: Final = "recording_restored"
_RESTORED_WORDS: Final = "録音を再開しました"


async def paused_by(session: AsyncSession, call_id: str) -> str | None:
    """Return the name of who has the call's recording paused, as the record has it; None where nobody has."""
    last = (
        select(StaffAction)
        .where(StaffAction.call_id == call_id, StaffAction.kind.in_((PAUSED, RESUMED)))
        .order_by(StaffAction.id.desc())
        .limit(1)
    )
    action = await session.scalar(last)
    if action is None or action.kind != PAUSED:
        return None
    return str(action.detail.get("display_name", ""))


def told_pause(
    call: Call, identity: Identity, at_ms: int, *, paused: bool
) -> Callable[[Entry], Awaitable[None]]:
    """Return the change that records who paused or resumed the recording, and tells it.

    It raises:
        Conflict: the call has ended meanwhile (``call_ended``).
    """

    async def change(entry: Entry) -> None:
        ended_at = await entry.session.scalar(select(Call.ended_at).where(Call.id == call.id))
        if ended_at is not None:
            raise Conflict("call_ended", "この通話は終了しています。記録をご覧ください。")
        note(
            entry,
            call,
            PAUSED if paused else RESUMED,
            identity.login,
            "録音を止めました" if paused else "録音を再開しました",
            display_name=identity.display_name,
            at_ms=at_ms,
        )

    return change


def told_failure(
    facts: CallFacts, failure: Failure | None, at_ms: int
) -> Callable[[Entry], Awaitable[None]]:
    """Return the change that tells why the call is not recorded now, or that it is again."""
    kind = RESTORED if failure is None else FAILED
    text = _RESTORED_WORDS if failure is None else FAILURE_WORDS[failure]

    async def change(entry: Entry) -> None:
        told = {"kind": kind, "by": "", "text": text, "reason": failure or "", "at_ms": at_ms}
        entry.tell(EventType.NOTE, facts.call_id, facts.audience, told)

    return change
