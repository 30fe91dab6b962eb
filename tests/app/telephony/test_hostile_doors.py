"""Whatever one exchange sends, its code tells it so, the call beside it stays whole, and no log says a word of it."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import anyio
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed

from app.calls.protocol import CLOSE_CODES, Refusal
from app.settings import Settings
from app.simulate.twilio import TwilioExchange
from tests.app.running import RunningServer, in_own_task, running_server
from tests.app.telephony.doors import (
    BOTH_SENTENCE,
    QUIET,
    SENTENCE,
    SENTENCE_MS,
    both_legs,
    call_to,
    close_code,
    freeswitch,
    leg,
    record_of,
    recorded,
    socket_to,
    speak,
    speak_in_step,
    tell,
    tracks_of,
    with_stream,
    words,
)

SEED = 20261122
SOCKETS = 40
NUMBER, NAME = "09012345678", "江別太郎"
CLOSINGS = {1000, 1002, 1006, 1007, 1009, *CLOSE_CODES.values()}
TWILIO_START = {
    "event": "start",
    "streamSid": "MZ1",
    "start": {
        "streamSid": "MZ1",
        "callSid": "CA1",
        "accountSid": "AC1",
        "tracks": ["inbound", "outbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"from": NUMBER, "operator": NAME},
    },
}
FREESWITCH_START = {"call_id": "c1", "rate": 8000, "from": NUMBER, "operator": NAME}
JAMBONZ_START = {"callSid": "c1", "sampleRate": 8000, "mixType": "stereo", "from": NUMBER}
STARTS: dict[str, dict[str, Any]] = {
    "asterisk": {"event": "MEDIA_START", "format": "ulaw", "channel_id": NUMBER},
    "freeswitch": FREESWITCH_START,
    "jambonz": JAMBONZ_START,
    "twilio": TWILIO_START,
}


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[RunningServer]:
    async with in_own_task(running_server(settings, words())) as running:
        yield running


async def code_of(server: RunningServer, door: str, frames: list[str | bytes], **query: str) -> int:
    async with socket_to(server, door, headers=None, subprotocols=(), **query) as socket:
        with suppress(ConnectionClosed):
            for frame in frames:
                await socket.send(frame)
        return await close_code(socket) or 0


WRONG: list[tuple[str, dict[str, str], list[str | bytes], Refusal]] = [
    ("asterisk", {"call_id": "c1"}, ["x" * 65_536], Refusal.FRAME_TOO_LARGE),
    ("asterisk", {"call_id": "c1"}, [b"\xff" * 65_537], Refusal.FRAME_TOO_LARGE),
    ("asterisk", {"role": "caller"}, [b"\xff" * 160], Refusal.BAD_CALL_ID),
    ("asterisk", {"call_id": "c1", "role": NAME}, [b"\xff"], Refusal.BAD_TRACKS),
    ("asterisk", {"call_id": "c1", "format": "opus"}, [b"\xff"], Refusal.UNSUPPORTED_ENCODING),
    ("asterisk", {"call_id": "c1", "section": "0" * 65}, [b"\xff"], Refusal.BAD_MESSAGE),
    ("freeswitch", {}, ["x" * 65_536], Refusal.FRAME_TOO_LARGE),
    ("freeswitch", {}, [b"\xff" * 32_000] * 5, Refusal.NOT_STARTED),
    ("freeswitch", {}, ["{"], Refusal.NOT_JSON),
    ("jambonz", {}, [b"\xff" * 320], Refusal.NOT_STARTED),
    ("jambonz", {}, ["[" * 9_000], Refusal.NOT_JSON),
    ("twilio", {}, [json.dumps({"event": "media"})], Refusal.NOT_STARTED),
    ("twilio", {}, ["x" * 65_536], Refusal.FRAME_TOO_LARGE),
    ("twilio", {}, [json.dumps(TWILIO_START)] * 2, Refusal.ALREADY_STARTED),
    ("twilio", {"shape": "nobody"}, [], Refusal.BAD_MESSAGE),
]


async def test_a_frame_that_cannot_be_is_told_by_its_code(server: RunningServer) -> None:
    for door, query, frames, refusal in WRONG:
        code = await code_of(server, door, frames, **query)

        assert code == CLOSE_CODES[refusal], (door, query, refusal)


def bent(dice: random.Random, start: dict[str, Any]) -> str:
    """Return a first message of which one value is another one than it should be."""
    inner = start.get("start", start)
    told = dict(inner)
    told[dice.choice(list(told))] = dice.choice(
        [
            None,
            0,
            -1,
            1e308,
            "",
            "x" * 65,
            "\u0000",
            "\ud800",
            NAME * 30,
            [],
            [[]],
            {},
            {"a": NUMBER},
        ]
    )
    return json.dumps({**start, "start": told} if "start" in start else told)


def hostile(dice: random.Random, start: dict[str, Any]) -> list[str | bytes]:
    """Return a conversation that is nearly right: real frames, cut, doubled, swapped and bent."""
    media = {
        "event": "media",
        "streamSid": "MZ1",
        "media": {
            "track": dice.choice(["inbound", "outbound", NAME, None]),
            "chunk": dice.choice(["1", -1, 10**30, "x", 2.5]),
            "timestamp": dice.choice(["0", "99999999999999", -5, None, [NUMBER]]),
            "payload": dice.choice(["/v7+", "x", "", NUMBER, 7]),
        },
    }
    frames: list[str | bytes] = [json.dumps(start) if dice.random() < 0.6 else bent(dice, start)]
    for _ in range(dice.randrange(6)):
        frames.append(dice.randbytes(dice.choice([0, 1, 2, 320, 321, 65_536, 65_537])))
        frames.append(json.dumps(media))
        frames.append(json.dumps({"event": dice.choice(["answered", "hold", "transfer", NAME])}))
    match dice.randrange(5):
        case 0:
            dice.shuffle(frames)
        case 1:
            frames.insert(dice.randrange(len(frames)), f"MEDIA_START channel:{NUMBER} {NAME}")
        case 2:
            frames.append(dice.choice(frames))
        case 3:
            frames.insert(0, "[" * 9_000)
        case _:
            frames.append(json.dumps({"event": "stop"}))
    return frames


async def disturb(server: RunningServer, dice: random.Random) -> int | None:
    door = dice.choice(list(STARTS))
    query = {"call_id": f"h{dice.randrange(9)}", "from": NUMBER, "operator": NAME, "x": "質問"}
    async with socket_to(server, door, headers=None, subprotocols=(), **query) as socket:
        with suppress(ConnectionClosed):
            for frame in hostile(dice, STARTS[door]):
                await socket.send(frame)
            with anyio.move_on_after(0.02):
                async for _ in socket:
                    pass
        return socket.close_code


async def test_hostile_sockets_cost_the_call_beside_them_nothing_and_leave_no_word_in_a_log(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    dice = random.Random(SEED)
    # An exchange with times of its own: however slowly the hostile ones let it be played, it is whole.
    healthy = call_to(server, "twilio?shape=telnyx", "healthy", speed=2.0)
    with caplog.at_level(logging.WARNING), capture_logs() as written:
        async with anyio.create_task_group() as beside:
            beside.start_soon(TwilioExchange(healthy, "telnyx").play)
            codes = [await disturb(server, dice) for _ in range(SOCKETS)]
        record = await record_of(server, "telnyx.healthy")

    logged = str(written) + caplog.text
    assert tracks_of(record) == ["caller", "operator"]
    assert (record["gaps"], record["call"]["duration_ms"]) == ([], 2 * SENTENCE_MS)
    assert {code for code in codes if code is not None} <= CLOSINGS
    assert CLOSE_CODES[Refusal.INTERNAL] not in codes
    assert [each for each in written if each["log_level"] in {"error", "critical"}] == []
    assert [each.getMessage() for each in caplog.records if each.exc_info] == []
    for secret in (NUMBER, NAME, "質問", "call_id=", "%E", "言葉", server.stream_token):
        assert secret not in logged, secret


async def test_a_socket_that_says_nothing_is_closed(settings: Settings) -> None:
    quick = with_stream(settings, start_timeout_seconds=0.1)
    async with running_server(quick, words()) as server:
        codes = [await code_of(server, door, []) for door in ("asterisk", "freeswitch", "twilio")]

    assert codes == [4408] * 3


async def test_a_socket_that_says_much_but_never_what_call_it_is_is_closed(
    settings: Settings,
) -> None:
    quick = with_stream(settings, start_timeout_seconds=0.1)
    async with (
        running_server(quick, words()) as server,
        socket_to(server, "asterisk", call_id="c1") as socket,
    ):
        with suppress(ConnectionClosed):
            while True:
                await socket.send("DTMF_END digit:1")
                await anyio.lowlevel.checkpoint()

        assert socket.close_code == 4408


async def test_a_line_that_falls_silent_is_closed_and_may_come_back(settings: Settings) -> None:
    quick = with_stream(settings, idle_timeout_seconds=1)
    async with running_server(quick, words()) as server:
        async with freeswitch(server) as socket:
            await speak(socket, BOTH_SENTENCE, 3_200)
            code = await close_code(socket)
        async with freeswitch(server) as socket:
            await speak(socket, BOTH_SENTENCE, 3_200)
            await socket.send(json.dumps({"event": "hangup"}))
            await close_code(socket)
        record = await record_of(server, "freeswitch.c1")

    assert code == 4408
    assert len(record["utterances"]) == 2


async def test_tables_that_fail_at_the_start_are_told_as_internal_without_their_words(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with server.services.database.transaction() as session:
        await session.execute(text("ALTER TABLE calls RENAME TO gone"))
    with caplog.at_level(logging.WARNING):
        async with leg(server, "caller", operator=NAME, to=NUMBER) as socket:
            await socket.send(SENTENCE[:800])
            code = await close_code(socket)
        told = await tell(server, "held")
    async with server.services.database.transaction() as session:
        await session.execute(text("ALTER TABLE gone RENAME TO calls"))
    async with leg(server, "caller") as socket:
        await speak(socket, SENTENCE)
    record = await record_of(server, "asterisk.c1")

    assert (code, told) == (4500, 404)
    assert NUMBER not in caplog.text
    assert NAME not in caplog.text
    assert tracks_of(record) == ["caller"]


async def test_more_calls_than_the_server_takes_are_refused_and_the_others_go_on(
    settings: Settings,
) -> None:
    async with running_server(with_stream(settings, max_calls=1), words()) as server:
        async with both_legs(server) as (caller, operator):
            async with leg(server, "caller", "c2") as one_too_many:
                await one_too_many.send(SENTENCE[:800])
                code = await close_code(one_too_many)
            told = await tell(server, "held", "c2")
            await speak_in_step(server, "asterisk.c1", {caller: SENTENCE, operator: QUIET})
        await record_of(server, "asterisk.c1")
        async with leg(server, "caller", "c2") as later:
            await speak(later, SENTENCE)
        await record_of(server, "asterisk.c2")

    assert (code, told) == (4429, 404)


async def test_a_recogniser_that_is_not_ready_is_told_at_every_door(settings: Settings) -> None:
    transcriber = words()
    transcriber.ready = False
    async with running_server(settings, transcriber) as server:
        codes = [
            await code_of(server, "asterisk", [b"\xff" * 160], call_id="c1", format="ulaw"),
            await code_of(server, "freeswitch", [json.dumps(FREESWITCH_START)]),
            await code_of(server, "jambonz", [json.dumps(JAMBONZ_START)]),
            await code_of(server, "twilio", [json.dumps(TWILIO_START)]),
        ]
        names = await recorded(server)

    assert (codes, names) == ([4503] * 4, [])
