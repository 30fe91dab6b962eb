"""A telephone whose line is cut at the worst moments: before the first answer, and before the last."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from app.settings import Settings
from app.simulate.dialects import DIALECTS
from app.simulate.exchange import SimulatedCall, Trouble
from app.simulate.native import CallSound, NativeTelephone
from tests.app.running import RunningServer, running_server
from tests.app.sounds import call_bytes, sentences
from tests.app.test_stream import record_of
from tests.fakes_transcriber import ScriptedTranscriber

Cut = Callable[[dict[str, Any]], bool]


@asynccontextmanager
async def cut_line(server: RunningServer, *, asked: Cut, answered: Cut) -> AsyncIterator[str]:
    """Pass messages on until one asks for a cut: the first time, the line is dead before it arrives."""
    cuts = 0

    async def pass_on(telephone: ServerConnection) -> None:
        nonlocal cuts
        headers = {"Authorization": telephone.request.headers["Authorization"]}  # type: ignore[union-attr]
        async with connect(server.stream_url, additional_headers=headers) as exchange:
            async for frame in telephone:
                message = json.loads(frame) if isinstance(frame, str) else {}
                if not cuts and asked(message):
                    cuts += 1
                    telephone.transport.abort()
                    return
                await exchange.send(frame)
                if message:
                    answer = await exchange.recv()
                    if not cuts and answered(json.loads(answer)):
                        cuts += 1
                        telephone.transport.abort()
                        return
                    await telephone.send(answer)
                    if json.loads(answer)["type"] == "error":
                        await exchange.wait_closed()
                        await telephone.close(exchange.close_code or 1011)

    async with serve(pass_on, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}"


def never(_message: dict[str, Any]) -> bool:
    return False


def of_type(kind: str) -> Cut:
    return lambda message: message.get("type") == kind


async def play(settings: Settings, *, asked: Cut = never, answered: Cut = never) -> dict[str, Any]:
    """Play one call through a line that is cut once; return what the server knows of it."""
    async with running_server(settings, ScriptedTranscriber("言葉", "また言葉")) as server:
        async with cut_line(server, asked=asked, answered=answered) as url:
            telephone = NativeTelephone(
                url=url,
                token=server.stream_token,
                sound=CallSound(call_bytes(sentences(1))),
                call_id="c1",
                speed=20.0,
            )
            await telephone.play()
        assert telephone.reconnects >= 1
        return await record_of(server, "c1")


async def test_a_start_that_never_arrived_is_sent_again(settings: Settings) -> None:
    record = await play(settings, asked=of_type("start"))

    assert [u["text"] for u in record["utterances"]] == ["言葉"]
    assert record["call"]["end_reason"] == "caller_hung_up"


async def test_a_call_whose_first_answer_was_lost_is_gone_on_with(settings: Settings) -> None:
    record = await play(settings, answered=of_type("started"))

    assert [u["text"] for u in record["utterances"]] == ["言葉"]
    assert record["call"]["end_reason"] == "caller_hung_up"


async def test_a_stop_that_never_arrived_is_sent_again(settings: Settings) -> None:
    record = await play(settings, asked=of_type("stop"))

    assert record["call"]["end_reason"] == "caller_hung_up"


async def test_a_call_whose_last_answer_was_lost_has_ended(settings: Settings) -> None:
    record = await play(settings, answered=of_type("stopped"))

    assert [u["text"] for u in record["utterances"]] == ["言葉"]
    assert record["call"]["end_reason"] == "caller_hung_up"


async def test_a_line_that_breaks_on_purpose_is_taken_up_again_once(settings: Settings) -> None:
    sound = CallSound(call_bytes(sentences(1)))
    async with running_server(settings, ScriptedTranscriber("言葉", "また言葉")) as server:
        telephone = DIALECTS["native"].new(
            SimulatedCall(
                url=server.stream_url,
                sound=sound,
                call_id="c1",
                secret=server.stream_token,
                trouble=Trouble(reconnect_at_ms=1_000, jitter_ms=5),
                speed=20.0,
            )
        )
        await telephone.play()
        record = await record_of(server, "c1")

    assert isinstance(telephone, NativeTelephone)
    assert telephone.reconnects == 1
    assert record["call"]["end_reason"] == "caller_hung_up"
    assert record["call"]["duration_ms"] == sound.duration_ms
    assert [u["text"] for u in record["utterances"]] == ["言葉"]
