"""A simulated exchange of each shape, heard by the dialect: what was played is what is heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from app.calls.protocol import Track
from app.simulate.exchange import SimulatedCall, Trouble
from app.simulate.native import CallSound, StreamClosed
from app.simulate.twilio import TwilioExchange
from app.telephony.messages import CallBegan, CallOver, Step, TrackSound
from app.telephony.twilio import TwilioStream
from app.telephony.twilio_signature import HEADER, verify
from asr.codec import decode, encode
from asr.types import Encoding

CALLER_SOUND, OPERATOR_SOUND = (
    np.random.default_rng(seed).integers(0, 256, 8_000, np.uint8).tobytes() for seed in (1, 2)
)
SOUND = CallSound(
    np.stack(
        [np.frombuffer(CALLER_SOUND, np.uint8), np.frombuffer(OPERATOR_SOUND, np.uint8)], axis=1
    ).tobytes()
)
SPEED = 10.0


@dataclass(slots=True)
class Listener:
    """A server's side: feeds a dialect, and closes as it was told to."""

    url: str = ""
    steps: list[Step] = field(default_factory=list)
    signature: str = ""
    authorization: str = ""

    def sound(self, track: Track) -> bytes:
        return b"".join(
            step.payload
            for step in self.steps
            if isinstance(step, TrackSound) and step.track is track
        )


@asynccontextmanager
async def listening(
    *, close_code: int = 1000, at_once: bool = False, answers: str = ""
) -> AsyncIterator[Listener]:
    heard = Listener()

    async def hear(socket: ServerConnection) -> None:
        assert socket.request is not None
        heard.signature = socket.request.headers.get(HEADER, "")
        heard.authorization = socket.request.headers.get("Authorization", "")
        dialect = TwilioStream()
        if answers:
            await socket.send(answers)
        if not at_once:
            async for frame in socket:
                assert isinstance(frame, str)
                heard.steps += dialect.text(frame, 0)
                if heard.steps[-1:] == [CallOver("stop")]:
                    break
        await socket.close(close_code, "断りました")

    async with serve(hear, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        heard.url = f"ws://127.0.0.1:{port}/v1/stream/twilio"
        yield heard


def call(heard: Listener, trouble: Trouble = Trouble()) -> SimulatedCall:  # noqa: B008 - frozen
    return SimulatedCall(
        url=heard.url,
        sound=SOUND,
        call_id="CA1",
        from_number="819012345678",
        to_number="81113821111",
        operator="sato",
        secret="secret",
        metadata={"token": "t0k3n"},
        trouble=trouble,
        speed=SPEED,
    )


@pytest.mark.parametrize("shape", ["twilio", "telnyx", "plivo"])
async def test_both_voices_arrive_whole_and_in_order(shape: str) -> None:
    async with listening() as heard:
        await TwilioExchange(call(heard), shape).play()

    began = heard.steps[0]
    assert isinstance(began, CallBegan)
    assert (began.call_id, began.proof, began.operator) == (f"{shape}.CA1", "t0k3n", "sato")
    assert (began.from_number, began.to_number) == ("819012345678", "81113821111")
    assert heard.sound(Track.CALLER) == CALLER_SOUND
    assert heard.sound(Track.OPERATOR) == OPERATOR_SOUND
    assert heard.steps[-1] == CallOver("stop")


async def test_exotel_brings_the_caller_alone_in_linear_sound() -> None:
    async with listening() as heard:
        await TwilioExchange(call(heard), "exotel").play()

    linear = encode(Encoding.PCM_S16LE, decode(Encoding.MULAW, CALLER_SOUND))
    assert heard.sound(Track.CALLER) == linear
    assert heard.sound(Track.OPERATOR) == b""


async def test_the_handshake_is_signed_over_the_public_address() -> None:
    public = "wss://mimamori.example/v1/stream/twilio"

    async with listening() as heard:
        await TwilioExchange(call(heard), public_url=public).play()

    assert verify(public, (), "secret", heard.signature)


async def test_who_does_not_sign_brings_a_token() -> None:
    async with listening() as heard:
        await TwilioExchange(call(heard), "telnyx").play()

    assert (heard.signature, heard.authorization) == ("", "Bearer secret")


async def test_a_wrong_signature_is_wrong() -> None:
    async with listening() as heard:
        await TwilioExchange(call(heard, Trouble(wrong_signature=True))).play()

    assert heard.signature
    assert not verify(heard.url.replace("ws:", "wss:"), (), "secret", heard.signature)


async def test_what_is_lost_leaves_the_rest_in_its_place() -> None:
    async with listening() as heard:
        await TwilioExchange(call(heard, Trouble(loss=0.8, seed=3))).play()

    placed = [step for step in heard.steps if isinstance(step, TrackSound)]
    assert 0 < len(heard.sound(Track.CALLER)) < len(CALLER_SOUND) // 2
    for step in placed:
        assert step.first_sample is not None
        whole = CALLER_SOUND if step.track is Track.CALLER else OPERATOR_SOUND
        true_place = whole.index(step.payload)
        assert abs(step.first_sample - true_place) <= 8 * 70


async def test_a_refusal_is_told_with_its_code() -> None:
    async with listening(close_code=4401, at_once=True) as heard:
        with pytest.raises(StreamClosed) as caught:
            await TwilioExchange(call(heard)).play()

    assert (caught.value.close_code, caught.value.message) == (4401, "断りました")


async def test_a_server_that_talks_back_is_told_off_as_twilio_does() -> None:
    async with listening(answers="{}") as heard:
        with pytest.raises(StreamClosed) as caught:
            await TwilioExchange(call(heard)).play()

    assert caught.value.code == "31924"
