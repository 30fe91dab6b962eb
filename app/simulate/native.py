"""Adapter: a telephone that speaks the native stream. Plays a call in real time, comes back if cut off.

A real telephone cannot wait: what should have been said while the socket was away is sent
at once after it is back, from the position that the server names.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from app.direct_socket import DirectSocket

FRAME_MS: Final = 20
CATCH_UP_FRAME_MS: Final = 200
RECONNECT_SECONDS: Final = 0.5
MAX_RECONNECT_SECONDS: Final = 5.0
RETRY_CODES: Final = frozenset({1001, 1006, 1011, 1012, 1013, 4500, 4503})
"""Closings after which the same call may go on over a new socket."""


class StreamClosed(Exception):  # noqa: N818 - named as a fact
    """The server refused the stream for good."""

    def __init__(self, close_code: int, code: str, message: str) -> None:
        super().__init__(message or code or f"stream closed with {close_code}")
        self.close_code = close_code
        self.code = code
        self.message = message


def not_upgraded(refused: InvalidStatus) -> StreamClosed:
    """Return what an answer other than a WebSocket means: a proxy, a redirect, another path, no right."""
    status = refused.response.status_code
    return StreamClosed(1006, "rejected", f"接続が HTTP {status} で拒まれました。")


@dataclass(frozen=True, slots=True)
class CallSound:
    """What is played: interleaved tracks in one of the stream's encodings."""

    payload: bytes
    encoding: str = "mulaw"
    rate_hz: int = 8_000
    tracks: tuple[str, ...] = ("caller", "operator")

    @property
    def frame_bytes(self) -> int:
        return (2 if self.encoding == "pcm_s16le" else 1) * len(self.tracks)

    @property
    def samples(self) -> int:
        return len(self.payload) // self.frame_bytes

    @property
    def duration_ms(self) -> int:
        return self.samples * 1000 // self.rate_hz


@dataclass(slots=True)
class NativeTelephone:
    """One call to one server. ``play`` returns when the server has judged everything."""

    url: str
    """``ws://host:port/v1/stream/native``"""
    token: str
    sound: CallSound
    call_id: str
    operator: str = ""
    caller_number: str = ""
    called_number: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    frame_ms: int = FRAME_MS
    speed: float = 1.0
    """2.0 plays twice as fast; for looking, not for measuring."""
    patience_seconds: float = 60.0
    """How long to try to come back before giving up."""
    on_position: Callable[[int], None] | None = None
    """Told how many milliseconds of the call were sent."""
    jitter_ms: int = 0
    """Each frame is sent up to so much late …"""
    seed: int = 1
    """… the same with the same seed."""
    break_at_ms: int | None = None
    """There the socket breaks off, once, and the call is taken up again."""
    begun_at: float | None = None
    """``time.monotonic()`` at which the first sample was due."""
    reconnects: int = 0
    _asked: bool = False
    """A start was sent: the server may know the call, also if its answer was lost."""
    _resume: bool = False
    _stop_sent: bool = False

    async def play(self) -> None:
        """Play the whole call.

        Raises:
            StreamClosed: refused for good, or the server did not come back in time.
        """
        delay, lost_at = RECONNECT_SECONDS, None
        while True:
            try:
                async with DirectSocket(
                    self.url,
                    additional_headers={"Authorization": f"Bearer {self.token}"},
                    max_size=2**20,
                ) as socket:
                    position = await self._start(socket)
                    delay, lost_at = RECONNECT_SECONDS, None
                    await self._send(socket, position)
                    await self._stop(socket)
                    return
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                if code not in RETRY_CODES:
                    reason = closed.rcvd.reason if closed.rcvd else ""
                    raise StreamClosed(code, "", reason) from closed
            except StreamClosed as refused:
                if self._stop_sent and refused.code == "call_ended":
                    return  # only the answer to the stop was lost
                if self._asked and refused.code == "call_unknown" and self.begun_at is None:
                    self._resume = False  # the first start never arrived
                elif refused.close_code not in RETRY_CODES:
                    raise
            except (OSError, InvalidHandshake) as failed:
                if not self._asked:
                    if isinstance(failed, InvalidStatus):
                        raise not_upgraded(failed) from failed
                    raise StreamClosed(
                        1006, "unreachable", f"{self.url} に接続できません。"
                    ) from failed
            lost_at = lost_at or time.monotonic()
            if time.monotonic() - lost_at > self.patience_seconds:
                raise StreamClosed(1006, "unreachable", "サーバーが戻りませんでした。")
            self.reconnects += 1
            await anyio.sleep(delay)
            delay = min(delay * 2, MAX_RECONNECT_SECONDS)

    async def _start(self, socket: ClientConnection) -> int:
        resume, self._resume, self._asked = self._resume, True, True
        await socket.send(
            json.dumps(
                {
                    "type": "start",
                    "call_id": self.call_id,
                    "tracks": list(self.sound.tracks),
                    "encoding": self.sound.encoding,
                    "rate": self.sound.rate_hz,
                    "from": self.caller_number,
                    "to": self.called_number,
                    "operator": self.operator,
                    "metadata": self.metadata,
                    "resume": resume,
                }
            )
        )
        position = (await _answer(socket, "started")).get("position_samples")
        if not isinstance(position, int):
            raise _not_understood()
        return position

    async def _send(self, socket: ClientConnection, position: int) -> None:
        """Send each frame when its last sample has been spoken, as a telephone would."""
        if self.begun_at is None:
            self.begun_at = time.monotonic() - position / self.sound.rate_hz / self.speed
        dice = random.Random(self.seed)  # noqa: S311 - no secret
        frame_samples = self.sound.rate_hz * self.frame_ms // 1000
        catch_up_samples = self.sound.rate_hz * CATCH_UP_FRAME_MS // 1000
        while position < self.sound.samples:
            due_samples = int((time.monotonic() - self.begun_at) * self.speed * self.sound.rate_hz)
            behind = due_samples - position
            count = min(
                max(frame_samples, min(behind, catch_up_samples)), self.sound.samples - position
            )
            wait = self.begun_at + (position + count) / self.sound.rate_hz / self.speed
            wait += dice.random() * self.jitter_ms / 1000
            await anyio.sleep(max(0.0, wait - time.monotonic()))
            begin = position * self.sound.frame_bytes
            await socket.send(self.sound.payload[begin : begin + count * self.sound.frame_bytes])
            position += count
            if self.on_position is not None:
                self.on_position(position * 1000 // self.sound.rate_hz)
            if self.break_at_ms is not None and position * 1000 >= (
                self.break_at_ms * self.sound.rate_hz
            ):
                self.break_at_ms = None
                socket.transport.abort()

    async def _stop(self, socket: ClientConnection) -> None:
        self._stop_sent = True
        await socket.send(json.dumps({"type": "stop", "reason": "caller_hung_up"}))
        await _answer(socket, "stopped")


async def _answer(socket: ClientConnection, kind: str) -> dict[str, Any]:
    async for frame in socket:
        try:
            message = json.loads(frame)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise _not_understood()
        if message.get("type") == kind:
            return message
        if message.get("type") == "error":
            await socket.wait_closed()
            raise StreamClosed(
                socket.close_code or 1006,
                str(message.get("code", "")),
                str(message.get("message", "")),
            )
    raise StreamClosed(socket.close_code or 1006, "", "")


def _not_understood() -> StreamClosed:
    return StreamClosed(
        1002, "protocol", "サーバーの答えを読み取れません。アドレスを確かめてください。"
    )
