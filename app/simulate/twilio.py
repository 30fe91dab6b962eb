"""Adapter: an exchange that streams calls as Twilio does, or as Telnyx, Plivo, SignalWire and Exotel do.

Both voices come as messages of their own, every 20 ms (Exotel: the caller's alone, every 100 ms), with
timestamps that are off by some milliseconds. None of these exchanges comes back after a lost socket, and none sends
sound before its ``start``: ``Trouble.reconnect_at_ms`` and ``Trouble.late_start_ms`` do nothing here.
"""

from __future__ import annotations

import base64
import json
import random
import re
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from app.calls.protocol import Track
from app.direct_socket import DirectSocket
from app.simulate.exchange import SimulatedCall, paced, track_bytes
from app.simulate.native import StreamClosed
from app.telephony.field_maps import FIELD_MAPS, FieldMap
from app.telephony.twilio_signature import HEADER, sign
from asr.codec import decode, encode
from asr.types import Encoding

CLOSE_PATIENCE_S: Final = 30.0
"""Twilio closes at once after ``stop``; this waits, so that who plays a call knows that it was judged."""
TIMESTAMP_JITTER_MS: Final = 8
SHUFFLED: Final = 0.2
"""Share of frames that change places with the next one, where order is not promised."""
NORMAL_CLOSURES: Final = frozenset({1000, 1001, 1005})
_SIDES: Final = {Track.CALLER: "inbound", Track.OPERATOR: "outbound"}
_WRITTEN: Final = {
    "telnyx": "PCMU",
    "exotel": "audio/x-raw",
}
PLIVO_BEGIN_MS: Final = 1_700_000_000_000
"""Plivo's timestamps count from 1970."""


@dataclass(slots=True)
class TwilioExchange:
    """One call to one door. ``call.secret`` signs (Twilio) or is sent as a bearer token (the others)."""

    call: SimulatedCall
    shape: str = "twilio"
    """One of ``app.telephony.field_maps.FIELD_MAPS``."""
    public_url: str | None = None
    """The address that is signed: the door's as the exchange was given it; None: ``call.url`` with ``wss``."""
    _fields: FieldMap = field(init=False)
    _dice: random.Random = field(init=False)
    _sequence: int = 0
    _late: dict[Track, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._fields = FIELD_MAPS[self.shape]
        self._dice = random.Random(self.call.trouble.seed + 1)  # noqa: S311 - no secret

    async def play(self) -> None:
        """Play the whole call; return when the server has closed the stream.

        Raises:
            StreamClosed: it was refused or cut off, or the server sent something, which Twilio takes for an error.
        """
        try:
            async with DirectSocket(self.call.url, additional_headers=self.headers()) as socket:
                await self._converse(socket)
        except InvalidStatus as refused:
            status = refused.response.status_code
            raise StreamClosed(1006, "31920", f"接続が拒否されました(HTTP {status})。") from refused
        except (OSError, InvalidHandshake) as failed:
            raise StreamClosed(
                1006, "unreachable", f"{self.call.url} に接続できません。"
            ) from failed

    def headers(self) -> dict[str, str]:
        """Return what the handshake proves itself with."""
        secret = self.call.secret
        if self.call.trouble.wrong_signature:
            secret += "wrong"
        if not secret:
            return {}
        if not self._fields.signed:
            return {"Authorization": f"Bearer {secret}"}
        _scheme, _, rest = self.call.url.partition("://")
        url = self.public_url if self.public_url is not None else f"wss://{rest.partition('?')[0]}"
        return {HEADER: sign(url, (), secret)}

    async def _converse(self, socket: ClientConnection) -> None:
        sent_to_us: list[str | bytes] = []

        async def listen() -> None:
            async for frame in socket:
                sent_to_us.append(frame)  # noqa: PERF401 - what came is wanted also if the socket breaks

        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(listen)
                await self._send(socket)
                with anyio.move_on_after(CLOSE_PATIENCE_S):
                    await socket.wait_closed()
                tasks.cancel_scope.cancel()
        except* ConnectionClosed:
            pass  # why, is looked at below
        await socket.close()
        code, reason = socket.close_code or 1006, socket.close_reason or ""
        if code not in NORMAL_CLOSURES:
            raise StreamClosed(code, "", reason)
        if sent_to_us:
            raise StreamClosed(code, "31924", "一方向のストリームにフレームが送られました。")

    async def _send(self, socket: ClientConnection) -> None:
        for message in self.opening():
            await socket.send(json.dumps(message))
        sound = {track: self._samples(track) for track in self._tracks()}
        width = self._encoding.sample_bytes
        chunk = 0
        async for stretch in paced(self.call, self._fields.frame_ms):
            chunk += 1
            begin_ms = stretch.begin_sample * 1000 // self.call.sound.rate_hz
            for track, samples in sound.items():
                payload = samples[stretch.begin_sample * width : stretch.end_sample * width]
                media = self._media(track, chunk, begin_ms, payload)
                if not stretch.lost:
                    for message in self._shuffled(track, media):
                        await socket.send(json.dumps(message))
        for message in (*self._late.values(), self._stop()):
            await socket.send(json.dumps(message))

    def opening(self) -> list[dict[str, Any]]:
        """Return what comes before the sound; the token and what else was given along is in it."""
        fields, call = self._fields, self.call
        ids = {fields.stream_id: self._stream_id}
        start: dict[str, Any] = {
            **ids,
            fields.call_id: call.call_id,
            fields.account_id: call.key or "AC00000000000000000000000000000000",
            fields.media_format: {
                "encoding": _WRITTEN.get(fields.shape, "audio/x-mulaw"),
                fields.sample_rate: self._number(call.sound.rate_hz),
                "channels": 1,
            },
        }
        if fields.media_format == "mediaFormat":
            start["mediaFormat"][fields.sample_rate] = call.sound.rate_hz  # a number, among strings
            start["tracks"] = [_SIDES[track] for track in self._tracks()]
        if fields.from_number:
            start |= {fields.from_number: call.from_number, fields.to_number: call.to_number}
        message: dict[str, Any] = {"event": "start", **self._numbered(), **ids, "start": start}
        parameters = {
            "from": call.from_number,
            "to": call.to_number,
            "operator": call.operator,
            **{name: told for name, told in call.metadata.items() if isinstance(told, str)},
        }
        if fields.parameters[0] == "start":
            start[fields.parameters[1]] = parameters
        else:
            message[fields.parameters[0]] = _as_headers(parameters)
        connected = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
        return [message] if fields.shape == "plivo" else [connected, message]

    def _media(self, track: Track, chunk: int, begin_ms: int, payload: bytes) -> dict[str, Any]:
        time_ms = begin_ms + self._dice.randint(0, TIMESTAMP_JITTER_MS)
        if self._fields.shape == "plivo":
            time_ms += PLIVO_BEGIN_MS
        media: dict[str, Any] = {
            "chunk": self._number(chunk),
            "timestamp": str(time_ms),
            "payload": base64.b64encode(payload).decode("ascii"),
        }
        if len(self._fields.brings) > 1:
            media["track"] = _SIDES[track]
        return {
            "event": "media",
            **self._numbered(),
            self._fields.stream_id: self._stream_id,
            "media": media,
        }

    def _stop(self) -> dict[str, Any]:
        return {
            "event": "stop",
            **self._numbered(),
            self._fields.stream_id: self._stream_id,
            "stop": {self._fields.call_id: self.call.call_id},
        }

    def _shuffled(self, track: Track, media: dict[str, Any]) -> list[dict[str, Any]]:
        """Let some frames change places with the next one of their track, where order is not promised."""
        late = self._late.pop(track, None)
        if late is not None:
            return [media, late]
        if not self._fields.ordered and self._dice.random() < SHUFFLED:
            self._late[track] = media
            return []
        return [media]

    def _tracks(self) -> list[Track]:
        return [
            Track(name) for name in self.call.sound.tracks if Track(name) in self._fields.brings
        ]

    def _samples(self, track: Track) -> bytes:
        samples = track_bytes(self.call.sound, track)
        if self._encoding is Encoding.PCM_S16LE:
            return encode(Encoding.PCM_S16LE, decode(Encoding(self.call.sound.encoding), samples))
        return samples

    @property
    def _encoding(self) -> Encoding:
        return next(iter(self._fields.encodings.values()))

    @property
    def _stream_id(self) -> str:
        return f"MZ-{self.call.call_id}"

    def _numbered(self) -> dict[str, Any]:
        self._sequence += 1
        return {self._fields.sequence: self._number(self._sequence)}

    def _number(self, number: int) -> int | str:
        return str(number) if self._fields.numbers_are_strings else number


def _as_headers(parameters: dict[str, str]) -> str:
    """Return *parameters* as Plivo hands them on: with a prefix, in letters and digits only."""
    plain = {name: re.sub(r"[^A-Za-z0-9]", "", told) for name, told in parameters.items()}
    return "{" + ", ".join(f"X-PH-{name}: {told}" for name, told in plain.items() if told) + "}"
