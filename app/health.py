"""Glue: how recognition and the event loop are doing, told to the screens of live calls when it changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import anyio

from app.calls.registry import CallRegistry
from app.events import EventType
from app.ledger import Ledger
from app.loop_pause import TOO_LONG_MS, PauseCount, Pauses
from app.ports import Clock
from asr.ports import Transcriber

WATCH_SECONDS: Final = 1
BEHIND_MS: Final = 2_000
"""Above it the operator is told; below, a delay is part of how recognition works."""


class Status(StrEnum):
    OK = "ok"
    BEHIND = "behind"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Health:
    recognition_delay_ms: int
    status: Status
    loop_pause_ms: int = 0
    """The longest of the last second, if telephones may have noticed it; else 0."""

    def fields(self) -> dict[str, object]:
        told: dict[str, object] = {
            "recognition_delay_ms": self.recognition_delay_ms,
            "status": self.status.value,
        }
        if self.loop_pause_ms:
            told["loop_pause_ms"] = self.loop_pause_ms
        return told


def health_of(transcriber: Transcriber) -> Health:
    if not transcriber.ready:
        return Health(transcriber.delay_ms, Status.DOWN)
    # In whole seconds: a number that changes more often is only restless.
    delay_ms = transcriber.delay_ms // 1000 * 1000
    if delay_ms >= BEHIND_MS:
        return Health(delay_ms, Status.BEHIND)
    return Health(0, Status.OK)


def with_pause(health: Health, pauses: Pauses) -> Health:
    """Add the longest pause of the last second, unless no telephone can have noticed it."""
    return replace(health, loop_pause_ms=pauses.lately_ms if pauses.lately_ms > TOO_LONG_MS else 0)


async def tell_health(
    transcriber: Transcriber,
    registry: CallRegistry,
    ledger: Ledger,
    pauses: PauseCount,
    clock: Clock,
) -> None:
    """Announce the health of recognition to each live call whenever it changes; never returns."""
    well = Health(0, Status.OK)
    told: dict[str, Health] = {}
    while True:
        await anyio.sleep(WATCH_SECONDS)
        now = with_pause(health_of(transcriber), pauses.read(clock.monotonic_ms()))
        live = [call.facts for call in registry.live_calls]
        # A call that begins while recognition is behind is told so too.
        for facts in live:
            if told.get(facts.call_id, well) != now:
                await ledger.announce(EventType.HEALTH, facts.call_id, facts.audience, now.fields())
        told = {facts.call_id: now for facts in live}
