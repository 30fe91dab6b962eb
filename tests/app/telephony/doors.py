"""Glue: what the tests of the telephone doors share: settings, sound, sockets to a running server, and its records."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import anyio
import anyio.lowlevel
from sqlalchemy import select
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.auth.administration import Administration
from app.auth.identity import Role
from app.calls.repository import call_by_id
from app.models import Call
from app.settings import Settings, StreamSettings
from app.simulate.exchange import SimulatedCall, Trouble, track_bytes
from app.simulate.native import CallSound
from app.telephony.settings import TelephonySettings
from asr.types import AudioFormat, Encoding, Samples
from tests.app.running import ANSWER_SECONDS, RunningServer
from tests.app.sounds import call_bytes, joined, sentences, silence
from tests.fakes_transcriber import ScriptedTranscriber

FRAME_BYTES = 800
"""100 ms of one track of mu-law: few frames, so that a test is short."""
STEP_BYTES = 4_000
STALL_SECONDS = 1
FAST = 1_000.0
"""So much faster than speech simulated exchanges play here."""
AUTH_TOKEN = "12345"
KEY, CLIENT_SECRET = "key-1", "ZG9vcnMgYXJlIG9wZW5lZCBieSBrZXlz"


def with_telephony(settings: Settings, **telephony: Any) -> Settings:
    return settings.model_copy(update={"telephony": TelephonySettings(**telephony)})


def with_stream(settings: Settings, **seconds: float) -> Settings:
    """Return *settings* with other patience; unlike an office, a test may ask for a part of a second."""
    return settings.model_copy(update={"stream": StreamSettings().model_copy(update=seconds)})


def words() -> ScriptedTranscriber:
    return ScriptedTranscriber(*(f"言葉{number}" for number in range(99)))


def voice(sound: Samples) -> bytes:
    """Return one track in mu-law."""
    return track_bytes(CallSound(call_bytes(sound)), "caller")


SENTENCE = voice(sentences(1))
"""2.9 s, of which somebody speaks 1.6."""
QUIET = voice(silence(len(SENTENCE) // 8))
SENTENCE_MS = len(SENTENCE) // 8
BOTH_SENTENCE = call_bytes(sentences(1), audio=AudioFormat(Encoding.PCM_S16LE, 8_000, 2))
"""The same as FreeSWITCH and jambonz send it, with an operator who listens."""


def call_to(server: RunningServer, path: str, call_id: str = "c1", **fields: Any) -> SimulatedCall:
    """Return a short call for a simulated exchange: a sentence of the citizen, then one of the office."""
    given: dict[str, Any] = {
        "sound": CallSound(call_bytes(caller_first(), operator_second())),
        "from_number": "09000000000",
        "to_number": "0119990000",
        "operator": "sato",
        "secret": server.stream_token,
        "speed": FAST,
        "trouble": Trouble(),
    }
    return SimulatedCall(url=door_url(server, path), call_id=call_id, **given | fields)


def caller_first() -> Samples:
    return joined(sentences(1), silence(2_900))


def operator_second() -> Samples:
    return joined(silence(2_900), sentences(1))


def door_url(server: RunningServer, path: str, **query: str) -> str:
    asked = f"?{urlencode(query)}" if query else ""
    return "ws" + server.url.removeprefix("http") + f"/v1/stream/{path}{asked}"


def basic(password: str, user: str = "pbx") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@asynccontextmanager
async def socket_to(
    server: RunningServer,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    subprotocols: tuple[str, ...] = (),
    **query: str,
) -> AsyncIterator[ClientConnection]:
    """Open a socket at a door; with the server's stream token where no *headers* are given."""
    given = {"Authorization": f"Bearer {server.stream_token}"} if headers is None else headers
    async with connect(
        door_url(server, path, **query),
        additional_headers=given,
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        compression=None,
        max_size=2**21,
        close_timeout=ANSWER_SECONDS,
    ) as opened:
        yield opened


@asynccontextmanager
async def leg(
    server: RunningServer,
    role: str,
    call_id: str = "c1",
    *,
    headers: dict[str, str] | None = None,
    **query: str,
) -> AsyncIterator[ClientConnection]:
    """Open one channel of an Asterisk's tap; its sound may come at once."""
    named = {"call_id": call_id, "role": role, "format": "ulaw"}
    async with socket_to(
        server, "asterisk", headers=headers, subprotocols=(), **named | query
    ) as opened:
        yield opened


@asynccontextmanager
async def both_legs(
    server: RunningServer, call_id: str = "c1", **query: str
) -> AsyncIterator[tuple[ClientConnection, ClientConnection]]:
    """Open both channels of an Asterisk's tap, and let both have joined the call before they speak."""
    async with (
        leg(server, "caller", call_id, headers=None, **query) as caller,
        leg(server, "operator", call_id, headers=None, **query) as operator,
    ):
        for each in (caller, operator):
            await each.send(QUIET[:1])
        registry, name = server.services.registry, f"asterisk.{call_id}"

        def joined_both() -> bool:
            call = registry.find(name)
            return call is not None and call.position_samples > 0

        await until(joined_both)
        yield caller, operator


@asynccontextmanager
async def freeswitch(
    server: RunningServer, call_id: str = "c1", *, token: str = "", **told: Any
) -> AsyncIterator[ClientConnection]:
    """Open FreeSWITCH's socket and say what call it brings."""
    headers = {"Authorization": f"Bearer {token or server.stream_token}"}
    async with socket_to(server, "freeswitch", headers=headers) as opened:
        await opened.send(json.dumps({"call_id": call_id, "rate": 8_000} | told))
        yield opened


async def speak(stream: ClientConnection, payload: bytes, frame_bytes: int = FRAME_BYTES) -> None:
    for begin_at in range(0, len(payload), frame_bytes):
        await stream.send(payload[begin_at : begin_at + frame_bytes])


async def speak_in_step(
    server: RunningServer, call_id: str, said: dict[ClientConnection, bytes], from_ms: int = 0
) -> None:
    """Send both legs' sound side by side: a leg that is more than a second behind would count as dead."""
    for begin_at in range(0, max(len(payload) for payload in said.values()), STEP_BYTES):
        for stream, payload in said.items():
            await stream.send(payload[begin_at : begin_at + STEP_BYTES])
        longest = max(len(payload) for payload in said.values())
        # What follows a pause, as a slow machine makes one, is kept back until more of it comes.
        with anyio.move_on_after(STALL_SECONDS):
            heard_ms = from_ms + min(begin_at + STEP_BYTES, longest) // 8
            await until_heard(server, call_id, heard_ms)


async def close_code(stream: ClientConnection) -> int | None:
    """Return with which code the server closes; a server that does not fails the test."""
    with anyio.fail_after(ANSWER_SECONDS):
        try:
            while True:
                await stream.recv()
        except ConnectionClosed:
            return stream.close_code


def break_off(stream: ClientConnection) -> None:
    """Lose the connection as a dead line does: no close frame is sent."""
    stream.transport.abort()


async def until(holds: Callable[[], bool]) -> None:
    """Let the server, which runs beside the test, go on until *holds*."""
    with anyio.fail_after(ANSWER_SECONDS):
        while not holds():
            await anyio.lowlevel.checkpoint()


async def until_heard(server: RunningServer, call_id: str, ms: int) -> None:
    """Let the server go on until so much of the live call *call_id* was heard."""

    def heard() -> bool:
        call = server.services.registry.find(call_id)
        return call is not None and call.position_ms >= ms

    await until(heard)


def position_ms(server: RunningServer, call_id: str) -> int:
    call = server.services.registry.find(call_id)
    assert call is not None
    return call.position_ms


async def tell(
    server: RunningServer,
    state: str,
    call_id: str = "c1",
    *,
    token: str = "",
    door: str = "asterisk",
    **told: str,
) -> int:
    """Tell the state of a call as the exchange's dialplan would; return the answer's status."""
    async with server.client(token or server.stream_token) as client:
        answer = await client.post(
            f"/v1/stream/calls/{call_id}/state?door={door}", json={"state": state} | told
        )
    return answer.status_code


async def revoke(server: RunningServer, name: str) -> None:
    office = Administration(server.services.database, server.services.clock)
    (token,) = [each for each in await office.tokens() if each.name == name]
    await office.revoke_token(token.id)


async def record_of(server: RunningServer, call_id: str) -> dict[str, Any]:
    """Return what the record says of a call, once it has ended."""
    async with server.client(await server.token(Role.AUDITOR, section="")) as client:
        with anyio.fail_after(ANSWER_SECONDS):
            while True:
                answer = await client.get(f"/v1/calls/{call_id}")
                found: dict[str, Any] = answer.json()
                if answer.status_code == 200 and found["call"]["ended_at"] is not None:
                    return found


async def row_of(server: RunningServer, call_id: str) -> Call:
    async with server.services.database.transaction() as session:
        call = await call_by_id(session, call_id)
    assert call is not None
    return call


async def recorded(server: RunningServer) -> list[str]:
    """Return the ids of every call that the tables know."""
    async with server.services.database.transaction() as session:
        return sorted((await session.scalars(select(Call.id))).all())


def tracks_of(record: dict[str, Any]) -> list[str]:
    return [utterance["track"] for utterance in record["utterances"]]


def gaps_of(record: dict[str, Any], reason: str) -> list[tuple[str, int, int]]:
    return [
        (gap["track"], gap["start_ms"], gap["end_ms"])
        for gap in record["gaps"]
        if gap["reason"] == reason
    ]
