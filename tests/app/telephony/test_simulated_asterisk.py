"""Asterisk's WebSocket channel as we simulate it: what the server must hear of it, and must not send to it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.calls.protocol import Track
from app.simulate.asterisk import AsteriskExchange, ChannelHungUp
from app.simulate.exchange import SimulatedCall, Trouble
from app.simulate.native import CallSound, StreamClosed
from app.telephony.asterisk import AsteriskStream
from app.telephony.messages import CallBegan, CallOver, Step
from asr.codec import decode
from asr.types import Encoding
from tests.app.telephony.test_asterisk import feed, sound_in
from tests.app.telephony.test_asterisk_playing import spoken

Serve = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def door(
    listen: Serve, subprotocols: tuple[Subprotocol, ...] = (Subprotocol("media"),)
) -> AsyncIterator[str]:
    async with serve(
        listen, "127.0.0.1", 0, subprotocols=subprotocols, ping_interval=None
    ) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1/stream/asterisk"


class Heard:
    """A server that listens as ours does: by the dialect."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.streams: list[AsteriskStream] = []
        self.authorizations: set[str] = set()

    async def __call__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.authorizations.add(socket.request.headers["Authorization"])
        stream = AsteriskStream(dict(parse_qsl(urlsplit(socket.request.path).query)))
        self.streams.append(stream)
        try:
            async for frame in socket:
                # A clock that stands still: this server's own pauses are no holes.
                self.steps += feed(stream, frame, 0)
        except ConnectionClosed:
            pass
        over = stream.closed(socket.close_code or 1006)
        self.steps += [over] if over else []

    @property
    def began(self) -> list[CallBegan]:
        return [step for step in self.steps if isinstance(step, CallBegan)]


def two_voices(milliseconds: int) -> CallSound:
    samples = milliseconds * 8
    caller = np.arange(samples) % 100
    operator = 100 + np.arange(samples) % 100
    return CallSound(np.stack([caller, operator], axis=1).astype(np.uint8).tobytes())


def call_to(
    url: str,
    *,
    milliseconds: int = 1_000,
    secret: str = "",
    trouble: Trouble | None = None,
    speed: float = 20.0,
) -> SimulatedCall:
    return SimulatedCall(
        url=url,
        sound=two_voices(milliseconds),
        call_id="1700.1",
        key="pbx",
        secret=secret,
        trouble=trouble or Trouble(),
        speed=speed,
    )


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("late_start_ms", [0, 400])
async def test_a_simulated_call_is_heard_byte_for_byte_on_both_sides(
    as_json: bool, late_start_ms: int
) -> None:
    heard = Heard()

    async with door(heard) as url:
        call = call_to(
            url,
            secret="mim_1",
            trouble=Trouble(late_start_ms=late_start_ms, jitter_ms=30),
        )
        await AsteriskExchange(call, as_json=as_json).play()

    woven = np.frombuffer(two_voices(1_000).payload, np.uint8)
    assert {began.call_id for began in heard.began} == {"asterisk.1700.1"}
    assert {began.brings for began in heard.began} == {(Track.CALLER,), (Track.OPERATOR,)}
    assert sound_in(heard.steps, Track.CALLER) == woven[::2].tobytes()
    assert sound_in(heard.steps, Track.OPERATOR) == woven[1::2].tobytes()
    assert heard.steps.count(CallOver("hangup")) == 2
    assert heard.authorizations == {"Basic " + base64.b64encode(b"pbx:mim_1").decode()}


async def test_a_lost_socket_comes_back_with_the_same_call_and_the_other_side_goes_on() -> None:
    heard = Heard()

    async with door(heard) as url:
        trouble = Trouble(reconnect_at_ms=2_000)
        exchange = AsteriskExchange(
            call_to(url, milliseconds=6_000, speed=4.0, trouble=trouble), names_format=True
        )
        await exchange.play()

    assert exchange.reconnects == 1
    assert [began.call_id for began in heard.began] == ["asterisk.1700.1"] * 3
    assert len(sound_in(heard.steps, Track.OPERATOR)) == 48_000
    assert 2_400 <= len(sound_in(heard.steps, Track.CALLER)) < 48_000


async def test_the_same_share_of_frames_is_lost_every_time() -> None:
    lengths = set()
    for _ in range(2):
        heard = Heard()
        async with door(heard) as url:
            await AsteriskExchange(call_to(url, trouble=Trouble(loss=0.2, seed=5))).play()
        lengths.add(len(sound_in(heard.steps)))

    assert len(lengths) == 1
    assert 4_000 < lengths.pop() < 8_000


async def test_a_wrong_secret_is_shown_where_trouble_says_so() -> None:
    heard = Heard()

    async with door(heard) as url:
        call = call_to(url, secret="mim_1", trouble=Trouble(wrong_signature=True))
        await AsteriskExchange(call).play()

    assert heard.authorizations == {"Basic " + base64.b64encode(b"pbx:mim_1x").decode()}


async def ping(socket: ServerConnection) -> None:
    await socket.recv()
    await socket.ping()
    await drained(socket)


async def pong(socket: ServerConnection) -> None:
    await socket.recv()
    await socket.pong()
    await drained(socket)


async def chat(socket: ServerConnection) -> None:
    await socket.send("GET_STATUS")
    await drained(socket)


async def noise(socket: ServerConnection) -> None:
    await socket.send(b"\xff" * 160)
    await drained(socket)


async def drained(socket: ServerConnection) -> None:
    try:
        async for _ in socket:
            pass
    except ConnectionClosed:
        pass


@pytest.mark.parametrize(
    ("server", "code"),
    [(ping, "ping"), (pong, "ping"), (chat, "unasked"), (noise, "unasked")],
)
async def test_what_a_real_asterisk_hangs_up_at_ends_the_play_with_an_error(
    server: Serve, code: str
) -> None:
    async with door(server) as url:
        with pytest.raises(ChannelHungUp) as caught:
            await AsteriskExchange(call_to(url, milliseconds=4_000, speed=4.0)).play()

    assert caught.value.code == code


async def test_a_refusal_is_told_with_its_close_code_and_reason() -> None:
    async def refuse(socket: ServerConnection) -> None:
        await socket.close(4401, "unauthorised")

    async with door(refuse) as url:
        with pytest.raises(StreamClosed) as caught:
            await AsteriskExchange(call_to(url)).play()

    assert (caught.value.close_code, str(caught.value)) == (4401, "unauthorised")


async def test_a_server_without_the_subprotocol_is_no_door() -> None:
    async with door(drained, subprotocols=(Subprotocol("other"),)) as url:
        with pytest.raises(StreamClosed):
            await AsteriskExchange(call_to(url)).play()


async def test_nobody_there_is_told_after_the_attempts() -> None:
    with pytest.raises(StreamClosed) as caught:
        await AsteriskExchange(call_to("ws://127.0.0.1:9/x", speed=1_000.0)).play()

    assert caught.value.code == "unreachable"


@pytest.mark.parametrize("as_json", [True, False])
async def test_what_the_server_plays_is_heard_by_the_exchange(as_json: bool) -> None:
    async def answer(socket: ServerConnection) -> None:
        assert socket.request is not None
        stream = AsteriskStream(dict(parse_qsl(urlsplit(socket.request.path).query)))
        frame = await socket.recv()
        assert isinstance(frame, str)
        stream.text(frame, 0)
        for played in stream.play(spoken(0.5)).frames:
            await socket.send(played)
        await drained(socket)

    async with door(answer) as url:
        exchange = AsteriskExchange(call_to(url), as_json=as_json, plays=True)
        await exchange.play()

    heard = decode(Encoding.MULAW, exchange.heard)
    assert np.abs(heard - decode(Encoding.PCM_S16LE, spoken(0.5))).max() < 0.02
