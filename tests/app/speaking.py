"""Glue: calls in which a sentence is looked at before it is over, and what their screens are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel

from app.calls.live_call import LiveCall
from app.calls.repository import alerts_of, events_after
from app.events import Event, EventType
from app.models import AlertRow
from app.settings import Settings
from asr.types import Samples
from tests.app.exchange import Exchange, exchange
from tests.app.sounds import call_bytes, joined, silence, speech
from tests.fakes_transcriber import ScriptedTranscriber

CHUNK_BYTES = 1_600
"""100 ms of two tracks."""
TURNS = 24
"""More than the event loop needs to hear 100 ms in rounds and to hand on what was asked for."""
PAUSE_MS = 900
SENTENCE_MS = 4_000
"""Long enough for one partial."""


@dataclass(slots=True)
class Screens:
    """What all screens together were told, in order."""

    office: Exchange
    told: list[Event] = field(default_factory=list)

    def of(self, *kinds: EventType) -> list[dict[str, Any]]:
        return [dict(event.data) for event in self.told if event.type in kinds]

    def kinds(self) -> list[EventType]:
        return [event.type for event in self.told]

    async def until(self, kind: EventType, count: int = 1) -> None:
        await self.office.until(lambda: self.kinds().count(kind) >= count)


@asynccontextmanager
async def watched(
    settings: Settings, transcriber: ScriptedTranscriber, **parts: Any
) -> AsyncIterator[tuple[Exchange, Screens]]:
    """Run an exchange that hears partials, with somebody who looks at every screen."""
    async with (
        exchange(settings, transcriber, **{"partials": True, **parts}) as office,
        office.bus.subscribe() as happening,
        anyio.create_task_group() as tasks,
    ):
        screens = Screens(office)

        async def look() -> None:
            async for event in happening:
                screens.told.append(event)

        tasks.start_soon(look)
        yield office, screens
        tasks.cancel_scope.cancel()


def sentence(ms: int = SENTENCE_MS) -> Samples:
    """Return speech that a pause ends."""
    return joined(silence(400), speech(ms), silence(PAUSE_MS))


def begun(ms: int) -> Samples:
    """Return speech that goes on."""
    return joined(silence(400), speech(ms))


async def speak(call: LiveCall, caller: Samples, operator: Samples | None = None) -> None:
    """Bring the sound as a telephone does, piece by piece, each heard before the next."""
    payload = call_bytes(caller, operator)
    for begin_at in range(0, len(payload), CHUNK_BYTES):
        call.hear(payload[begin_at : begin_at + CHUNK_BYTES])
        for _ in range(TURNS):
            await anyio.lowlevel.checkpoint()


async def alerts(office: Exchange, call_id: str) -> Sequence[AlertRow]:
    async with office.database.transaction() as session:
        return await alerts_of(session, call_id)


async def stored_kinds(office: Exchange) -> list[str]:
    async with office.database.transaction() as session:
        return [row.type for row in await events_after(session, 0, 10_000)]
