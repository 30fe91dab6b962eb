"""Glue: 「言った」 counts, in a live call at once, and in one that is not live here from what its tables say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import Select, func, select

from app.calls.lifecycle import facts_of
from app.calls.records import tell_warnings
from app.calls.recovery import Recovered, said_by_press
from app.errors import NotFound
from app.ledger import Entry
from app.models import Call, StaffAction
from app.services import Services
from detection.types import Decision, Pressed

Mark = Callable[[Entry, bool], Awaitable[None]]
"""Stores what the person did; learns whether it counted as one more warning."""


async def press(
    services: Services, call: Call, words: Callable[[int], Pressed], mark: Callable[[int], Mark]
) -> None:
    """Count what was pressed now; *words* and *mark* are told the second of the call's sound."""
    live = services.registry.find(call.id)
    if live is None:
        # Taken up while this is written, it would have been read without it, and count without it.
        async with services.registry.settled(call.id) as live:
            if live is None:
                # Nobody hears it here: it was said at the end of what was heard.
                at_ms = call.duration_ms
                await _press_afterwards(services, call, words(at_ms), mark(at_ms))
                return
    at_ms = live.position_ms
    await live.judge.press(words(at_ms), mark(at_ms))


async def _press_afterwards(services: Services, call: Call, pressed: Pressed, mark: Mark) -> None:
    """Count a press by the words in the tables; an end that was reached stays what it was."""
    async with services.database.transaction() as session:
        seen = await session.scalar(_presses_of(call.id)) or 0
    recovered = await services.registry.rehearing.to_go_on(call.id)
    before, after = _pressed(services, recovered, pressed)

    async def change(entry: Entry) -> None:
        row = await entry.session.get(Call, call.id)
        if row is None:
            raise NotFound("call_unknown", "この通話は見つからないか、表示する権限がありません。")
        # Who pressed in the same moment was counted, and this is the same warning.
        alone = (await entry.session.scalar(_presses_of(call.id)) or 0) == seen
        counted = alone and after.warnings_spoken > before
        await mark(entry, counted)
        if counted:
            row.warnings_spoken += 1
            tell_warnings(
                entry,
                facts_of(call),
                after,
                recovered.standing,
                services.warning_limit,
                count=row.warnings_spoken,
            )

    await services.ledger.write(change)


def _pressed(services: Services, recovered: Recovered, pressed: Pressed) -> tuple[int, Decision]:
    """Return how many warnings counted before, and where the call stands after."""
    before = recovered.decision.warnings_spoken if recovered.decision is not None else 0
    assessment = services.detector.assess(said_by_press(pressed))
    return before, recovered.conversation.press(pressed, assessment)


def _presses_of(call_id: str) -> Select[int]:
    return (
        select(func.count())
        .select_from(StaffAction)
        .where(StaffAction.call_id == call_id, StaffAction.kind == "script_used")
    )
