"""Adapter: strangers who send a server what nobody asked for. Development only."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import quote

import anyio
import httpx
from anyio.abc import SocketStream

from app.telephony.twilio_signature import HEADER, sign
from scripts.mangling import close_code
from scripts.siege import Tally
from scripts.spoilt_lines import GONE, Target, reset

DOORS: Final = ("native", "twilio", "asterisk", "freeswitch", "jambonz", "audiohook")
EVENTS: Final = "events"
"""What screens listen to."""
HANG_SECONDS: Final = 12
"""A little longer than a stream may take to begin."""
_HEADERS: Final = (
    *("Authorization", "Cookie", "Origin", HEADER, "Signature", "Signature-Input", "X-API-KEY"),
    *("Audiohook-Session-Id", "Audiohook-Organization-Id", "Sec-WebSocket-Protocol"),
)
_RAW_FRAMES: Final = (
    b"\x82\x7f" + struct.pack(">Q", 2**63 - 1),  # longer than the world, and not masked
    b"\x82\xff" + struct.pack(">Q", 2**31) + b"abcd" + b"x" * 4_096,
    b"\x82\xff" + struct.pack(">Q", 2**62) + b"abcd",
    b"\x83\x80abcd",  # an opcode that is reserved
    b"\xf1\x80abcd",  # extensions that were not agreed
    b"\x80\x85abcdhello",  # goes on with nothing
    b"\x89\xfe\x01\x00abcd" + b"x" * 256,  # a ping that is too long
    b"\x88\x81abcdx",  # a close code of one byte
    b"\x88\x82abcd\x00\x00",
    b"\x81\x84abcd" + bytes(a ^ b for a, b in zip(b"\xff\xfe\xc0\x80", b"abcd", strict=True)),
    b"\x01\x80abcd" * 3_000,  # begins a message again and again
    b"\x01\x80abcd" + b"\x00\x80abcd" * 20_000,  # a message of nothing that never ends
    b"\x89\x80abcd" * 5_000,  # nothing but pings
    b"\x82\xff" + struct.pack(">Q", 1_100_000) + b"abcd" + b"x" * 1_100_000,
)
_RAW_REQUESTS: Final = (
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"POST /v1/stream/twilio/voice HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"POST /v1/stream/twilio/voice HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: \x00\xff\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"H%d: x\r\n" % n for n in range(5_000)) + b"\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # somebody tries TLS
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)
_BODIES: Final = (
    b"",
    b"\x00\xff\xfe",
    b"null",
    b'{"state": "held"}',
    b'{"state": "answered", "operator": "\\ud800"}',
    b'{"state": "answered", "operator": "\\u0000"}',
    b'{"\\ud800": 1}',
    b'{"state": ' + b"[" * 50_000 + b"}",
    b'{"state": ' + b"9" * 6_000 + b"}",
    b'{"state": NaN}',
    b'{"state": "transferred", "operator": "' + b"x" * 64 + b'"}',
    b"a=" + b"x" * 200_000,
    b"&".join(b"k%d=v" % n for n in range(2_000)),
    b"CallSid=%ff%fe&CallStatus=%00&From=%ED%A0%80",
    b'--x\r\nContent-Disposition: form-data; name="a"; filename="\xff"\r\n\r\nz\r\n--x--',
)
_TYPES: Final = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain; charset=\x7f",
)


async def throw_junk(target: Target, dice: random.Random, tally: Tally) -> None:
    """Be one stranger for some seconds."""
    kinds = (_bytes, _half_handshake, _forged, _raw_frames, _silence, _audiosocket, _gone, _post)
    kind = dice.choice((*kinds, _post))
    tally.junk[kind.__name__.removeprefix("_")] += 1
    with anyio.move_on_after(HANG_SECONDS + 5), suppress(OSError, *GONE):
        await kind(target, dice, tally)


async def _bytes(target: Target, dice: random.Random, tally: Tally) -> None:
    async with await anyio.connect_tcp("127.0.0.1", target.port) as stream:
        await stream.send(dice.choice((dice.randbytes(dice.randrange(1, 5_000)), *_RAW_REQUESTS)))
        await _answer(stream, "bytes", tally)


async def _half_handshake(target: Target, dice: random.Random, _tally: Tally) -> None:
    begun = _handshake(dice.choice(DOORS), {"Authorization": f"Bearer {target.stream_token}"}, dice)
    async with await anyio.connect_tcp("127.0.0.1", target.port) as stream:
        await stream.send(begun[: dice.randrange(1, len(begun))])
        await anyio.sleep(dice.uniform(0, HANG_SECONDS))
        if dice.random() < 0.5:
            reset(stream)


async def _forged(target: Target, dice: random.Random, tally: Tally) -> None:
    junk = [
        dice.randbytes(dice.randrange(1, 300)).hex(),
        "\udcff\udc80",
        "=" * 5_000,
        "",
        "a: b; c",
    ]
    headers = {name: dice.choice(junk) for name in dice.sample(_HEADERS, dice.randint(1, 10))}
    if dice.random() < 0.3:
        headers["Authorization"] = dice.choice(
            ("Basic !!!", "Basic /w==", "Bearer x", "Basic " + "Q" * 9_999)
        )
    door = dice.choice((*DOORS, EVENTS))
    async with await anyio.connect_tcp("127.0.0.1", target.port) as stream:
        query = dice.choice(
            ("", "?shape=%00", "?shape=plivo", "?call_id=%ff%fe&role=%00", "?" + "a" * 9_000)
        )
        await stream.send(_handshake(door + query, headers, dice))
        await _answer(stream, f"forged {door}", tally)


async def _raw_frames(target: Target, dice: random.Random, tally: Tally) -> None:
    door = dice.choice(
        ("native", "asterisk", "freeswitch", "jambonz", "twilio?shape=telnyx", EVENTS)
    )
    headers = _bearer(target, door)
    async with await anyio.connect_tcp("127.0.0.1", target.port) as stream:
        await stream.send(_handshake(door, headers, dice))
        await stream.send(dice.choice(_RAW_FRAMES))
        await _answer(stream, f"raw frames {door}", tally)


async def _silence(target: Target, dice: random.Random, tally: Tally) -> None:
    door = dice.choice((*DOORS, EVENTS))
    async with await anyio.connect_tcp("127.0.0.1", target.port) as stream:
        if dice.random() < 0.7:
            headers = _bearer(target, door)
            await stream.send(_handshake(door, headers, dice))
        await _answer(stream, f"silent {door}", tally)


async def _audiosocket(target: Target, dice: random.Random, _tally: Tally) -> None:
    named = b"\x01\x00\x10" + dice.randbytes(16)
    sound = b"\x10\x01\x40" + b"\x00" * 320
    said = dice.choice(
        (
            dice.randbytes(dice.randrange(1, 3_000)),
            named + b"\x10\xff\xff" + b"x" * 10,
            named + sound * 5 + dice.randbytes(500),
            named + named,
            sound,
            b"\x01\x00\x00" + sound,
            named + b"\x12\x00\x03abc",
            named + sound + b"\x00\x00\x00" + sound * 20,
            named + sound + b"\xff\x00\x05hello" * 200,
            b"\x03\x00\x00" * 5_000,
        )
    )
    async with await anyio.connect_tcp("127.0.0.1", target.audiosocket_port) as stream:
        if dice.random() < 0.4:
            for at in range(min(len(said), 60)):  # a slow drip
                await stream.send(said[at : at + 1])
                await anyio.sleep(dice.uniform(0, 0.3))
        else:
            await stream.send(said)
        with anyio.move_on_after(dice.uniform(0, HANG_SECONDS)):
            await stream.receive()
        if dice.random() < 0.3:
            reset(stream)


async def _gone(target: Target, dice: random.Random, _tally: Tally) -> None:
    """Be gone before anybody has looked, as a scan of ports is."""
    for _ in range(5):
        port = dice.choice((target.port, target.audiosocket_port))
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            reset(stream)


async def _post(target: Target, dice: random.Random, tally: Tally) -> None:
    door, call_id = (
        dice.choice(tally.live) if tally.live and dice.random() < 0.5 else ("native", "x")
    )
    if dice.random() < 0.3:
        call_id = dice.choice(("%00", "%ff%fe", "x" * 3_000, "..%2f..", "%ED%A0%80"))
    path, what = dice.choice(
        (
            ("/v1/stream/twilio/voice", "voice"),
            ("/v1/stream/twilio/status", "status"),
            (f"/v1/stream/calls/{call_id}/state?door={quote(door)}", "state"),
        )
    )
    body = dice.choice((dice.randbytes(dice.randrange(2_000)), *_BODIES, b""))
    headers = {"Content-Type": dice.choice(_TYPES), HEADER: dice.randbytes(20).hex()}
    if what == "state" and dice.random() < 0.8:
        headers |= {"Authorization": f"Bearer {target.stream_token}", "Content-Type": _TYPES[0]}
        if dice.random() < 0.5:
            body = json.dumps(
                {"state": dice.choice(("held", "resumed", "transferred", "ended"))}
            ).encode()
    elif dice.random() < 0.5:
        form = {
            "CallSid": call_id,
            "CallStatus": "answered",
            "From": dice.randbytes(9).hex() + "\x00<&\ud7ff",
        }
        body, what = str(httpx.QueryParams(form)).encode(), f"signed {what}"
        headers["Content-Type"] = _TYPES[1]
        headers[HEADER] = sign(target.url + path, form.items(), target.auth_token)
    async with httpx.AsyncClient(timeout=HANG_SECONDS) as client:
        try:
            answer = await client.post(target.url + path, content=body, headers=headers)
        except httpx.HTTPError as failed:
            tally.http[f"{what} {type(failed).__name__}"] += 1
            return
    tally.answered(what, answer.status_code)


def _bearer(target: Target, door: str) -> dict[str, str]:
    token = target.screen_token if door == EVENTS else target.stream_token
    return {"Authorization": f"Bearer {token}"}


def _handshake(path: str, headers: Mapping[str, str], dice: random.Random) -> bytes:
    told = {
        "Host": "127.0.0.1",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": dice.choice(("13", "13", "13", "99")),
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        **headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    folder = "/v1/" if path.startswith(EVENTS) else "/v1/stream/"
    return f"GET {folder}{path} HTTP/1.1\r\n{lines}\r\n".encode("utf-8", "surrogateescape")


async def _answer(stream: SocketStream, what: str, tally: Tally) -> None:
    """Read until the server closes, or for as long as a stranger waits, and note what it said."""
    received = b""
    with anyio.move_on_after(HANG_SECONDS), suppress(*GONE):
        while len(received) < 100_000:
            received += await stream.receive()
    status = received[9:12]
    if not received.startswith(b"HTTP/1.") or not status.isdigit():
        tally.closed(what, None)
    elif status == b"101":
        tally.closed(what, close_code(received))
    else:
        tally.answered(what, int(status))
