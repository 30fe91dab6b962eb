"""Adapter: Asterisk's AudioSocket as it taps a call: one TCP connection a role, PCM in frames of 20 ms.

The protocol has no secret, no late start and no way back after a broken line: of ``Trouble`` jitter and loss count.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Final

import anyio
from anyio.abc import SocketStream

from app.simulate.exchange import SimulatedCall, paced, track_bytes
from app.simulate.native import StreamClosed
from app.telephony.audiosocket import CALL_UUID, END, HEADER_BYTES, SLIN, SLIN16, framed
from asr.codec import decode, encode_pcm_s16le
from asr.types import Encoding

FRAME_MS: Final = 20
PATIENCE_SECONDS: Final = 30.0
"""For so long the server may take to close its end after the call."""
_DIGITS: Final = {("caller", False): "0", ("operator", False): "1"} | {
    ("caller", True): "2",
    ("operator", True): "3",
}


def pair_uuid(call_id: str, role: str, *, plays: bool = False) -> uuid.UUID:
    """Return the UUID of version 8 by which *role*'s connection of this call is known."""
    digits = hashlib.sha256(call_id.encode()).hexdigest()
    return uuid.UUID(f"{digits[:12]}8{digits[12:15]}8{digits[15:29]}{_DIGITS[role, plays]}")


@dataclass(slots=True)
class _Leg:
    named: uuid.UUID
    payload: bytes
    plays: bool
    stream: SocketStream | None = None
    received: bytes = b""
    over: anyio.Event = field(default_factory=anyio.Event)

    async def listen(self) -> None:
        assert self.stream is not None
        try:
            while True:
                self.received += await self.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            self.over.set()

    def check(self) -> None:
        if self.received and not self.plays:
            raise StreamClosed(1002, "unasked", "サーバーが、頼んでいない音声を送りました。")
        if self.over.is_set():
            raise StreamClosed(1006, "closed", "サーバーが通話の途中で接続を閉じました。")


@dataclass(slots=True)
class AudioSocketExchange:
    """One tapped call. ``play`` returns when the server has closed both connections, or was given the time to."""

    call: SimulatedCall
    plays: bool = False
    """The first role's UUID says that sound may be sent back."""
    heard: bytes = b""
    """What was sent back, PCM."""

    async def play(self) -> None:
        """Play the whole call.

        Raises:
            StreamClosed: the server is not there, closed a connection, or sent what it must not.
        """
        legs = [self._leg(role) for role in self.call.sound.tracks]
        async with anyio.create_task_group() as tasks:
            failed = None
            try:
                for leg in legs:
                    leg.stream = await self._connect()
                    tasks.start_soon(leg.listen)
                await self._send(legs)
            except StreamClosed as refused:  # raised here a task group would wrap it up
                failed = refused
            except (anyio.BrokenResourceError, OSError):
                failed = StreamClosed(1006, "closed", "サーバーが接続を閉じました。")
            for leg in legs:
                if leg.stream is not None:
                    await leg.stream.aclose()
            tasks.cancel_scope.cancel()
        for leg in legs:
            self.heard += _sound_in(leg.received)
        if failed is not None:
            raise failed

    async def _send(self, legs: list[_Leg]) -> None:
        for leg in legs:
            await self._write(leg, framed(CALL_UUID, leg.named.bytes))
        kind = SLIN if self.call.sound.rate_hz == 8_000 else SLIN16
        async for stretch in paced(self.call, FRAME_MS):
            for leg in legs:
                leg.check()
                sound = leg.payload[2 * stretch.begin_sample : 2 * stretch.end_sample]
                if not stretch.lost:
                    await self._write(leg, framed(kind, sound))
        for leg in legs:
            leg.check()
            await self._write(leg, framed(END))
            assert leg.stream is not None
            await leg.stream.send_eof()
        with anyio.move_on_after(PATIENCE_SECONDS):
            for leg in legs:
                await leg.over.wait()

    async def _write(self, leg: _Leg, frame: bytes) -> None:
        assert leg.stream is not None
        await leg.stream.send(frame)

    async def _connect(self) -> SocketStream:
        host, _, port = self.call.url.removeprefix("tcp://").rpartition(":")
        try:
            return await anyio.connect_tcp(host.strip("[]"), int(port))
        except OSError as failed:
            raise StreamClosed(
                1006, "unreachable", f"{self.call.url} に接続できません。"
            ) from failed

    def _leg(self, role: str) -> _Leg:
        sound = self.call.sound
        payload = track_bytes(sound, role)
        if sound.encoding != "pcm_s16le":
            payload = encode_pcm_s16le(decode(Encoding(sound.encoding), payload))
        plays = self.plays and role == sound.tracks[0]
        if len(sound.tracks) > 1 or self.plays:
            return _Leg(pair_uuid(self.call.call_id, role, plays=plays), payload, plays)
        return _Leg(uuid.uuid5(uuid.NAMESPACE_URL, self.call.call_id), payload, plays)


def _sound_in(received: bytes) -> bytes:
    sound, begin = b"", 0
    while len(received) - begin >= HEADER_BYTES:
        end = (
            begin + HEADER_BYTES + int.from_bytes(received[begin + 1 : begin + HEADER_BYTES], "big")
        )
        sound += received[begin + HEADER_BYTES : end]
        begin = end
    return sound
