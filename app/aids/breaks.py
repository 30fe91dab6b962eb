"""Glue: proposes a break to the supervisors after a hard call, once for each call, also after a crash."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol

import anyio
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.aids.break_rule import why_break
from app.aids.records import hard_calls_without_proposal, note, standing
from app.aids.schemas import BreakBecause
from app.aids.standing import AidKind
from app.calls.repository import alerts_of, events_of_call
from app.events import Event, EventType
from app.ledger import Entry, KeepsRecords
from app.models import Call
from app.ports import EventBus
from detection.types import Severity

log = structlog.get_logger()

AFTER_DEFECT_S: Final = 5
_WORDS: Final = {
    BreakBecause.STOP: "打ち切り・通報の段階になった通話の後",
    BreakBecause.LONG_WARNING: "警告の段階が長く続いた通話の後",
}


class HearsEnds(KeepsRecords, Protocol):
    """What the proposals take of the services."""

    @property
    def bus(self) -> EventBus: ...


class BreakProposals:
    """Hears of every call's end. What ended while nobody listened is looked up in the tables."""

    def __init__(self, records: HearsEnds) -> None:
        self._records = records

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._run)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - the boundary: calls are judged on, whatever breaks here
                log.warning("breaks are not proposed for a moment", error=type(error).__name__)
                await anyio.sleep(AFTER_DEFECT_S)

    async def _listen(self) -> None:
        async with self._records.bus.subscribe(_is_end) as ends:
            await self.catch_up()
            async for event in ends:
                await self.consider(event.call_id)
        # Cut off for being too slow: what was missed is looked up on return.

    async def catch_up(self) -> None:
        """Propose what an earlier run could not."""
        async with self._records.database.transaction() as session:
            call_ids = await hard_calls_without_proposal(session, self._records.clock.now())
        for call_id in call_ids:
            await self.consider(call_id)

    async def consider(self, call_id: str) -> None:
        """Propose a break if the call asks for one; once, whoever else looks at it."""
        async with self._records.database.transaction() as session:
            if await _why(session, call_id) is None:
                return
        await self._records.ledger.write(_proposal(call_id))


def _is_end(event: Event) -> bool:
    return event.type is EventType.CALL_ENDED


def _proposal(call_id: str) -> Callable[[Entry], Awaitable[None]]:
    async def change(entry: Entry) -> None:
        call = await entry.session.get(Call, call_id)
        why = await _why(entry.session, call_id)
        if call is None or why is None:
            return
        if not (await standing(entry.session, call_id)).break_proposed:
            note(entry, call, AidKind.BREAK_PROPOSED, "", _WORDS[why], because=why.value)

    return change


async def _why(session: AsyncSession, call_id: str) -> BreakBecause | None:
    call = await session.get(Call, call_id)
    if call is None or call.ended_at is None or not call.operator:
        return None  # nobody is known whom a break could be given
    if call.top_level < Severity.WARNING:
        return None
    told = await events_of_call(session, call_id, EventType.LEVEL_CHANGED)
    changes = [(event.at, int(event.data["level"])) for event in told]
    grave = [alert for alert in await alerts_of(session, call_id) if alert.level >= Severity.STOP]
    only_false = bool(grave) and all(alert.false_alarm or alert.withdrawn for alert in grave)
    # The top level stays where it was, although people have called its alerts false.
    top_level = min(call.top_level, Severity.WARNING) if only_false else call.top_level
    return why_break(top_level, changes, call.ended_at)
