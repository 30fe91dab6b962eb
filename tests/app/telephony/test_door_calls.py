"""What becomes of the calls that sockets bring: one call of two tracks, lost lines, exchanges that come back."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import anyio
import pytest
from websockets.asyncio.client import ClientConnection

from app.privacy.numbers import number_of
from app.settings import Settings
from app.simulate.asterisk import AsteriskExchange
from app.simulate.exchange import SimulatedExchange, Trouble
from app.simulate.freeswitch import FreeSwitchExchange
from app.simulate.jambonz import JambonzExchange
from app.simulate.twilio import TwilioExchange
from tests.app.running import RunningServer, in_own_task, running_server
from tests.app.telephony.doors import (
    BOTH_SENTENCE,
    QUIET,
    SENTENCE,
    SENTENCE_MS,
    both_legs,
    break_off,
    call_to,
    close_code,
    freeswitch,
    gaps_of,
    leg,
    position_ms,
    record_of,
    recorded,
    row_of,
    socket_to,
    speak,
    speak_in_step,
    tracks_of,
    until,
    until_heard,
    with_stream,
    with_telephony,
    words,
)

CALL = "asterisk.c1"
TELNYX_START = {
    "event": "start",
    "stream_id": "1",
    "start": {
        "call_control_id": "c1",
        "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
    },
}


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[RunningServer]:
    async with in_own_task(running_server(settings, words())) as running:
        yield running


async def test_every_exchange_s_call_is_recorded_with_both_voices(server: RunningServer) -> None:
    exchanges: dict[str, SimulatedExchange] = {
        "asterisk.c1": AsteriskExchange(call_to(server, "asterisk", speed=6.0)),
        "freeswitch.c1": FreeSwitchExchange(call_to(server, "freeswitch")),
        "jambonz.c1": JambonzExchange(call_to(server, "jambonz")),
        "telnyx.c1": TwilioExchange(call_to(server, "twilio?shape=telnyx"), "telnyx"),
    }
    for exchange in exchanges.values():
        await exchange.play()
    records = {call_id: await record_of(server, call_id) for call_id in exchanges}

    for call_id, record in records.items():
        assert tracks_of(record) == ["caller", "operator"], call_id
        assert record["gaps"] == [], call_id
        assert record["call"]["operator"] == "sato", call_id
        row = await row_of(server, call_id)
        assert number_of(server.services.record_keys, row) == "09000000000", call_id
        assert row.called_number == "0119990000", call_id
        assert record["call"]["end_reason"] in {"hangup", "stop"}, call_id


@pytest.mark.parametrize("first", ["caller", "operator"])
async def test_two_sockets_make_one_call_in_whatever_order_they_come(
    server: RunningServer, first: str
) -> None:
    second = "operator" if first == "caller" else "caller"
    async with leg(server, first) as one:
        await speak(one, SENTENCE[:800])
        await until_heard_of(server)
        async with leg(server, second) as other:
            await speak(other, SENTENCE[:800])
            await until_heard(server, CALL, 100)
            said = {one: SENTENCE[800:], other: SENTENCE[800:]}
            await speak_in_step(server, CALL, said, 100)
    record = await record_of(server, CALL)

    assert await recorded(server) == [CALL]
    assert sorted(tracks_of(record)) == ["caller", "operator"]
    assert record["gaps"] == []
    assert record["call"]["end_reason"] == "hangup"


async def until_heard_of(server: RunningServer) -> None:
    await until(lambda: server.services.registry.find(CALL) is not None)


def has_sound(server: RunningServer, call_id: str) -> bool:
    call = server.services.registry.find(call_id)
    return call is not None and call.position_samples > 0


async def test_sockets_that_come_at_the_same_moment_make_one_call_each_time(
    server: RunningServer,
) -> None:
    async def bring(call_id: str) -> None:
        legs: dict[str, ClientConnection] = {}

        async def come(role: str) -> None:
            legs[role] = await stack.enter_async_context(leg(server, role, call_id))
            await legs[role].send(QUIET[:1])

        async with AsyncExitStack() as stack:
            async with anyio.create_task_group() as coming:
                coming.start_soon(come, "caller")
                coming.start_soon(come, "operator")
            name = f"asterisk.{call_id}"
            await until(partial(has_sound, server, name))
            await speak_in_step(server, name, dict.fromkeys(legs.values(), SENTENCE))

    async with anyio.create_task_group() as calls:
        for number in range(4):
            calls.start_soon(bring, f"c{number}")
    records = [await record_of(server, f"asterisk.c{number}") for number in range(4)]

    assert len(await recorded(server)) == 4
    for record in records:
        assert sorted(tracks_of(record)) == ["caller", "operator"]


async def test_a_leg_that_dies_neither_ends_nor_holds_up_the_other_and_may_come_back(
    server: RunningServer,
) -> None:
    async with both_legs(server) as (caller, dead):
        await speak_in_step(server, CALL, {caller: QUIET, dead: QUIET})
        break_off(dead)
        await speak(caller, SENTENCE)
        await until_heard(server, CALL, 2 * SENTENCE_MS - 1_100)
        live_ms = position_ms(server, CALL)
        async with leg(server, "operator") as again:
            await speak(again, QUIET[:800])
            await until_heard(server, CALL, 2 * SENTENCE_MS)
            said = {again: SENTENCE, caller: QUIET}
            await speak_in_step(server, CALL, said, 2 * SENTENCE_MS)
    record = await record_of(server, CALL)

    assert live_ms < 2 * SENTENCE_MS
    assert sorted(tracks_of(record)) == ["caller", "operator"]
    ((track, begin_ms, end_ms),) = gaps_of(record, "line")
    assert (track, begin_ms) == ("operator", SENTENCE_MS)
    assert abs(end_ms - 2 * SENTENCE_MS) <= 20
    assert record["call"]["end_reason"] == "hangup"


async def test_a_leg_that_never_comes_back_is_a_gap_to_the_end(server: RunningServer) -> None:
    async with both_legs(server) as (caller, gone):
        await speak_in_step(server, CALL, {caller: QUIET, gone: QUIET})
        await gone.close()
        await speak(caller, SENTENCE)
    record = await record_of(server, CALL)

    assert tracks_of(record) == ["caller"]
    assert gaps_of(record, "line") == [("operator", SENTENCE_MS, 2 * SENTENCE_MS)]
    assert record["call"]["duration_ms"] == 2 * SENTENCE_MS


async def test_a_lost_line_that_comes_back_is_one_record_with_the_time_away_as_a_gap(
    server: RunningServer,
) -> None:
    trouble = Trouble(reconnect_at_ms=3_000)
    call = call_to(server, "freeswitch", trouble=trouble, speed=10.0)
    await FreeSwitchExchange(call).play()
    record = await record_of(server, "freeswitch.c1")

    assert await recorded(server) == ["freeswitch.c1"]
    assert tracks_of(record) == ["caller", "operator"]
    gaps = gaps_of(record, "line")
    assert [track for track, _, _ in gaps] == ["caller", "operator"]
    for _, begin_ms, end_ms in gaps:
        assert begin_ms == 3_000
        assert end_ms - begin_ms >= 40
    assert record["call"]["duration_ms"] >= 3_000 + gaps[0][2] - gaps[0][1]


async def test_two_legs_that_are_lost_and_come_back_go_on_with_their_record(
    server: RunningServer,
) -> None:
    async with both_legs(server) as (caller, operator):
        await speak_in_step(server, CALL, {caller: SENTENCE, operator: QUIET})
        break_off(caller)
        break_off(operator)
    await until(lambda: not server.services.registry.live_calls[0].behind)
    async with leg(server, "operator") as operator, leg(server, "caller") as caller:
        await speak_in_step(server, CALL, {operator: SENTENCE, caller: QUIET}, SENTENCE_MS)
    record = await record_of(server, CALL)

    assert await recorded(server) == [CALL]
    assert tracks_of(record) == ["caller", "operator"]
    assert record["call"]["end_reason"] == "hangup"
    assert record["call"]["duration_ms"] >= 2 * SENTENCE_MS


async def test_a_lost_line_that_stays_away_ends_its_call_as_interrupted(settings: Settings) -> None:
    impatient = with_stream(settings, resume_seconds=0)
    async with running_server(impatient, words()) as server:
        async with leg(server, "caller") as caller:
            await speak(caller, SENTENCE)
            await until_heard_of(server)
            break_off(caller)
        record = await record_of(server, CALL)

    assert record["call"]["end_reason"] == "interrupted"


async def test_a_socket_that_comes_back_replaces_the_one_whose_death_nobody_told(
    server: RunningServer,
) -> None:
    async with freeswitch(server) as dead:
        await speak(dead, BOTH_SENTENCE, 3_200)
        await until_heard(server, "freeswitch.c1", SENTENCE_MS)
        async with freeswitch(server) as alive:
            await speak(alive, BOTH_SENTENCE, 3_200)
            await until_heard(server, "freeswitch.c1", 2 * SENTENCE_MS)
            await dead.send(BOTH_SENTENCE[:3_200])
            code = await close_code(dead)
    record = await record_of(server, "freeswitch.c1")

    assert code == 4410
    assert tracks_of(record) == ["caller", "caller"]
    assert record["call"]["end_reason"] == "hangup"


async def test_sound_that_waited_for_its_turn_is_heard_though_the_socket_goes(
    server: RunningServer,
) -> None:
    async with socket_to(server, "twilio", shape="telnyx") as socket:
        await socket.send(json.dumps(TELNYX_START))
        told = {"track": "inbound", "chunk": "2", "payload": base64.b64encode(SENTENCE).decode()}
        await socket.send(json.dumps({"event": "media", "stream_id": "1", "media": told}))
    record = await record_of(server, "telnyx.c1")

    assert tracks_of(record) == ["caller"]
    assert record["call"]["end_reason"] == "hangup"


async def test_a_call_that_ended_begins_anew_under_the_same_name(server: RunningServer) -> None:
    for _ in range(2):
        async with leg(server, "caller") as caller:
            await speak(caller, SENTENCE)
        await until(lambda: not server.services.registry.live_calls)

    assert await recorded(server) == [CALL, f"{CALL}.2"]
    assert (await record_of(server, f"{CALL}.2"))["call"]["end_reason"] == "hangup"


async def test_a_call_goes_on_in_its_record_after_the_server_was_started_anew(
    settings: Settings,
) -> None:
    async with running_server(settings, words()) as server:
        token = server.stream_token
        async with freeswitch(server, token=token) as socket:
            await speak(socket, BOTH_SENTENCE, 3_200)
            await until_heard(server, "freeswitch.c1", SENTENCE_MS)
            break_off(socket)
    async with running_server(settings, words()) as server:
        async with freeswitch(server, token=token) as socket:
            await speak(socket, BOTH_SENTENCE, 3_200)
            await socket.send(json.dumps({"event": "hangup"}))
            await close_code(socket)
        record = await record_of(server, "freeswitch.c1")

    assert await recorded(server) == ["freeswitch.c1"]
    assert tracks_of(record) == ["caller", "caller"]
    assert [track for track, _, _ in gaps_of(record, "line")] in ([], ["caller", "operator"])


async def test_an_outbound_call_s_tracks_are_turned_round(settings: Settings) -> None:
    own = with_telephony(settings, outbound_from=("0119990000",))
    async with running_server(own, words()) as server:
        for call_id, told in (("c1", {"direction": "outbound"}), ("c2", {"from": "+81119990000"})):
            async with leg(server, "caller", call_id, headers=None, **told) as dialled:
                await speak(dialled, SENTENCE)
        records = [await record_of(server, f"asterisk.{name}") for name in ("c1", "c2")]

    assert [tracks_of(record) for record in records] == [["operator"], ["operator"]]
