"""One call as its sockets bring it, without the sockets: a clock that a test moves, a real registry, real tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from app.calls.protocol import Refusal, StreamRefused, Track
from app.calls.registry import Attached
from app.calls.repository import events_of_call
from app.events import EventType
from app.models import Call
from app.settings import Settings
from app.telephony.carrying import MOST_AHEAD_MS, CarriedCall, Part
from app.telephony.messages import (
    Answered,
    CallBegan,
    CallOver,
    Direction,
    Held,
    Missed,
    TrackSound,
    Transferred,
    Unheld,
    WovenSound,
)
from app.telephony.placing import PlacingRules
from asr.types import Encoding
from tests.app.exchange import SECTION, Exchange, exchange
from tests.app.running import in_own_task
from tests.app.sounds import call_bytes, sentences
from tests.app.telephony.doors import QUIET, SENTENCE, SENTENCE_MS, words
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
            token_id=self.exchange.token_id,
            section=SECTION,
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


@pytest.fixture
async def office(settings: Settings, clock: FakeClock) -> AsyncIterator[Office]:
    async with in_own_task(opened(settings, clock)) as office:
        yield office


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


async def test_a_lost_line_is_missing_for_exactly_as_long_as_it_was_away(office: Office) -> None:
    call = office.call()
    part = await call.join(BEGAN)
    part.carry(WovenSound(WOVEN_SENTENCE))
    await call.leave(part, None)
    office.clock.advance(seconds=5)
    part = await call.join(BEGAN)
    position_samples = call.position_samples
    part.carry(WovenSound(WOVEN_QUIET))
    await over(call, part)

    away = (SENTENCE_MS, SENTENCE_MS + 5_000, "line")
    assert position_samples == (SENTENCE_MS + 5_000) * 8
    assert await office.gaps() == [("caller", *away), ("operator", *away)]
    assert (await office.row()).duration_ms == 2 * SENTENCE_MS + 5_000


async def test_a_call_of_two_legs_that_was_away_is_one_gap_beside_each_of_them(
    office: Office,
) -> None:
    call, caller, operator = await joined(office)
    together(caller, operator, SENTENCE)
    for part in (caller, operator):
        await call.leave(part, None)
    office.clock.advance(seconds=3)
    operator = await call.join(tap(Track.OPERATOR))
    caller = await call.join(tap(Track.CALLER))
    together(caller, operator, QUIET)
    await over(call, caller, operator)

    away = (SENTENCE_MS, SENTENCE_MS + 3_000, "line")
    assert sorted(await office.gaps()) == [("caller", *away), ("operator", *away)]
    assert (await office.row()).duration_ms == 2 * SENTENCE_MS + 3_000


@pytest.mark.parametrize("woven", [True, False])
async def test_a_call_that_an_earlier_server_heard_goes_on_behind_what_nobody_heard(
    office: Office, woven: bool
) -> None:
    before = office.call()
    part = await before.join(BEGAN)
    part.carry(WovenSound(WOVEN_SENTENCE))
    await before.leave(part, None)
    office.missing_ms = 4_000
    call = office.call()
    part = await call.join(BEGAN)
    if woven:
        part.carry(WovenSound(WOVEN_SENTENCE))
    else:
        together(part, part, SENTENCE, 0)
    await over(call, part)

    missing = (SENTENCE_MS, SENTENCE_MS + 4_000, "line")
    assert await office.gaps() == [("caller", *missing), ("operator", *missing)]
    assert len(await office.exchange.texts(NAME)) == 2
    assert (await office.row()).duration_ms == 2 * SENTENCE_MS + 4_000


async def test_a_pause_soon_after_a_server_s_restart_is_no_time_ahead_of_the_clock(
    office: Office,
) -> None:
    before = office.call()
    part = await before.join(BEGAN)
    await before.leave(part, None)
    office.missing_ms = 10 * MOST_AHEAD_MS
    call = office.call()
    part = await call.join(BEGAN)
    part.carry(WovenSound(WOVEN_QUIET))
    part.carry(Missed(2 * SECOND))
    await over(call, part)

    assert (await office.row()).end_reason == "hangup"


@pytest.mark.parametrize(
    "step",
    [
        TrackSound(Track.CALLER, b"\xff" * 160, 200 * SECOND),
        TrackSound(Track.CALLER, b"\xff" * 160, 10**17),
        Missed(200 * SECOND),
        Missed(200 * SECOND, told=False),
        Missed(10**17, Track.OPERATOR),
    ],
)
async def test_times_absurdly_ahead_of_the_clock_are_refused(
    office: Office, step: TrackSound | Missed
) -> None:
    call = office.call()
    part = await call.join(BEGAN)
    part.carry(TrackSound(Track.CALLER, b"\xff" * 160, 0))

    assert refusal_of(part, step) is Refusal.BAD_SEQUENCE
    assert call.position_samples < SECOND


async def test_the_same_times_are_taken_once_the_clock_is_there(office: Office) -> None:
    call = office.call()
    part = await call.join(BEGAN)
    part.carry(TrackSound(Track.CALLER, b"\xff" * 160, 0))
    office.clock.advance(seconds=200)
    for track in Track:
        part.carry(TrackSound(track, b"\xff" * 160, 200 * SECOND))
    await over(call, part)

    assert (await office.row()).duration_ms == 200_020


async def test_an_exchange_that_counts_anew_after_a_lost_line_is_heard(office: Office) -> None:
    call = office.call()
    part = await call.join(BEGAN)
    together(part, part, QUIET, 0)
    await call.leave(part, None)
    office.clock.advance(seconds=1)
    part = await call.join(BEGAN)
    together(part, part, SENTENCE, 0)
    await over(call, part)

    assert len(await office.exchange.texts(NAME)) == 1
    assert (await office.row()).duration_ms == 2 * SENTENCE_MS + 1_000


async def test_the_first_number_of_an_exchange_may_be_any(office: Office) -> None:
    call = office.call()
    part = await call.join(BEGAN)
    together(part, part, SENTENCE, 10**12)
    await over(call, part)

    assert (await office.row()).duration_ms == SENTENCE_MS
    assert await office.gaps() == []


async def test_a_leg_that_hung_up_and_came_back_does_not_end_the_call_with_the_next_lost_line(
    office: Office,
) -> None:
    call, caller, operator = await joined(office)
    await call.leave(operator, "hangup")
    operator = await call.join(tap(Track.OPERATOR))
    for part in (operator, caller):
        await call.leave(part, None)

    assert not call.over
    assert (await office.row()).ended_at is None


async def test_a_socket_of_another_format_is_refused_and_the_call_goes_on(office: Office) -> None:
    call, caller, operator = await joined(office)
    for other in (
        replace(BEGAN, encoding=Encoding.ALAW),
        replace(BEGAN, rate_hz=16_000),
        replace(BEGAN, brings=(Track.CALLER,), tracks=(Track.CALLER,)),
    ):
        with pytest.raises(StreamRefused) as refused:
            await call.join(other)
        assert refused.value.refusal is Refusal.FORMAT_CHANGED
    await over(call, caller, operator)

    assert (await office.row()).end_reason == "hangup"


async def test_an_outbound_call_s_first_track_is_the_operator_s(office: Office) -> None:
    began = replace(BEGAN, direction=Direction.OUTBOUND, from_number="0113820000", to_number="090")
    call = office.call(began)
    part = await call.join(began)
    part.carry(WovenSound(WOVEN_SENTENCE))
    await over(call, part)
    spans = await office.exchange.spans(NAME)
    row = await office.row()

    assert (len(spans["operator"]), len(spans["caller"])) == (1, 0)
    assert (row.caller_number, row.called_number) == ("090", "0113820000")


async def test_what_is_told_before_the_answer_changes_nothing(office: Office) -> None:
    call = office.call(waits=True)
    part = await call.join(BEGAN)
    for state in (Held(), Unheld(), CallOver("ended"), Transferred("x")):
        part.carry(WovenSound(WOVEN_SENTENCE))
        await call.tell(state)
    await call.tell(Answered("201"))
    part.carry(WovenSound(WOVEN_QUIET))
    await over(call, part)

    assert (await office.row()).operator == "suzuki"
    assert await office.exchange.texts(NAME) == []


async def test_each_leg_has_its_own_record_until_there_are_too_many(office: Office) -> None:
    call = office.call()
    part = await call.join(BEGAN)
    for _ in range(3):
        part.carry(WovenSound(WOVEN_SENTENCE))
        await call.tell(Transferred("201", answered=True))
    await over(call, part)
    rows = [await office.row(f"{NAME}{leg}") for leg in ("", ".2", ".3", ".4")]

    assert [row.end_reason for row in rows] == ["transferred"] * 3 + ["hangup"]
    assert [row.operator for row in rows] == ["", "suzuki", "suzuki", "suzuki"]
    assert [row.duration_ms for row in rows] == [SENTENCE_MS] * 3 + [0]


@pytest.mark.parametrize(
    "common", ["freeswitch.", "twilio.CA" + "0" * 31, "freeswitch." + "0" * 52]
)
async def test_the_legs_of_calls_with_nearly_the_same_name_are_never_mixed_up(
    office: Office, common: str
) -> None:
    calls = []
    for last in "ab":
        began = replace(BEGAN, call_id=common + last)
        call = office.call(began)
        part = await call.join(began)
        await call.tell(Transferred("201", answered=True))
        part.carry(WovenSound(WOVEN_SENTENCE))
        calls.append((call, part))
    names = [call.call_id for call, _ in calls]
    for call, part in calls:
        await over(call, part)

    assert len(set(names)) == 2
    assert all(len(name) <= 64 for name in names)
    for name in names:
        assert len(await office.exchange.texts(name)) == 1


async def test_a_line_that_died_without_a_word_is_replaced_by_the_one_that_comes_back(
    office: Office,
) -> None:
    call = office.call()
    dead = await call.join(BEGAN)
    dead.carry(WovenSound(WOVEN_SENTENCE))
    office.clock.advance(seconds=30)
    alive = await call.join(BEGAN)
    alive.carry(WovenSound(WOVEN_SENTENCE))
    refusal = refusal_of(dead, Missed(1))
    await call.leave(dead, "hangup")
    still_live = (await office.row()).ended_at is None
    await over(call, alive)

    away = (SENTENCE_MS, SENTENCE_MS + 30_000, "line")
    assert (refusal, still_live) == (Refusal.REPLACED, True)
    assert await office.gaps() == [("caller", *away), ("operator", *away)]
    assert len(await office.exchange.texts(NAME)) == 2
    assert (await office.row()).duration_ms == 2 * SENTENCE_MS + 30_000


async def test_two_legs_that_died_without_a_word_are_away_once(office: Office) -> None:
    call, *dead = await joined(office)
    together(dead[0], dead[1], SENTENCE)
    office.clock.advance(seconds=10)
    caller, operator = await call.join(tap(Track.CALLER)), await call.join(tap(Track.OPERATOR))
    together(caller, operator, SENTENCE)
    refusals = [refusal_of(part, Missed(1)) for part in dead]
    await over(call, caller, operator)

    away = (SENTENCE_MS, SENTENCE_MS + 10_000, "line")
    pieces = sorted(await office.gaps())
    assert refusals == [Refusal.REPLACED] * 2
    assert [pieces[0][1], pieces[1][2], pieces[2][1], pieces[3][2]] == [away[0], away[1]] * 2
    assert (await office.row()).duration_ms == 2 * SENTENCE_MS + 10_000
    assert len(await office.exchange.texts(NAME)) == 2


async def test_a_call_is_over_when_its_last_socket_left_for_good(office: Office) -> None:
    call, caller, operator = await joined(office)
    await call.leave(operator, "hangup")
    between = call.over
    await call.leave(caller, "hangup")
    await call.leave(caller, "again")

    assert (between, call.over) == (False, True)
    assert (await office.row()).end_reason == "hangup"
