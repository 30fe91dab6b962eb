"""What an exchange tells of a call beside its sound: answered, held, handed on, ended."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from app.auth.identity import Role
from app.settings import Settings
from asr.plausibility import is_silence
from tests.app.running import RunningServer, in_own_task, running_server
from tests.app.telephony.doors import (
    BOTH_SENTENCE,
    QUIET,
    SENTENCE,
    SENTENCE_MS,
    both_legs,
    break_off,
    close_code,
    freeswitch,
    gaps_of,
    leg,
    position_ms,
    record_of,
    recorded,
    row_of,
    speak,
    speak_in_step,
    tell,
    tracks_of,
    until,
    until_heard,
    with_stream,
    with_telephony,
    words,
)
from tests.fakes_transcriber import ScriptedTranscriber

CALL = "asterisk.c1"


@pytest.fixture
def transcriber() -> ScriptedTranscriber:
    return words()


@pytest.fixture
async def server(
    settings: Settings, transcriber: ScriptedTranscriber
) -> AsyncIterator[RunningServer]:
    waiting = with_telephony(
        settings, wait_for_answer=("jambonz",), operators_by_extension={"201": "suzuki"}
    )
    async with in_own_task(running_server(waiting, transcriber)) as running:
        yield running


async def test_what_sounds_on_hold_is_nobody_s_speech(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    async with both_legs(server) as (caller, operator):
        await speak_in_step(server, CALL, {caller: SENTENCE, operator: QUIET})
        told = [await tell(server, state) for state in ("held", "held")]
        await speak_in_step(server, CALL, {caller: SENTENCE, operator: SENTENCE}, SENTENCE_MS)
        told += [await tell(server, state) for state in ("resumed", "resumed")]
        await speak_in_step(server, CALL, {caller: QUIET, operator: SENTENCE}, 2 * SENTENCE_MS)
    record = await record_of(server, CALL)

    assert told == [204] * 4
    assert tracks_of(record) == ["caller", "operator"]
    assert len([each for each in transcriber.heard if not is_silence(each.samples)]) == 2
    assert record["gaps"] == [
        {
            "track": "caller",
            "start_ms": SENTENCE_MS,
            "end_ms": 2 * SENTENCE_MS,
            "reason": "held",
        }
    ]
    assert record["call"]["duration_ms"] == 3 * SENTENCE_MS


async def test_a_call_that_ends_on_hold_ends_with_that_gap(server: RunningServer) -> None:
    async with leg(server, "") as caller:
        await speak(caller, SENTENCE)
        await until_heard(server, CALL, SENTENCE_MS)
        await tell(server, "held")
        await speak(caller, SENTENCE)
    record = await record_of(server, CALL)

    assert gaps_of(record, "held") == [("caller", SENTENCE_MS, 2 * SENTENCE_MS)]
    assert tracks_of(record) == ["caller"]


async def test_a_line_that_is_lost_on_hold_costs_no_other_gap(server: RunningServer) -> None:
    async with leg(server, "") as caller:
        await speak(caller, SENTENCE)
        await until_heard(server, CALL, SENTENCE_MS)
        await tell(server, "held")
        break_off(caller)
    async with leg(server, "") as caller:
        await speak(caller, SENTENCE)
        await until_heard(server, CALL, 2 * SENTENCE_MS)
        await tell(server, "resumed")
    record = await record_of(server, CALL)

    ((track, begin_ms, end_ms),) = gaps_of(record, "held")
    assert (track, begin_ms) == ("caller", SENTENCE_MS)
    assert end_ms >= 2 * SENTENCE_MS
    assert gaps_of(record, "line") == []
    assert tracks_of(record) == ["caller"]


async def test_nothing_before_the_answer_is_judged_or_recorded(server: RunningServer) -> None:
    async with leg(server, "", answered="0", operator="tanaka") as caller:
        await speak(caller, SENTENCE)
        await until(lambda: server.services.doors.is_live(CALL))
        before = await recorded(server)
        told = await tell(server, "answered", operator="201")
        await speak(caller, SENTENCE)
    record = await record_of(server, CALL)

    assert (before, told) == ([], 204)
    assert tracks_of(record) == ["caller"]
    assert record["call"]["operator"] == "suzuki"
    assert record["call"]["end_reason"] == "hangup"


async def test_a_call_that_nobody_answers_leaves_no_record(server: RunningServer) -> None:
    async with leg(server, "", answered="0") as caller:
        await speak(caller, SENTENCE)
        await until(lambda: server.services.doors.is_live(CALL))
    await until(lambda: not server.services.doors.is_live(CALL))

    assert await recorded(server) == []
    assert await tell(server, "answered") == 404


async def test_a_door_that_waits_for_every_answer_is_told_by_the_state(settings: Settings) -> None:
    waiting = with_telephony(settings, wait_for_answer=("asterisk",))
    async with running_server(waiting, words()) as server:
        async with leg(server, "") as caller:
            await speak(caller, SENTENCE)
            await until(lambda: server.services.doors.is_live(CALL))
            before = await recorded(server)
            await tell(server, "answered", operator="sato")
            await speak(caller, SENTENCE)
        record = await record_of(server, CALL)

    assert before == []
    assert (len(record["utterances"]), record["call"]["operator"]) == (1, "sato")


async def test_a_call_that_is_handed_on_is_a_record_for_each_who_answers(
    server: RunningServer,
) -> None:
    async with both_legs(server, operator="sato") as (caller, operator):
        await speak_in_step(server, CALL, {caller: SENTENCE, operator: QUIET})
        told = [await tell(server, "transferred")]
        await speak(caller, SENTENCE)  # rings at the next one: nobody judges it
        first = await record_of(server, CALL)
        told.append(await tell(server, "answered", operator="201"))
        await until(lambda: server.services.registry.find(f"{CALL}.2") is not None)
        await speak(caller, SENTENCE)
        await speak(operator, SENTENCE)
    second = await record_of(server, f"{CALL}.2")
    row = await row_of(server, f"{CALL}.2")

    assert told == [204, 204]
    assert await recorded(server) == [CALL, f"{CALL}.2"]
    assert [record["call"]["operator"] for record in (first, second)] == ["sato", "suzuki"]
    assert [record["call"]["end_reason"] for record in (first, second)] == ["transferred", "hangup"]
    assert tracks_of(first) == ["caller"]
    assert sorted(tracks_of(second)) == ["caller", "operator"]
    assert (row.stream_format["metadata"]["first_leg"], row.caller_number) == (CALL, "")


async def test_a_call_is_ended_by_its_state_though_the_sockets_stay_open(
    server: RunningServer,
) -> None:
    async with leg(server, "") as caller:
        await speak(caller, SENTENCE)
        await until_heard(server, CALL, SENTENCE_MS)
        told = await tell(server, "ended")
        record = await record_of(server, CALL)
        await speak(caller, SENTENCE)
        still_open = caller.close_code is None
    after = await record_of(server, CALL)

    assert (told, still_open) == (204, True)
    assert record["call"]["end_reason"] == "ended"
    assert record["call"] == after["call"]
    assert len(after["utterances"]) == 1
    assert await recorded(server) == [CALL]


async def test_an_answer_that_a_full_server_cannot_take_is_refused_and_may_be_told_again(
    settings: Settings,
) -> None:
    async with running_server(with_stream(settings, max_calls=1), words()) as server:
        async with leg(server, "", "c2", answered="0") as waiting:
            await waiting.send(QUIET[:160])
            await until(lambda: server.services.doors.is_live("asterisk.c2"))
            async with leg(server, "") as live:
                await speak(live, SENTENCE)
                await until_heard(server, CALL, SENTENCE_MS)
                told = [await tell(server, "answered", "c2")]
            await record_of(server, CALL)
            told.append(await tell(server, "answered", "c2"))
        record = await record_of(server, "asterisk.c2")

    assert told == [429, 204]
    assert record["call"]["end_reason"] == "hangup"


async def test_freeswitch_tells_its_states_over_the_socket_itself(server: RunningServer) -> None:
    name = "freeswitch.c1"
    async with freeswitch(server, operator="sato") as socket:
        await speak(socket, BOTH_SENTENCE, 3_200)
        for event in ("hold", "unhold"):
            await socket.send(json.dumps({"event": event}))
            await speak(socket, BOTH_SENTENCE, 3_200)
        await socket.send(json.dumps({"event": "transfer", "operator": "201", "answered": True}))
        await speak(socket, BOTH_SENTENCE, 3_200)
        await socket.send(json.dumps({"event": "hangup"}))
        code = await close_code(socket)
    first, second = await record_of(server, name), await record_of(server, f"{name}.2")

    assert code == 1000
    assert len(first["utterances"]) == 2
    assert first["gaps"] == [
        {"track": "caller", "start_ms": SENTENCE_MS, "end_ms": 2 * SENTENCE_MS, "reason": "held"}
    ]
    assert first["call"]["end_reason"] == "transferred"
    assert (len(second["utterances"]), second["call"]["operator"]) == (1, "suzuki")
    assert second["call"]["end_reason"] == "hangup"


async def test_the_position_counts_on_while_a_call_is_held(server: RunningServer) -> None:
    async with leg(server, "") as caller:
        await speak(caller, QUIET)
        await until_heard(server, CALL, SENTENCE_MS)
        await tell(server, "held")
        await speak(caller, QUIET)
        await until_heard(server, CALL, 2 * SENTENCE_MS)

        assert position_ms(server, CALL) == 2 * SENTENCE_MS


async def test_nothing_can_be_told_of_a_call_that_is_over(server: RunningServer) -> None:
    async with leg(server, "caller") as socket:
        await speak(socket, SENTENCE)
    await record_of(server, "asterisk.c1")

    assert await tell(server, "answered") == 404


async def test_whoever_tells_a_state_needs_a_stream_token(server: RunningServer) -> None:
    supervisor = await server.token(Role.SUPERVISOR)

    assert await tell(server, "held", token="mim_wrong") == 401
    assert await tell(server, "held", token=supervisor) == 403


async def test_a_state_that_does_not_exist_or_a_door_that_does_not_is_refused(
    server: RunningServer,
) -> None:
    async with server.client(server.stream_token) as client:
        answers = [
            (await client.post(f"/v1/stream/calls/c1/state?{door}", json=state)).status_code
            for door, state in (
                ("door=asterisk", {"state": "sold"}),
                ("door=asterisk", {"state": "held", "operator": "x" * 65}),
                ("door=asterisk", {"state": "held", "operator": "\u0000"}),
                ("door=asterisk", {"state": "held", "more": 1}),
                ("door=nowhere", {"state": "held"}),
                ("", {"state": "held"}),
            )
        ]

    assert answers == [400] * 6
