"""Glue: a call's doors without their sockets: a clock that a test moves, a real registry, real tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from app.calls.protocol import Refusal, StreamRefused, Track
from app.calls.registry import Attached
from app.calls.repository import events_of_call
from app.events import EventType
from app.models import Call
from app.settings import Settings
from app.telephony.carrying import CarriedCall
from app.telephony.door_access import Admitted
from app.telephony.messages import (
    CallBegan,
    Missed,
    TrackSound,
)
from app.telephony.part import Part
from app.telephony.placing import PlacingRules
from asr.types import Encoding
from tests.app.exchange import SECTION, Exchange, exchange
from tests.app.sounds import call_bytes, sentences
from tests.app.telephony.doors import QUIET, words
from tests.fakes_clock import FakeClock

NAME = "freeswitch.c1"
SECOND = 8_000
WOVEN_SENTENCE = call_bytes(sentences(1))
WOVEN_QUIET = b"\xff" * len(WOVEN_SENTENCE)
BEGAN = CallBegan(NAME, Encoding.MULAW, 8_000)
RULES = PlacingRules({}, {"201": "suzuki"}, ())


@dataclass(slots=True)
class Office:
    """An exchange's registry, and what the doors add to it."""

    exchange: Exchange
    clock: FakeClock
    missing_ms: int = 0
    """How long nobody heard a call that was known before."""

    def call(self, began: CallBegan = BEGAN, *, waits: bool = False) -> CarriedCall:
        return CarriedCall(
            began,
            rules=RULES,
            registry=self.exchange.registry,
            clock=self.clock,
            admitted=Admitted(self.exchange.token_id, SECTION),
            waits=waits,
            missing_ms=self._missing,
            finish_soon=self._finish,
        )

    async def gaps(self, call_id: str = NAME) -> list[tuple[str, int, int, str]]:
        async with self.exchange.database.transaction() as session:
            events = await events_of_call(session, call_id, EventType.GAP)
        told: list[dict[str, Any]] = [event.data for event in events]
        return [(gap["track"], gap["start_ms"], gap["end_ms"], gap["reason"]) for gap in told]

    async def row(self, call_id: str = NAME) -> Call:
        return await self.exchange.row(call_id)

    async def _missing(self, _call_id: str, _position_ms: int) -> int:
        return self.missing_ms

    async def _finish(self, attached: Attached, reason: str) -> None:
        await self.exchange.registry.stop(attached, reason)
        self.exchange.registry.detach(attached)


@dataclass(slots=True)
class Copied:
    """Gets a copy of a call's sound, and remembers how much came at once."""

    lengths: list[int] = field(default_factory=list)
    ended: bool = False

    def hear(self, payload: bytes) -> None:
        self.lengths.append(len(payload))

    def forget_partial_frame(self) -> None:
        pass

    def end(self) -> None:
        self.ended = True


@asynccontextmanager
async def opened(settings: Settings, clock: FakeClock) -> AsyncIterator[Office]:
    async with exchange(settings, words()) as running:
        yield Office(running, clock)


def tap(track: Track) -> CallBegan:
    """Return what one socket of two says."""
    return replace(BEGAN, brings=(track,))


async def joined(office: Office) -> tuple[CarriedCall, Part, Part]:
    call = office.call(tap(Track.CALLER))
    return call, await call.join(tap(Track.CALLER)), await call.join(tap(Track.OPERATOR))


def together(caller: Part, operator: Part, said: bytes, first_sample: int | None = None) -> None:
    """Let the caller say *said* while the operator listens: neither is ever far behind the other."""
    for begin in range(0, len(said), 800):
        piece = said[begin : begin + 800]
        at = None if first_sample is None else first_sample + begin
        caller.carry(TrackSound(Track.CALLER, piece, at))
        operator.carry(TrackSound(Track.OPERATOR, QUIET[: len(piece)], at))


async def over(call: CarriedCall, *parts: Part) -> None:
    for part in parts:
        await call.leave(part, "hangup")


def refusal_of(call: Part, step: TrackSound | Missed) -> Refusal:
    with pytest.raises(StreamRefused) as refused:
        call.carry(step)
    return refused.value.refusal
