"""Adapter: Asterisk's chan_websocket as it taps a call: two sockets, one a role, raw sound and control messages.

Asterisk up to 22.7 hangs up when it receives a ping or pong; whatever else it did not ask for would sound in the
call. Here both end the play with an error.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

import anyio
from anyio.abc import TaskGroup
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import Event
from websockets.typing import Subprotocol

from app.direct_socket import DirectSocket
from app.simulate.exchange import SimulatedCall, paced, track_bytes
from app.simulate.native import StreamClosed

FRAME_MS: Final = 20
RECONNECT_ATTEMPTS: Final = 4
RECONNECT_SECONDS: Final = 0.5
MOST_MESSAGE_BYTES: Final = 65_500
HANGUP: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
UNREACHABLE: Final = 1006
_FORMATS: Final[Mapping[tuple[str, int], str]] = {
    ("mulaw", 8_000): "ulaw",
    ("alaw", 8_000): "alaw",
    ("pcm_s16le", 8_000): "slin",
    ("pcm_s16le", 16_000): "slin16",
}


class ChannelHungUp(StreamClosed):
    """The server sent what makes a real Asterisk hang up its channel, or is heard in the call."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(GOING_AWAY, code, message)


class _Channel(ClientConnection):
    """A WebSocket whose every frame is seen, pings and pongs too."""

    plays = False
    heard = b""
    fault: ChannelHungUp | None = None
    _buffering = False

    def process_event(self, event: Event) -> None:
        if isinstance(event, Frame) and event.opcode is not Opcode.CLOSE:
            self.fault = self.fault or self._take(event)
        else:
            super().process_event(event)

    def _take(self, frame: Frame) -> ChannelHungUp | None:
        if frame.opcode in (Opcode.PING, Opcode.PONG):
            return ChannelHungUp("ping", "サーバーが ping または pong を送りました。")
        if not self.plays:
            return ChannelHungUp("unasked", "サーバーが、頼んでいないフレームを送りました。")
        if len(frame.data) > MOST_MESSAGE_BYTES or not frame.fin:
            return ChannelHungUp("too_large", "サーバーのフレームが大きすぎます。")
        if frame.opcode is Opcode.TEXT:
            return self._obey(bytes(frame.data).decode())
        self.heard += bytes(frame.data)
        return None

    def _obey(self, words: str) -> ChannelHungUp | None:
        name = json.loads(words).get("command") if words.startswith("{") else words.split()[0]
        expected = "STOP_MEDIA_BUFFERING" if self._buffering else "START_MEDIA_BUFFERING"
        if name != expected:
            return ChannelHungUp("unknown_command", f"知らない指示が届きました: {name}")
        self._buffering = not self._buffering
        return None


@dataclass(slots=True)
class _Leg:
    """One channel of the tap."""

    url: str
    payload: bytes
    channel_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    socket: _Channel | None = None
    started: bool = False
    """``MEDIA_START`` was sent on this socket."""
    failed: StreamClosed | None = None
    heard: bytes = b""

    def check(self) -> None:
        if self.failed is not None:
            raise self.failed
        if self.socket is not None:
            self.heard = self.socket.heard or self.heard
            if self.socket.fault is not None:
                raise self.socket.fault


@dataclass(slots=True)
class AsteriskExchange:
    """One tapped call. ``play`` returns when both channels were hung up."""

    call: SimulatedCall
    as_json: bool = True
    """Control messages as JSON; False: as plain text."""
    names_format: bool = False
    """``v(format=…)`` is given as well."""
    plays: bool = False
    """``v(play=1)`` is given: the server may send sound back."""
    heard: bytes = b""
    """What it sent."""
    reconnects: int = 0
    _legs: list[_Leg] = field(default_factory=list)

    async def play(self) -> None:
        """Play the whole call.

        Where ``Trouble.reconnect_at_ms`` says so the first role's socket breaks off and is tried again, as by
        websocket_client: 4 times, 500 ms apart. What is said meanwhile on that side is lost.

        Raises:
            StreamClosed: the server refused it, or is not there.
            ChannelHungUp: the server sent what it must not.
        """
        self._legs = [self._leg(role) for role in self.call.sound.tracks]
        async with anyio.create_task_group() as tasks:
            failed = await self._play(tasks)
            tasks.cancel_scope.cancel()
        for leg in self._legs:
            self.heard += leg.heard
            if leg.socket is not None:
                leg.socket.transport.abort()
        if failed is not None:
            raise failed

    async def _play(self, tasks: TaskGroup) -> StreamClosed | None:
        """Return the error instead of raising it: a task group would wrap it up."""
        try:
            for leg in self._legs:
                await self._connect(leg)
            await self._send(tasks)
            for leg in self._legs:
                await self._hang_up(leg)
        except StreamClosed as refused:
            return refused
        except ConnectionClosed as closed:
            return _closed(closed)
        return None

    async def _send(self, tasks: TaskGroup) -> None:
        sound, trouble = self.call.sound, self.call.trouble
        width = 2 if sound.encoding == "pcm_s16le" else 1
        start_sample = trouble.late_start_ms * sound.rate_hz // 1000
        break_at = trouble.reconnect_at_ms
        if not start_sample:
            await self._start()
        async for stretch in paced(self.call, FRAME_MS):
            if break_at is not None and stretch.end_sample * 1000 > break_at * sound.rate_hz:
                break_at = None
                tasks.start_soon(self._come_back, self._legs[0])
                await anyio.lowlevel.checkpoint()
            for leg in self._legs:
                leg.check()
                if leg.socket is not None and not stretch.lost:
                    begin, end = stretch.begin_sample * width, stretch.end_sample * width
                    await leg.socket.send(leg.payload[begin:end])
            if stretch.end_sample >= start_sample:
                await self._start()

    async def _start(self) -> None:
        for leg in self._legs:
            if leg.socket is not None and not leg.started:
                leg.started = True
                await leg.socket.send(self._media_start(leg))

    async def _hang_up(self, leg: _Leg) -> None:
        leg.check()
        if leg.socket is None:
            return
        await leg.socket.close(HANGUP)
        leg.check()
        answered = leg.socket.protocol.close_rcvd
        if answered is not None and answered.code != HANGUP:
            raise StreamClosed(answered.code, "", answered.reason)

    async def _come_back(self, leg: _Leg) -> None:
        broken, leg.socket, leg.started = leg.socket, None, False
        if broken is not None:
            broken.transport.abort()
        self.reconnects += 1
        try:
            await anyio.sleep(RECONNECT_SECONDS / self.call.speed)
            await self._connect(leg)
        except StreamClosed as refused:
            leg.failed = refused

    async def _connect(self, leg: _Leg) -> None:
        for _ in range(RECONNECT_ATTEMPTS):
            try:
                socket = await DirectSocket(
                    leg.url,
                    additional_headers={"Authorization": self._authorization()},
                    subprotocols=[Subprotocol("media")],
                    ping_interval=None,
                    create_connection=_Channel,
                )
            except InvalidStatus as refused:
                said = (refused.response.body or b"").decode(errors="replace")
                raise StreamClosed(refused.response.status_code, "", said[:200]) from refused
            except (OSError, InvalidHandshake):
                await anyio.sleep(RECONNECT_SECONDS / self.call.speed)
                continue
            assert isinstance(socket, _Channel)
            socket.plays = "play=1" in leg.url
            leg.socket = socket
            if socket.subprotocol != "media":
                raise StreamClosed(
                    PROTOCOL_ERROR, "", "サーバーがサブプロトコル media を選びませんでした。"
                )
            return
        raise StreamClosed(UNREACHABLE, "unreachable", f"{self.call.url} に接続できません。")

    def _leg(self, role: str) -> _Leg:
        call = self.call
        said = {
            "call_id": call.call_id,
            "role": role if len(call.sound.tracks) > 1 else "",
            "from": call.from_number,
            "to": call.to_number,
            "operator": call.operator,
            "format": self._format if self.names_format else "",
            "play": "1" if self.plays and role == call.sound.tracks[0] else "",
        } | {name: value for name, value in call.metadata.items() if isinstance(value, str)}
        query = urlencode({name: value for name, value in said.items() if value})
        joint = "&" if "?" in call.url else "?"
        return _Leg(f"{call.url}{joint}{query}", track_bytes(call.sound, role))

    @property
    def _format(self) -> str:
        return _FORMATS[self.call.sound.encoding, self.call.sound.rate_hz]

    def _authorization(self) -> str:
        wrong = "x" if self.call.trouble.wrong_signature else ""
        shown = f"{self.call.key or 'asterisk'}:{self.call.secret}{wrong}"
        return "Basic " + base64.b64encode(shown.encode()).decode()

    def _media_start(self, leg: _Leg) -> str:
        sound = self.call.sound
        width = 2 if sound.encoding == "pcm_s16le" else 1
        said: dict[str, str | int] = {
            "connection_id": "mimamori",
            "channel": f"WebSocket/mimamori/0x{uuid.UUID(leg.channel_id).int >> 80:x}",
            "channel_id": leg.channel_id,
            "format": self._format,
            "optimal_frame_size": sound.rate_hz * width * FRAME_MS // 1000,
            "ptime": FRAME_MS,
        }
        if self.as_json:
            return json.dumps({"event": "MEDIA_START"} | said | {"channel_variables": {}})
        return " ".join(["MEDIA_START", *(f"{name}:{value}" for name, value in said.items())])


def _closed(closed: ConnectionClosed) -> StreamClosed:
    code = closed.rcvd.code if closed.rcvd else UNREACHABLE
    return StreamClosed(code, "", closed.rcvd.reason if closed.rcvd else "")
