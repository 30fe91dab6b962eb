"""One call as its sockets bring it: its tracks, its times, its legs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.calls.protocol import Refusal, StreamRefused, Track
from app.settings import Settings
from app.telephony.messages import (
    Answered,
    CallOver,
    Direction,
    Held,
    Missed,
    TrackSound,
    Transferred,
    Unheld,
    WovenSound,
)
from app.telephony.part import PIECE_MS
from asr.types import Encoding
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
    together,
)
from tests.app.telephony.doors import SENTENCE, SENTENCE_MS
from tests.fakes_clock import FakeClock


@pytest.fixture
async def office(settings: Settings, clock: FakeClock) -> AsyncIterator[Office]:
    async with in_own_task(opened(settings, clock)) as office:
        yield office


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


async def test_a_long_pause_is_heard_in_pieces_that_a_recording_can_take(office: Office) -> None:
    call, copied = office.call(), Copied()
    part = await call.join(BEGAN)
    part.carry(WovenSound(b"\xff" * 320))
    (live,) = office.exchange.registry.live_calls
    live.copy_to(copied)
    office.clock.advance(seconds=200)
    await call.tell(Held())
    await part.carry_patiently(Missed(200 * SECOND, told=False))
    await call.tell(Unheld())
    await over(call, part)

    assert sum(copied.lengths) == 2 * 200 * SECOND
    assert max(copied.lengths) <= 2 * PIECE_MS * SECOND // 1000
    assert await office.gaps() == [("caller", 20, 200_020, "held")]


async def test_the_same_times_are_taken_once_the_clock_is_there(office: Office) -> None:
    call = office.call()
    part = await call.join(BEGAN)
    part.carry(TrackSound(Track.CALLER, b"\xff" * 160, 0))
    office.clock.advance(seconds=200)
    for track in Track:
        part.carry(TrackSound(track, b"\xff" * 160, 200 * SECOND))
    await over(call, part)

    assert (await office.row()).duration_ms == 200_020


async def test_the_first_number_of_an_exchange_may_be_any(office: Office) -> None:
    call = office.call()
    part = await call.join(BEGAN)
    together(part, part, SENTENCE, 10**12)
    await over(call, part)

    assert (await office.row()).duration_ms == SENTENCE_MS
    assert await office.gaps() == []


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


async def test_a_call_is_over_when_its_last_socket_left_for_good(office: Office) -> None:
    call, caller, operator = await joined(office)
    await call.leave(operator, "hangup")
    between = call.over
    await call.leave(caller, "hangup")
    await call.leave(caller, "again")

    assert (between, call.over) == (False, True)
    assert (await office.row()).end_reason == "hangup"
