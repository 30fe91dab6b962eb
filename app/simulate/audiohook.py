"""Adapter: Genesys Cloud as an AudioHook client. It keeps the protocol's rules, and fails where the server breaks one.

The channels are external (the caller) and internal (the operator), mu-law in frames of 200 ms. A session that
is lost is not taken up again by Genesys: ``Trouble.reconnect_at_ms`` does nothing here.
"""

from __future__ import annotations

import base64
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import numpy as np
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from app.direct_socket import DirectSocket
from app.simulate.audiohook_session import BROKEN, AudioHookSession, lost
from app.simulate.exchange import SimulatedCall, Stretch, paced, track_bytes
from app.simulate.native import StreamClosed, not_upgraded
from app.telephony.audiohook_signature import authority_of, decoded_secret, sign

FRAME_MS: Final = 200
OPENED_WITHIN_S: Final = 5.0
CLOSED_WITHIN_S: Final = 10.0
FIRST_PING_S: Final = 1.0
PING_EVERY_S: Final = 5.0
SIGNATURE_LIFE_S: Final = 30
NULL_UUID: Final = str(uuid.UUID(int=0))
TRACKS: Final[Mapping[str, str]] = {"external": "caller", "internal": "operator"}


@dataclass(slots=True)
class AudioHookExchange:
    """One session with one server. ``call.key`` is the API key, ``call.secret`` its secret in base64, or empty."""

    call: SimulatedCall
    channels: tuple[str, ...] = ("external", "internal")
    """In the order of their interleaving."""
    probe: bool = False
    """Only try the line, as Genesys does when an integration is set up: no sound is sent."""
    pause_at_ms: int | None = None
    """Pause there, as for a secure flow …"""
    pause_ms: int = 2_000
    """… and go on so much of the call later; what is spoken meanwhile is never sent."""
    organization_id: str = str(uuid.uuid5(uuid.NAMESPACE_DNS, "mimamori.example"))
    first_ping_s: float = FIRST_PING_S
    ping_every_s: float = PING_EVERY_S
    opened_within_s: float = OPENED_WITHIN_S
    closed_within_s: float = CLOSED_WITHIN_S
    disconnected: str = ""
    """The reason for which the server ended the session, where that was no refusal."""
    round_trips_ms: list[float] = field(default_factory=list)

    @property
    def session_id(self) -> str:
        """Names the call on the server: ``call.call_id`` where that is a UUID, else one made of it."""
        try:
            return str(uuid.UUID(self.call.call_id))
        except ValueError:
            return self._named("session")

    async def play(self) -> None:
        """Play the whole call; return when the server has judged it (``closed``), or has politely had enough.

        Raises:
            StreamClosed: the server refused the session, broke a rule of the protocol, or is gone.
        """
        try:
            async with DirectSocket(
                self.call.url, additional_headers=self.headers(), max_size=2**20
            ) as socket:
                if self.call.trouble.late_start_ms:
                    await anyio.sleep(self.call.trouble.late_start_ms / 1000)
                await self._converse(socket)
        except InvalidStatus as refused:
            raise not_upgraded(refused) from refused
        except (OSError, InvalidHandshake) as failed:
            raise StreamClosed(
                1006, "unreachable", f"{self.call.url} に接続できません。"
            ) from failed

    def headers(self) -> dict[str, str]:
        """Return what the handshake carries and proves itself with, signed now."""
        told = {
            "audiohook-organization-id": self.organization_id,
            "audiohook-session-id": self.session_id,
            "audiohook-correlation-id": self._named("correlation"),
            "x-api-key": self.call.key,
        }
        try:
            secret = decoded_secret(self.call.secret)
        except ValueError as failed:
            raise StreamClosed(
                1006, "bad_secret", "秘密鍵は base64 で指定してください。"
            ) from failed
        if self.call.trouble.wrong_signature:
            secret += b"wrong"
        if not secret:
            return told
        parts, now_s = urlsplit(self.call.url), int(time.time())
        return told | sign(
            told,
            (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            authority_of(self.call.url),
            secret,
            nonce=base64.b64encode(secrets.token_bytes(18)).decode(),
            created_s=now_s,
            expires_s=now_s + SIGNATURE_LIFE_S,
        )

    def opening(self) -> dict[str, Any]:
        """Return the parameters of ``open``."""
        call = self.call
        config = {**call.metadata, **({"operator": call.operator} if call.operator else {})}
        participant = {
            "id": NULL_UUID if self.probe else self._named("participant"),
            "ani": "" if self.probe else call.from_number,
            "aniName": "",
            "dnis": "" if self.probe else call.to_number,
        }
        told: dict[str, Any] = {
            "organizationId": self.organization_id,
            "conversationId": NULL_UUID if self.probe else self._named("conversation"),
            "participant": participant,
            "media": self.offered(),
            "language": "ja-JP",
        }
        return told | ({"customConfig": config} if config else {})

    def offered(self) -> list[dict[str, Any]]:
        """Return the ways in which the sound could be sent: all channels, then each alone."""
        single = [(name,) for name in TRACKS if name in self.channels and len(self.channels) > 1]
        return [
            {"type": "audio", "format": "PCMU", "channels": list(names), "rate": 8_000}
            for names in (self.channels, *single)
        ]

    def _named(self, what: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{what}/{self.call.call_id}"))

    async def _converse(self, socket: ClientConnection) -> None:
        self.round_trips_ms.clear()
        session = AudioHookSession(
            socket, self.session_id, self.call.sound.rate_hz, self.round_trips_ms
        )
        ended: StreamClosed | None = None
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(session.listen)
                await session.say("open", self.opening())
                await session.within(self.opened_within_s, session.decided, "opened")
                if session.disconnect is None:
                    channels = _chosen(session.opened, self.offered())
                    tasks.start_soon(session.ping, self.first_ping_s, self.ping_every_s)
                    await self._send(session, channels)
                await session.close(self.closed_within_s)
                tasks.cancel_scope.cancel()
        except* StreamClosed as broken:
            ended = next(each for each in _leaves(broken) if isinstance(each, StreamClosed))
        except* ConnectionClosed:
            ended = ended or lost(socket)
        await socket.close()
        if session.disconnect is not None and (ended is None or ended.code != BROKEN):
            reason, info = session.disconnect
            if reason != "completed":
                code, _, message = info.partition(": ")
                raise StreamClosed(1000, code or reason, message)
            self.disconnected = reason
        elif ended is not None:
            raise ended

    async def _send(self, session: AudioHookSession, channels: tuple[str, ...]) -> None:
        if not channels or self.probe:
            return
        sound = self.call.sound
        silent = b"\xff" * sound.samples
        tracks = [
            np.frombuffer(
                track_bytes(sound, TRACKS[name]) if TRACKS[name] in sound.tracks else silent,
                np.uint8,
            )
            for name in channels
        ]
        woven = np.stack(tracks, axis=1)
        paused_at: int | None = None
        async for stretch in paced(self.call, FRAME_MS):
            if session.disconnect is not None:
                return
            if self._is_pause(stretch):
                if paused_at is None:
                    paused_at = stretch.begin_sample
                    await session.say("paused", {})
                continue
            if paused_at is not None:
                await session.leave_out("resumed", stretch.begin_sample - paused_at)
                paused_at = None
            samples = stretch.end_sample - stretch.begin_sample
            if stretch.lost:
                await session.leave_out("discarded", samples)
            else:
                await session.sound(
                    woven[stretch.begin_sample : stretch.end_sample].tobytes(), samples
                )

    def _is_pause(self, stretch: Stretch) -> bool:
        if self.pause_at_ms is None:
            return False
        begin_ms = stretch.begin_sample * 1000 // self.call.sound.rate_hz
        return self.pause_at_ms <= begin_ms < self.pause_at_ms + self.pause_ms


def _chosen(opened: Mapping[str, Any], offered: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the channels that the server wants to hear.

    Raises:
        StreamClosed: it chose what was not offered.
    """
    media = opened.get("media")
    if not isinstance(media, list) or len(media) > 1 or any(each not in offered for each in media):
        raise StreamClosed(
            1002, BROKEN, "opened の media が、示したもののうちの一つではありません。"
        )
    return tuple(media[0]["channels"]) if media else ()


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    return [
        leaf
        for each in group.exceptions
        for leaf in (_leaves(each) if isinstance(each, BaseExceptionGroup) else [each])
    ]
