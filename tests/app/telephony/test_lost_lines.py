"""A line that is lost, and comes back: one record, and for as long as it was away a gap."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.calls.protocol import Refusal, Track
from app.settings import Settings, StreamSettings
from app.telephony.carrying import MOST_AHEAD_MS
from app.telephony.messages import (
    Missed,
    WovenSound,
)
from tests.app.exchange import exchange
from tests.app.running import in_own_task
from tests.app.telephony.carried import (
    BEGAN,
    NAME,
    SECOND,
    WOVEN_QUIET,
    WOVEN_SENTENCE,
    Copied,
    Office,
    joined,
    opened,
    over,
    refusal_of,
    tap,
    together,
)
from tests.app.telephony.doors import QUIET, SENTENCE, SENTENCE_MS
from tests.fakes_clock import FakeClock
from tests.fakes_transcriber import ScriptedTranscriber


@pytest.fixture
async def office(settings: Settings, clock: FakeClock) -> AsyncIterator[Office]:
    async with in_own_task(opened(settings, clock)) as office:
        yield office


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


async def test_a_line_that_comes_back_while_its_call_is_being_ended_begins_another_leg(
    settings: Settings, clock: FakeClock
) -> None:
    transcriber = ScriptedTranscriber("言葉", open_gate=False)
    impatient = StreamSettings().model_copy(update={"resume_seconds": 0})
    async with exchange(settings, transcriber, stream=impatient) as running:
        office = Office(running, clock)
        call, copied = office.call(), Copied()
        part = await call.join(BEGAN)
        running.registry.live_calls[0].copy_to(copied)
        part.carry(WovenSound(WOVEN_SENTENCE))
        await call.leave(part, None)
        await running.until(lambda: copied.ended)
        part = await call.join(BEGAN)
        transcriber.gate.set()
        part.carry(WovenSound(WOVEN_QUIET))
        await over(call, part)
        await running.until(lambda: not running.registry.live_calls)
        rows = [await office.row(name) for name in (NAME, f"{NAME}.2")]

    assert [row.end_reason for row in rows] == ["interrupted", "hangup"]


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
