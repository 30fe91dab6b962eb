"""Glue: how recognition is doing, told to the screens of live calls when it changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import anyio

from app.calls.registry import CallRegistry
from app.events import EventType
from app.ledger import Ledger
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

    def fields(self) -> dict[str, object]:
        return {
            "recognition_delay_ms": self.recognition_delay_ms,
            "status": self.status.value,
        }


def health_of(transcriber: Transcriber) -> Health:
    if not transcriber.ready:
        return Health(transcriber.delay_ms, Status.DOWN)
    # In whole seconds: a number that changes more often is only restless.
    delay_ms = transcriber.delay_ms // 1000 * 1000
    if delay_ms >= BEHIND_MS:
        return Health(delay_ms, Status.BEHIND)
    return Health(0, Status.OK)


async def tell_health(transcriber: Transcriber, registry: CallRegistry, ledger: Ledger) -> None:
    """Announce the health of recognition to each live call whenever it changes; never returns."""
    well = Health(0, Status.OK)
    told: dict[str, Health] = {}
    while True:
        await anyio.sleep(WATCH_SECONDS)
        now = health_of(transcriber)
        live = [call.facts for call in registry.live_calls]
        # A call that begins while recognition is behind is told so too.
        for facts in live:
            if told.get(facts.call_id, well) != now:
                await ledger.announce(EventType.HEALTH, facts.call_id, facts.audience, now.fields())
        told = {facts.call_id: now for facts in live}
