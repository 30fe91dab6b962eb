"""Whatever one telephone sends, the call beside it stays whole and the log stays free of traces."""

from __future__ import annotations

import itertools
import json
import logging
import random
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from app.auth.identity import Role
from app.calls.protocol import CLOSE_CODES, Refusal
from app.settings import Settings, StreamSettings
from tests.app.running import RunningServer, hear, hear_until, running_server, say, send
from tests.app.sounds import call_bytes, sentences
from tests.app.test_stream import begin, record_of, refusal_of, stop
from tests.fakes_transcriber import ScriptedTranscriber

STREAMS = 60
SEED = 20260406
START: dict[str, Any] = {"type": "start", "operator": "sato"}
CLOSINGS = {1000, 1002, 1006, 1007, 1009, *CLOSE_CODES.values()}


def hostile_frames(dice: random.Random) -> list[str | bytes]:
    """Return a conversation that is nearly right: real frames, cut, doubled, swapped and bent."""
    start = START | {"call_id": f"h{dice.randrange(20)}", "resume": dice.random() < 0.3}
    for name in dice.sample(["tracks", "encoding", "rate", "metadata", "operator", "from"], 2):
        if dice.random() < 0.4:
            start[name] = dice.choice(
                [None, 0, -1, 1e308, "", "x" * 65, "\u0000", "ﷺ" * 64, [], [[]], {}, {"section": 1}]
            )
    text = json.dumps(start)
    frames: list[str | bytes] = [text]
    for _ in range(dice.randrange(6)):
        sound = dice.randbytes(dice.choice([0, 1, 2, 320, 321, 3_200, 65_536, 65_537]))
        frames.append(sound)
    frames.append(json.dumps({"type": "stop", "reason": dice.choice(["", "x" * 99, "hangup"])}))
    match dice.randrange(6):
        case 0:
            dice.shuffle(frames)
        case 1:
            frames.insert(dice.randrange(len(frames)), text[: dice.randrange(len(text))])
        case 2:
            frames.append(dice.choice(frames))
        case 3:
            frames.insert(0, "[" * 9_000)
        case 4:
            frames = frames[: dice.randrange(len(frames))]
        case _:
            pass
    return frames


async def disturb(server: RunningServer, frames: list[str | bytes]) -> int | None:
    """Send *frames*, read what comes, go; return the code of the close, None without one."""
    async with server.stream() as stream:
        try:
            for frame in frames:
                await stream.send(frame)
            with anyio.move_on_after(0.2):
                async for _ in stream:
                    pass
        except ConnectionClosed:
            pass
        return stream.close_code


async def test_hostile_streams_cost_the_call_beside_them_nothing(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    dice = random.Random(SEED)
    transcriber = ScriptedTranscriber()
    payload = call_bytes(sentences(3))
    codes = []
    with caplog.at_level(logging.WARNING), capture_logs() as written:
        async with (
            running_server(settings, transcriber) as server,
            server.stream() as healthy,
        ):
            await begin(healthy, call_id="healthy")
            third = len(payload) // 3 // 320 * 320
            for begin_at in (0, third, 2 * third):
                codes += [await disturb(server, hostile_frames(dice)) for _ in range(STREAMS // 3)]
                rest = payload[begin_at:] if begin_at == 2 * third else None
                await send(healthy, rest or payload[begin_at : begin_at + third])
            stopped = await stop(healthy)
            heard = [s for s in transcriber.heard if s.duration_ms > 1_000]
            record = await record_of(server, "healthy")

    assert stopped == {"type": "stopped", "position_samples": len(payload) // 2}
    assert record["call"]["end_reason"] == "hangup"
    assert record["gaps"] == []
    assert len(heard) >= 3
    assert {code for code in codes if code is not None} <= CLOSINGS
    assert CLOSE_CODES[Refusal.INTERNAL] not in codes
    assert [r.getMessage() for r in caplog.records if r.exc_info] == []
    assert [entry for entry in written if entry["log_level"] in {"error", "critical"}] == []


async def impatient(settings: Settings, **seconds: float) -> Settings:
    stream = StreamSettings().model_copy(update=seconds)
    return settings.model_copy(update={"stream": stream})


async def test_a_stream_that_never_starts_is_closed(settings: Settings) -> None:
    quick = await impatient(settings, start_timeout_seconds=0.05)
    async with running_server(quick, ScriptedTranscriber()) as server, server.stream() as stream:
        assert await refusal_of(stream) == ("start_timeout", 4408)


async def test_a_stream_that_falls_silent_is_closed_and_its_call_can_be_resumed(
    settings: Settings,
) -> None:
    quick = await impatient(settings, idle_timeout_seconds=1)
    payload = call_bytes(sentences(1))
    async with running_server(quick, ScriptedTranscriber("言葉")) as server:
        async with server.stream() as stream:
            await begin(stream, call_id="c1")
            await send(stream, payload[:16_000])
            refused = await refusal_of(stream)
        async with server.stream() as stream:
            started = await begin(stream, call_id="c1", resume=True)
            await send(stream, payload[started["position_samples"] * 2 :])
            await stop(stream)
        record = await record_of(server, "c1")

    assert refused == ("idle_timeout", 4408)
    assert [u["text"] for u in record["utterances"]] == ["言葉"]


async def test_a_socket_that_does_not_come_back_ends_its_call_as_interrupted_and_judged(
    settings: Settings,
) -> None:
    quick = await impatient(settings, resume_seconds=0)
    async with running_server(quick, ScriptedTranscriber("言葉")) as server:
        async with server.screen(await server.token(Role.SUPERVISOR)) as screen:
            async with server.stream() as stream:
                await begin(stream, call_id="c1")
                await send(stream, call_bytes(sentences(1))[:32_000])
            await hear_until(screen, "call.ended")
        record = await record_of(server, "c1")

    assert record["call"]["end_reason"] == "interrupted"
    assert [u["text"] for u in record["utterances"]] == ["言葉"]


async def test_a_server_that_stops_judges_what_live_calls_have_sent(settings: Settings) -> None:
    transcriber = ScriptedTranscriber("前", "途中", "後")
    payload = call_bytes(sentences(2))
    async with running_server(settings, transcriber) as server:
        token = server.stream_token
        stream: ClientConnection
        async with server.stream() as stream:
            await begin(stream, call_id="c1")
            await send(stream, payload[: len(payload) * 3 // 4 // 320 * 320])
            await stream.send(json.dumps({"type": "unknown"}))
            await hear(stream)
    async with running_server(settings, transcriber) as server:
        async with server.stream(token) as stream:
            await say(stream, START | {"call_id": "c1", "resume": True})
            started = await hear(stream)
            await send(stream, payload[started["position_samples"] * 2 :])
            await stop(stream)
        record = await record_of(server, "c1")

    assert started["position_samples"] > len(payload) // 2 // 2
    assert [u["text"] for u in record["utterances"]] == ["前", "途中", "後"]
    spans = [(u["start_ms"], u["end_ms"]) for u in record["utterances"]]
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
