"""The simulated Genesys Cloud against the dialect, over a real socket: both keep the same rules."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from app.calls.protocol import Refusal, StreamRefused, Track
from app.simulate.audiohook import AudioHookExchange
from app.simulate.exchange import SimulatedCall, Trouble
from app.simulate.native import CallSound, StreamClosed
from app.telephony.audiohook import AudioHookStream
from app.telephony.audiohook_signature import NonceCache, authority_of, verify
from app.telephony.messages import (
    CallBegan,
    CallOver,
    Held,
    Missed,
    Probe,
    Reply,
    Step,
    Unheld,
)
from tests.app.telephony.raw_peer import short_call, sound_of

KEY = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"
SECRET = "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU="
SESSION = "30b0e395-84d3-4570-ac13-9a62d8f514c0"

Bend = Callable[[dict[str, Any]], "str | bytes | None"]
"""What a server sends in place of a message; None: nothing."""


@dataclass(slots=True)
class Door:
    """A shell as small as can be."""

    keys: dict[str, str] = field(default_factory=lambda: {KEY: SECRET})
    bend: Bend = json.dumps
    url: str = ""
    steps: list[Step] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    """By the client, in order."""
    nonces: NonceCache = field(default_factory=NonceCache)

    async def listen(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        headers = {name.lower(): value for name, value in socket.request.headers.raw_items()}
        stream = AudioHookStream(
            headers["audiohook-session-id"], headers["audiohook-organization-id"]
        )
        authority, now_s = authority_of(self.url), time.time()
        try:
            verify(headers, socket.request.path, authority, self.keys, now_s, self.nonces)
        except StreamRefused as refused:
            await self.send(socket, stream.refused(refused))
        async for frame in socket:
            if isinstance(frame, str):
                self.said.append(json.loads(frame))
            feed: Any = stream.text if isinstance(frame, str) else stream.binary
            for step in feed(frame, 0):
                self.steps.append(step)
                await self.send(socket, self.answers(stream, step))

    def answers(self, stream: AudioHookStream, step: Step) -> Sequence[Reply]:
        match step:
            case Reply():
                return (step,)
            case CallBegan(call_id=call_id):
                return stream.attached(call_id, 0)
            case CallOver():
                return stream.judged()
            case _:
                return ()

    async def send(self, socket: ServerConnection, replies: Sequence[Reply]) -> None:
        for reply in replies:
            frame = self.bend(json.loads(reply.frame))
            if frame is not None:
                await socket.send(frame)


@asynccontextmanager
async def listening(door: Door | None = None) -> AsyncIterator[Door]:
    door = door or Door()
    async with serve(door.listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        door.url = f"ws://127.0.0.1:{port}/v1/stream/audiohook?site=1"
        yield door


def exchange(door: Door, sound: CallSound | None = None, **changed: Any) -> AudioHookExchange:
    trouble = changed.pop("trouble", Trouble())
    call = SimulatedCall(
        url=door.url,
        sound=sound or short_call(0.6),
        call_id=SESSION,
        from_number="+81312345678",
        to_number="+81119999999",
        operator="sato",
        secret=changed.pop("secret", SECRET),
        key=KEY,
        metadata={"section": "市民課"},
        trouble=trouble,
        speed=changed.pop("speed", 10.0),
    )
    return AudioHookExchange(call, **changed)


def of_kind(door: Door, kind: type[Step]) -> list[Any]:
    return [step for step in door.steps if isinstance(step, kind)]


async def test_a_whole_call_arrives_as_it_was_spoken() -> None:
    async with listening() as door:
        genesys = exchange(door)
        await genesys.play()

    (began,) = of_kind(door, CallBegan)
    assert (began.call_id, began.operator) == (f"audiohook.{SESSION}", "sato")
    assert (began.from_number, began.to_number) == ("+81312345678", "+81119999999")
    assert began.metadata["section"] == "市民課"
    assert sound_of(door.steps) == short_call(0.6).payload
    assert door.steps[-1] == CallOver("end")
    assert genesys.disconnected == ""


async def test_the_channels_may_come_the_other_way_round() -> None:
    async with listening() as door:
        await exchange(door, channels=("internal", "external")).play()

    (began,) = of_kind(door, CallBegan)
    woven = np.frombuffer(short_call(0.6).payload, np.uint8).reshape(-1, 2)
    assert began.brings == (Track.OPERATOR, Track.CALLER)
    assert sound_of(door.steps) == woven[:, ::-1].tobytes()


async def test_one_side_alone_is_heard_as_that_side() -> None:
    async with listening() as door:
        await exchange(door, channels=("external",)).play()

    (began,) = of_kind(door, CallBegan)
    assert began.brings == (Track.CALLER,)
    assert sound_of(door.steps) == short_call(0.6).payload[::2]


async def test_pings_are_answered_while_the_call_goes_on() -> None:
    async with listening() as door:
        genesys = exchange(door, speed=2.0, first_ping_s=0.02)
        await genesys.play()

    pings = [message for message in door.said if message["type"] == "ping"]
    assert len(genesys.round_trips_ms) >= 2
    assert "rtt" not in pings[0]["parameters"]
    assert "rtt" in pings[1]["parameters"]


async def test_a_pause_in_the_middle_leaves_the_clock_right() -> None:
    async with listening() as door:
        await exchange(door, short_call(1.2), pause_at_ms=400, pause_ms=400).play()

    states = [step for step in door.steps if isinstance(step, Held | Missed | Unheld)]
    assert states == [Held(), Missed(3_200, told=False), Unheld()]
    assert len(sound_of(door.steps)) == 2 * 8 * 800


async def test_lost_sound_is_told_and_nothing_is_out_of_place() -> None:
    async with listening() as door:
        await exchange(door, short_call(2.0), trouble=Trouble(loss=0.5, jitter_ms=20)).play()

    missed = sum(step.samples for step in of_kind(door, Missed))
    assert missed > 0
    assert len(sound_of(door.steps)) // 2 + missed == 16_000


async def test_a_probe_is_no_call() -> None:
    async with listening() as door:
        await exchange(door, probe=True).play()

    assert door.steps[0] == Probe()
    assert not of_kind(door, CallBegan)
    assert [message["type"] for message in door.said] == ["open", "close"]


async def test_a_late_open_is_an_open() -> None:
    async with listening() as door:
        await exchange(door, trouble=Trouble(late_start_ms=20)).play()

    assert door.steps[-1] == CallOver("end")


async def test_a_wrong_signature_is_refused_and_the_session_is_closed_in_order() -> None:
    async with listening() as door:
        with pytest.raises(StreamClosed) as caught:
            await exchange(door, trouble=Trouble(wrong_signature=True)).play()

    assert caught.value.code == Refusal.BAD_SIGNATURE
    assert door.said[-1]["type"] == "close"
    assert door.said[-1]["parameters"] == {"reason": "disconnect"}
    assert not of_kind(door, CallBegan)


@pytest.mark.parametrize(("keys", "taken"), [({KEY: ""}, True), ({KEY: SECRET}, False)])
async def test_an_unsigned_session_needs_a_key_without_a_secret(
    keys: dict[str, str], taken: bool
) -> None:
    async with listening(Door(keys)) as door:
        genesys = exchange(door, secret="")
        try:
            await genesys.play()
            outcome = ""
        except StreamClosed as closed:
            outcome = closed.code

    assert outcome == ("" if taken else Refusal.UNAUTHORISED)


async def test_a_secret_that_is_no_base64_is_said_before_anything_is_sent() -> None:
    async with listening() as door:
        with pytest.raises(StreamClosed) as caught:
            await exchange(door, secret="日本語").play()

    assert caught.value.code == "bad_secret"


async def test_a_server_that_is_not_there_is_said_to_be() -> None:
    async with listening() as door:
        genesys = exchange(door)
    with pytest.raises(StreamClosed) as caught:
        await genesys.play()

    assert caught.value.code == "unreachable"


def bending(kind: str, changed: Callable[[dict[str, Any]], str | bytes | None]) -> Bend:
    """Break the rules in messages of *kind*."""
    return lambda message: changed(message) if message["type"] == kind else json.dumps(message)


def with_other(**changed: object) -> Callable[[dict[str, Any]], str]:
    return lambda message: json.dumps(message | changed)


OTHER_MEDIA = {"media": [{"type": "audio", "format": "L16", "channels": ["external"], "rate": 8}]}


@pytest.mark.parametrize(
    "bend",
    [
        bending("opened", with_other(seq=2)),
        bending("opened", with_other(clientseq=2)),
        bending("opened", with_other(version="1")),
        bending("opened", with_other(id="30b0e395-84d3-4570-ac13-000000000000")),
        bending("opened", with_other(type="welcome")),
        bending("opened", with_other(type="closed")),
        bending("opened", with_other(type="pong")),
        bending("opened", with_other(type="pause")),
        bending("opened", with_other(parameters=None)),
        bending("opened", with_other(parameters={})),
        bending("opened", with_other(parameters=OTHER_MEDIA)),
        bending("opened", lambda _: b"\xff\xff"),
        bending("opened", lambda _: "welcome"),
        bending("opened", lambda _: None),
        bending("pong", with_other(clientseq=1)),
        bending("pong", with_other(type="opened")),
        bending("pong", lambda _: None),
        bending("closed", lambda _: None),
    ],
)
async def test_a_server_that_breaks_a_rule_is_told_apart(bend: Bend) -> None:
    async with listening(Door(bend=bend)) as door:
        genesys = replace(
            exchange(door, speed=2.0),
            first_ping_s=0.01,
            ping_every_s=0.05,
            opened_within_s=0.1,
            closed_within_s=0.1,
        )
        with pytest.raises(StreamClosed) as caught:
            await genesys.play()

    assert caught.value.code == "protocol"
    assert caught.value.message
