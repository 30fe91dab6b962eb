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
from asr.types import Shedding

WATCH_SECONDS: Final = 1
BEHIND_MS: Final = 2_000
"""Above it the operator is told; below, a delay is part of how recognition works."""


SHEDDING_CALM_MS: Final = 10_000
"""A step of shedding that was told holds until it has not been reached for so long: near a
threshold it is taken and taken back every few seconds."""


class Status(StrEnum):
    OK = "ok"
    BEHIND = "behind"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Health:
    recognition_delay_ms: int
    status: Status
    shedding: Shedding = Shedding.NOTHING
    loop_pause_ms: int = 0
    """The longest of the last second, if telephones may have noticed it; else 0."""

    def fields(self) -> dict[str, object]:
        told: dict[str, object] = {
            "recognition_delay_ms": self.recognition_delay_ms,
            "status": self.status.value,
            "shedding": self.shedding.name.lower(),
        }
        if self.loop_pause_ms:
            told["loop_pause_ms"] = self.loop_pause_ms
        return told


def health_of(transcriber: Transcriber) -> Health:
    shedding = transcriber.shedding
    if not transcriber.ready:
        return Health(transcriber.delay_ms, Status.DOWN, shedding)
    # In whole seconds: a number that changes more often is only restless.
    delay_ms = transcriber.delay_ms // 1000 * 1000
    if delay_ms >= BEHIND_MS:
        return Health(delay_ms, Status.BEHIND, shedding)
    return Health(0, Status.OK, shedding)


def with_pause(health: Health, pauses: Pauses) -> Health:
    """Add the longest pause of the last second, unless no telephone can have noticed it."""
    return replace(health, loop_pause_ms=pauses.lately_ms if pauses.lately_ms > TOO_LONG_MS else 0)


class SheddingNews:
    """Steps of shedding as screens are told them: up at once, down after a while.

    That sentences are not shown while they are being spoken is no news for anybody.
    """

    def __init__(self) -> None:
        self._told = Shedding.NOTHING
        self._reached_ms = 0

    def of(self, health: Health, now_ms: int) -> Health:
        """Return *health* with the step that is to be told."""
        step = health.shedding if health.shedding >= Shedding.OPERATOR else Shedding.NOTHING
        if step >= self._told or now_ms - self._reached_ms >= SHEDDING_CALM_MS:
            self._told, self._reached_ms = step, now_ms
        return replace(health, shedding=self._told)


async def tell_health(
    transcriber: Transcriber,
    registry: CallRegistry,
    ledger: Ledger,
    pauses: PauseCount,
    clock: Clock,
) -> None:
    """Announce the health of recognition to each live call whenever it changes; never returns."""
    well = Health(0, Status.OK)
    news = SheddingNews()
    told: dict[str, Health] = {}
    while True:
        await anyio.sleep(WATCH_SECONDS)
        now_ms = clock.monotonic_ms()
        now = with_pause(news.of(health_of(transcriber), now_ms), pauses.read(now_ms))
        live = [call.facts for call in registry.live_calls]
        # A call that begins while recognition is behind is told so too.
        for facts in live:
            if told.get(facts.call_id, well) != now:
                await ledger.announce(EventType.HEALTH, facts.call_id, facts.audience, now.fields())
        told = {facts.call_id: now for facts in live}
