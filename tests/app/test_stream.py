"""A telephone's socket: sound in, words in the tables, errors with their codes, nobody else disturbed."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from app.auth.identity import Role
from app.calls.protocol import CLOSE_CODES, Refusal
from asr.errors import TranscriberUnavailable, TranscriptionShed
from asr.types import AudioFormat, Encoding
from tests.app.running import RunningServer, hear, say, send
from tests.app.sounds import call_bytes, joined, sentences, silence, speech
from tests.fakes_transcriber import ScriptedTranscriber

START: dict[str, Any] = {"type": "start", "operator": "sato", "from": "0"}


@pytest.fixture
async def transcriber() -> ScriptedTranscriber:
    return ScriptedTranscriber(*(f"言葉{number}" for number in range(99)))


async def begin(stream: ClientConnection, **fields: Any) -> dict[str, Any]:
    await say(stream, START | fields)
    return await hear(stream)


async def stop(stream: ClientConnection) -> dict[str, Any]:
    await say(stream, {"type": "stop", "reason": "hangup"})
    return await hear(stream)


async def whole_call(server: RunningServer, payload: bytes, **fields: Any) -> dict[str, Any]:
    async with server.stream() as stream:
        await begin(stream, **fields)
        await send(stream, payload)
        return await stop(stream)


async def record_of(server: RunningServer, call_id: str) -> dict[str, Any]:
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        answer = await client.get(f"/v1/calls/{call_id}")
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def refusal_of(stream: ClientConnection) -> tuple[str, int | None]:
    """Return the error code of the last message and the code of the close."""
    error = await hear(stream)
    with pytest.raises(ConnectionClosed):
        await stream.recv()
    return error["code"], stream.close_code


async def test_a_stop_is_answered_after_all_accepted_sound_is_in_the_tables(
    server: RunningServer,
) -> None:
    payload = call_bytes(sentences(2))

    stopped = await whole_call(server, payload, call_id="c1")
    record = await record_of(server, "c1")

    assert stopped == {"type": "stopped", "position_samples": len(payload) // 2}
    assert [u["text"] for u in record["utterances"]] == ["言葉0", "言葉1"]
    assert record["call"]["end_reason"] == "hangup"
    assert record["call"]["duration_ms"] == len(payload) // 16


async def test_speech_that_hanging_up_cuts_off_is_judged_too(server: RunningServer) -> None:
    await whole_call(server, call_bytes(joined(silence(400), speech())), call_id="c1")

    record = await record_of(server, "c1")

    assert len(record["utterances"]) == 1


async def test_both_tracks_are_heard_apart(server: RunningServer) -> None:
    caller = joined(silence(400), speech(), silence(4_000))
    operator = joined(silence(3_000), speech(), silence(1_400))

    await whole_call(server, call_bytes(caller, operator), call_id="c1")
    record = await record_of(server, "c1")

    assert [u["track"] for u in record["utterances"]] == ["caller", "operator"]


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
@pytest.mark.parametrize("tracks", [["caller"], ["caller", "operator"]])
async def test_every_encoding_rate_and_number_of_tracks_is_heard_the_same(
    server: RunningServer, encoding: Encoding, rate_hz: int, tracks: list[str]
) -> None:
    audio = AudioFormat(encoding, rate_hz, len(tracks))
    payload = call_bytes(sentences(1), audio=audio)

    await whole_call(
        server, payload, call_id="c1", encoding=encoding.value, rate=rate_hz, tracks=tracks
    )
    record = await record_of(server, "c1")

    (utterance,) = record["utterances"]
    assert utterance["track"] == "caller"
    assert abs(utterance["start_ms"] - 100) <= 160
    assert abs(utterance["end_ms"] - 2_200) <= 160


@pytest.mark.parametrize("frame_bytes", [2, 34, 320, 20_000])
async def test_how_sound_is_split_into_frames_changes_nothing(
    server: RunningServer, frame_bytes: int
) -> None:
    payload = call_bytes(joined(silence(300), speech(640), silence(700)))

    async with server.stream() as stream:
        await begin(stream, call_id="c1")
        await send(stream, payload, frame_bytes)
        await stop(stream)
    record = await record_of(server, "c1")

    (utterance,) = record["utterances"]
    assert (utterance["start_ms"], utterance["end_ms"]) == (0, 1_248)


@pytest.mark.parametrize(
    ("frames", "refusal"),
    [
        (["hello"], Refusal.NOT_JSON),
        (["[]"], Refusal.BAD_MESSAGE),
        ([b"\xff" * 320], Refusal.NOT_STARTED),
        ([json.dumps({"type": "stop"})], Refusal.NOT_STARTED),
        ([json.dumps(START | {"encoding": "opus"})], Refusal.UNSUPPORTED_ENCODING),
        ([json.dumps(START | {"rate": 44_100})], Refusal.UNSUPPORTED_RATE),
        ([json.dumps(START | {"tracks": []})], Refusal.BAD_TRACKS),
        ([json.dumps(START | {"call_id": "/"})], Refusal.BAD_CALL_ID),
        (
            [json.dumps(START | {"call_id": "none", "resume": True})],
            Refusal.CALL_UNKNOWN,
        ),
    ],
)
async def test_a_bad_beginning_is_refused_with_its_documented_code(
    server: RunningServer, frames: list[str | bytes], refusal: Refusal
) -> None:
    async with server.stream() as stream:
        for frame in frames:
            await stream.send(frame)

        assert await refusal_of(stream) == (refusal.value, CLOSE_CODES[refusal])


@pytest.mark.parametrize(
    ("frame", "refusal"),
    [
        (b"\xff" * 321, Refusal.ODD_FRAME_LENGTH),
        (b"\xff" * 65_538, Refusal.FRAME_TOO_LARGE),
        (json.dumps(START), Refusal.ALREADY_STARTED),
        ("{", Refusal.NOT_JSON),
        (json.dumps({"type": "hello"}), Refusal.BAD_MESSAGE),
    ],
)
async def test_a_bad_frame_ends_its_socket_and_the_call_can_be_resumed(
    server: RunningServer, frame: str | bytes, refusal: Refusal
) -> None:
    payload = call_bytes(sentences(1))
    async with server.stream() as stream:
        await begin(stream, call_id="c1")
        await send(stream, payload[:16_000])
        await stream.send(frame)
        refused = await refusal_of(stream)

    async with server.stream() as stream:
        started = await begin(stream, call_id="c1", resume=True)
        await send(stream, payload[started["position_samples"] * 2 :])
        await stop(stream)
    record = await record_of(server, "c1")

    assert refused == (refusal.value, CLOSE_CODES[refusal])
    assert started["position_samples"] == 8_000
    assert len(record["utterances"]) == 1


async def test_no_token_a_wrong_token_and_a_screen_s_token_are_refused(
    server: RunningServer,
) -> None:
    operator = await server.token(Role.OPERATOR)
    answers = []
    for token in ("", "mim_wrong", operator):
        async with server.stream(token or "-") as stream:
            answers.append(await refusal_of(stream))

    assert answers == [
        ("unauthorised", 4401),
        ("unauthorised", 4401),
        ("not_allowed", 4403),
    ]


async def test_a_call_of_somebody_else_can_be_neither_begun_nor_resumed(
    server: RunningServer,
) -> None:
    other = await server.token(Role.STREAM, name="other")
    answers = []

    async with server.stream() as mine:
        await begin(mine, call_id="c1")
        for resume in (False, True):
            async with server.stream(other) as stream:
                await say(stream, START | {"call_id": "c1", "resume": resume})
                answers.append(await refusal_of(stream))
        await send(mine, call_bytes(sentences(1)))
        stopped = await stop(mine)

    assert answers == [("not_allowed", 4403)] * 2
    assert stopped["type"] == "stopped"


async def test_a_call_id_is_used_once(server: RunningServer) -> None:
    await whole_call(server, call_bytes(silence(100)), call_id="c1")
    answers = []

    for resume in (False, True):
        async with server.stream() as stream:
            await say(stream, START | {"call_id": "c1", "resume": resume})
            answers.append(await refusal_of(stream))

    assert answers == [("call_exists", 4409), ("call_ended", 4409)]


async def test_a_resumed_call_keeps_its_format(server: RunningServer) -> None:
    async with server.stream() as first:
        await begin(first, call_id="c1")

        async with server.stream() as second:
            await say(second, START | {"call_id": "c1", "resume": True, "encoding": "alaw"})
            assert await refusal_of(second) == ("format_changed", 4409)


async def test_a_new_socket_takes_the_call_over_from_a_dead_one(server: RunningServer) -> None:
    payload = call_bytes(sentences(2))
    async with server.stream() as dead, server.stream() as alive:
        await begin(dead, call_id="c1")
        await send(dead, payload[:32_000])
        started = await begin(alive, call_id="c1", resume=True)
        replaced = await refusal_of(dead)
        await send(alive, payload[started["position_samples"] * 2 :])
        await stop(alive)
    record = await record_of(server, "c1")

    assert replaced == ("replaced", 4410)
    assert len(record["utterances"]) == 2


async def test_a_recogniser_that_cannot_keep_up_costs_a_visible_gap(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(TranscriptionShed("too late"), "後の言葉")

    await whole_call(server, call_bytes(sentences(2)), call_id="c1")
    record = await record_of(server, "c1")

    assert [u["text"] for u in record["utterances"]] == ["後の言葉"]
    (gap,) = record["gaps"]
    assert (gap["track"], gap["reason"]) == ("caller", "overload")


async def test_without_any_recogniser_words_become_gaps_and_the_call_goes_on(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(TranscriberUnavailable("none"), TranscriberUnavailable("none"))

    stopped = await whole_call(server, call_bytes(sentences(2)), call_id="c1")
    record = await record_of(server, "c1")

    assert stopped["type"] == "stopped"
    assert [gap["reason"] for gap in record["gaps"]] == ["unavailable", "unavailable"]


async def test_an_empty_transcript_leaves_no_utterance(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say("", "言葉")

    await whole_call(server, call_bytes(sentences(2)), call_id="c1")
    record = await record_of(server, "c1")

    assert [u["text"] for u in record["utterances"]] == ["言葉"]
    assert record["gaps"] == []


async def test_a_call_of_the_operator_alone_is_heard_as_the_operator_s(
    server: RunningServer,
) -> None:
    audio = AudioFormat(Encoding.MULAW, 16_000, 1)
    payload = call_bytes(sentences(1), audio=audio)

    await whole_call(server, payload, call_id="c1", rate=16_000, tracks=["operator"])
    record = await record_of(server, "c1")

    assert [u["track"] for u in record["utterances"]] == ["operator"]
    assert record["call"]["duration_ms"] == len(payload) // 16


async def test_sockets_that_take_a_call_from_each_other_in_the_middle_of_a_frame_move_no_clock(
    server: RunningServer,
) -> None:
    payload = call_bytes(sentences(2))
    positions, at = [], 0

    async with AsyncExitStack() as sockets:
        stream = await sockets.enter_async_context(server.stream())
        await begin(stream, call_id="c1")
        while at + 4_000 < len(payload) // 2:
            # Sent and not waited for: some of it arrives while the next socket resumes.
            await send(stream, payload[at * 2 : at * 2 + 8_000])
            stream = await sockets.enter_async_context(server.stream())
            at = (await begin(stream, call_id="c1", resume=True))["position_samples"]
            positions.append(at)
        await send(stream, payload[at * 2 :])
        stopped = await stop(stream)
    record = await record_of(server, "c1")

    assert positions == sorted(positions)
    assert stopped["position_samples"] == len(payload) // 2
    assert len(record["utterances"]) == 2


async def test_a_database_that_fails_at_the_start_is_told_as_internal_and_the_next_start_works(
    server: RunningServer,
) -> None:
    async with server.services.database.transaction() as session:
        await session.execute(text("ALTER TABLE calls RENAME TO gone"))
    async with server.stream() as stream:
        await say(stream, START | {"call_id": "c1"})
        refused = await refusal_of(stream)
    async with server.services.database.transaction() as session:
        await session.execute(text("ALTER TABLE gone RENAME TO calls"))
    await whole_call(server, call_bytes(sentences(1)), call_id="c1")
    record = await record_of(server, "c1")

    assert refused == ("internal", 4500)
    assert len(record["utterances"]) == 1
