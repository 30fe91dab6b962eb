"""Adapter: an AudioHook session on the client's side: its numbers, its pings, and what the server must do."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from app.simulate.native import StreamClosed

MAX_TEXT_CHARACTERS: Final = 65_535
BROKEN: Final = "protocol"
"""The server broke a rule; the message says which."""
SERVER_KINDS: Final = frozenset(
    {"opened", "pong", "pause", "resume", "updated", "event", "closed", "disconnect", "reconnect"}
)


@dataclass(slots=True)
class AudioHookSession:
    """Say what the client says; ``listen`` beside it, and this notices when the server breaks a rule."""

    socket: ClientConnection
    session_id: str
    rate_hz: int
    round_trips_ms: list[float]
    opened: dict[str, Any] = field(default_factory=dict)
    disconnect: tuple[str, str] | None = None
    """Reason and info of the server's ``disconnect``."""
    decided: anyio.Event = field(default_factory=anyio.Event)
    """The server has opened the session, or does not want it."""
    closed: anyio.Event = field(default_factory=anyio.Event)
    _turn: anyio.Lock = field(default_factory=anyio.Lock)
    _seq: int = 0
    _serverseq: int = 0
    _position: int = 0
    _closing: bool = False
    _unanswered: tuple[int, float] | None = None
    """Number and time of a ping."""

    async def say(self, kind: str, parameters: Mapping[str, Any]) -> None:
        async with self._turn:
            self._seq += 1
            if kind == "ping":
                self._unanswered = self._seq, time.monotonic()
            await self.socket.send(
                json.dumps(
                    {
                        "version": "2",
                        "id": self.session_id,
                        "type": kind,
                        "seq": self._seq,
                        "serverseq": self._serverseq,
                        "position": self._duration(self._position),
                        "parameters": parameters,
                    }
                )
            )

    async def sound(self, payload: bytes, samples: int) -> None:
        async with self._turn:
            self._position += samples
            await self.socket.send(payload)

    async def leave_out(self, kind: str, samples: int) -> None:
        """Say that *samples* are not coming (``resumed``, ``discarded``)."""
        start = self._duration(self._position)
        self._position += samples
        await self.say(kind, {"start": start, "discarded": self._duration(samples)})

    async def ping(self, first_s: float, every_s: float) -> None:
        """Ping, as long as each ping was answered before the next one; the first pong is answered with a ping."""
        await anyio.sleep(first_s)
        while not self._closing:
            if self._unanswered is not None:
                await self.fail(408, "ping に pong が返りません。")
            await self.say("ping", self._rtt())
            await anyio.sleep(every_s)

    async def close(self, within_s: float) -> None:
        self._closing = True
        await self.say("close", {"reason": "end" if self.disconnect is None else "disconnect"})
        await self.within(within_s, self.closed, "closed")

    async def within(self, seconds: float, event: anyio.Event, what: str) -> None:
        with anyio.move_on_after(seconds):
            await event.wait()
            return
        await self.fail(408, f"{seconds:g} 秒以内に {what} が返りません。")

    async def fail(self, code: int, message: str) -> None:
        """Tell the server which rule it broke.

        Raises:
            StreamClosed: always.
        """
        await self.say("error", {"code": code, "message": message})
        raise StreamClosed(1002, BROKEN, message)

    async def listen(self) -> None:
        """Read until ``closed``.

        Raises:
            StreamClosed: the server broke a rule, or closed the socket before that.
        """
        try:
            async for frame in self.socket:
                await self._heard(frame)
        except ConnectionClosed:
            pass  # looked at below, like an orderly close that comes too early
        if not self.closed.is_set():
            raise lost(self.socket)

    async def _heard(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            await self.fail(415, "サーバーが音声を送りました。")
        message = _object(frame)
        kind, clientseq = message.get("type"), message.get("clientseq")
        parameters = message.get("parameters")
        if message.get("version") != "2" or message.get("id") != self.session_id:
            await self.fail(400, "version または id が違います。")
        if kind not in SERVER_KINDS or not isinstance(parameters, dict):
            await self.fail(400, "type または parameters が正しくありません。")
        if message.get("seq") != self._serverseq + 1:
            await self.fail(400, "seq が前のメッセージより 1 だけ大きくありません。")
        self._serverseq += 1
        if not isinstance(clientseq, int) or not 0 <= clientseq <= self._seq:
            await self.fail(400, "clientseq が送った seq を超えています。")
        await self._answer(str(kind), clientseq, dict(parameters or {}))

    async def _answer(self, kind: str, clientseq: object, told: dict[str, Any]) -> None:
        match kind:
            case "opened":
                if self.decided.is_set():
                    await self.fail(409, "opened が 2 度返りました。")
                self.opened = told
                self.decided.set()
            case "pong":
                await self._pong(clientseq)
            case "disconnect":
                self.disconnect = str(told.get("reason")), str(told.get("info", ""))
                self.decided.set()
            case "closed":
                if not self._closing or self.closed.is_set():
                    await self.fail(409, "close の前に closed が返りました。")
                self.closed.set()
            case "pause" | "resume":
                await self.fail(405, "この模擬では pause と resume に応じられません。")

    async def _pong(self, clientseq: object) -> None:
        if self._unanswered is None or self._unanswered[0] != clientseq:
            await self.fail(400, "pong の clientseq が ping の seq と違います。")
            return
        is_first = not self.round_trips_ms
        self.round_trips_ms.append((time.monotonic() - self._unanswered[1]) * 1000)
        self._unanswered = None
        if is_first and not self._closing:
            await self.say("ping", self._rtt())

    def _rtt(self) -> dict[str, str]:
        if not self.round_trips_ms:
            return {}
        return {"rtt": f"PT{self.round_trips_ms[-1] / 1000:.6f}S"}

    def _duration(self, samples: int) -> str:
        return f"PT{samples / self.rate_hz:.6f}".rstrip("0").rstrip(".") + "S"


def _object(frame: str | bytes) -> dict[str, Any]:
    try:
        message = json.loads(frame)
    except ValueError:
        message = None
    if not isinstance(message, dict) or len(frame) > MAX_TEXT_CHARACTERS:
        raise StreamClosed(1002, BROKEN, "サーバーのメッセージを読み取れません。")
    return message


def lost(socket: ClientConnection) -> StreamClosed:
    message = socket.close_reason or "サーバーが closed の前に接続を閉じました。"
    return StreamClosed(socket.close_code or 1006, "lost", message)
