"""Glue: how far a call has come, from the live conversation, or heard again from the tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.live_call import LiveCall
from app.calls.recovery import Recovered
from app.calls.repository import events_of_call
from app.events import EventType
from app.models import Call
from app.progress.schemas import ProgressOut
from app.progress.wording import demand_fields, quote_fields, warning_fields
from app.services import Services
from detection.progress import LimitClock, Progress

ENDED: Final = "通話は終了しています。記録をご確認ください"


async def progress_view(services: Services, call: Call, *, seq: int) -> ProgressOut:
    """*seq* was read before *call*: what happens between the two comes again as an event."""

    def live_now() -> LiveCall | None:
        return services.registry.find(call.id) if call.ended_at is None else None

    found: LiveCall | Recovered | None = live_now()
    if found is None:
        found = await services.registry.rehearing.to_be_shown(call.id, live_now)
    if isinstance(found, LiveCall):
        return _live_view(found, call, seq=seq)
    progress, since_ms = found.conversation.progress(), found.standing.step_since_ms
    if call.ended_at is None:
        return _view(progress, since_ms, call, seq=seq)
    stopped = tuple(_stopped(clock, call.duration_ms) for clock in progress.clocks)
    view = _view(replace(progress, clocks=stopped), since_ms, call, seq=seq)
    async with services.database.transaction() as session:
        recorded = await recorded_warnings(session, call)
    # What was counted then stands, whatever today's rules would count.
    return ProgressOut.model_validate(
        {
            **view.model_dump(),
            "warnings": recorded,
            "next": {"text": ENDED, "clause": None},
        }
    )


def _live_view(live: LiveCall, call: Call, *, seq: int) -> ProgressOut:
    progress, step_since_ms = live.judge.progress()
    # Judged is what was said, some seconds ago; the clocks stand at what was heard.
    ahead_ms = max(0, live.position_ms - progress.at_ms)
    clocks = tuple(
        replace(clock, elapsed_ms=clock.elapsed_ms + ahead_ms) if clock.running else clock
        for clock in progress.clocks
    )
    return _view(replace(progress, clocks=clocks), step_since_ms, call, seq=seq)


def _view(progress: Progress, step_since_ms: int | None, call: Call, *, seq: int) -> ProgressOut:
    first = progress.warnings_spoken - len(progress.warnings) + 1
    warnings = [
        warning_fields(number, warning, call.operator)
        for number, warning in enumerate(progress.warnings, first)
    ]
    return ProgressOut.model_validate(
        {
            "call_id": call.id,
            "seq": seq,
            "step": progress.step,
            "step_since_ms": step_since_ms,
            "asked": [quote_fields(quote) for quote in progress.asked],
            "warnings": [{**one, "at": _moment(call, one["at_ms"])} for one in warnings],
            "warning_limit": progress.warning_limit,
            "next": {"text": progress.next.text, "clause": progress.next.clause},
            "clocks": [
                {
                    "kind": clock.kind,
                    "limit_ms": clock.limit_ms,
                    "elapsed_ms": clock.elapsed_ms,
                    "running": clock.running,
                    "clause": clock.clause,
                }
                for clock in progress.clocks
            ],
            "demand": demand_fields(progress.demand),
        }
    )


def _stopped(clock: LimitClock, duration_ms: int) -> LimitClock:
    ran = clock.elapsed_ms + max(0, duration_ms - clock.elapsed_ms) * (clock.kind == "held")
    return replace(clock, elapsed_ms=ran, running=False)


async def recorded_warnings(session: AsyncSession, call: Call) -> list[dict[str, Any]]:
    """Return the warnings of *call* as they were counted then, with their words."""
    told: dict[int, dict[str, Any]] = {}
    for event in await events_of_call(session, call.id, EventType.WARNING_SPOKEN):
        data = event.data
        number = int(data.get("n", data["count"]))
        told[number] = {
            "n": number,
            "at_ms": data["at_ms"],
            "at": _moment(call, data["at_ms"]),
            "text": data.get("text", ""),
            "how": data.get("how", "spoken"),
            "utterance_id": data.get("utterance_id", ""),
            "by": data.get("by") or call.operator,
            "pressed_ms": data.get("pressed_ms"),
        }
    return [told[number] for number in sorted(told)]


def _moment(call: Call, at_ms: int) -> datetime:
    return call.started_at + timedelta(milliseconds=at_ms)
