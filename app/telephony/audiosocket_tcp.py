"""Glue: the door of Asterisk's AudioSocket: a TCP port that takes connections of allowed networks only.

The protocol knows neither password nor TLS: whoever may connect may bring calls. So the port is closed unless an
office opens it, and answers its own machine alone unless the office says otherwise.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Final

import anyio
import structlog
from anyio.abc import SocketAttribute, SocketStream

from app.calls.protocol import Refusal, StreamRefused
from app.errors import Unavailable
from app.services import Services
from app.telephony.audiosocket import AudioSocketStream
from app.telephony.door_access import Admitted, admit_door, check_again, lies_within
from app.telephony.messages import (
    CallBegan,
    CallOver,
    Missed,
    Noticed,
    Reply,
    Step,
    TrackSound,
    WovenSound,
)
from app.telephony.part import Part
from app.telephony.playing import LineAudio

log = structlog.get_logger()

DOOR: Final = "audiosocket"
READ_BYTES: Final = 16_384


@asynccontextmanager
async def listening(services: Services) -> AsyncIterator[int | None]:
    """Take connections until the block ends; yields the port, or None where the door is closed.

    Raises:
        Unavailable: the address of the settings cannot be listened at (``audiosocket_address``).
    """
    address = services.settings.telephony.audiosocket.listen
    if not address:
        yield None
        return
    host, _, port = address.rpartition(":")
    try:
        listener = await anyio.create_tcp_listener(
            local_host=host.strip("[]") or "127.0.0.1", local_port=int(port)
        )
    except (OSError, ValueError) as error:
        raise Unavailable(
            "audiosocket_address",
            f"AudioSocket を {address} で待ち受けられません。MIMAMORI_TELEPHONY__AUDIOSOCKET__LISTEN を"
            "「127.0.0.1:9092」の形で、空いている番号に直してください。",
        ) from error
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(partial(listener.serve, partial(_serve, services=services), tasks))
        yield listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
        tasks.cancel_scope.cancel()


async def _serve(stream: SocketStream, services: Services) -> None:
    """The call boundary: whatever one connection does, the others go on."""
    async with stream:
        peer = _peer_of(stream)
        if peer is None:
            return
        if not lies_within(peer, services.settings.telephony.audiosocket.allowed_networks):
            log.warning("telephone line refused", door=DOOR, refusal="address_not_allowed")
            return
        try:
            section = services.settings.telephony.audiosocket.section
            admitted = replace(await admit_door(services, DOOR), section=section)
            await _Connection(stream, services, admitted).hold()
        except StreamRefused as refused:
            log.warning("telephone line refused", door=DOOR, refusal=refused.code)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return
        except Exception:
            log.exception("stream failed", door=DOOR)


def _peer_of(stream: SocketStream) -> str | None:
    """Return whose connection it is; None where it is gone already, as after a port scan."""
    try:
        return str(stream.extra(SocketAttribute.remote_address)[0])  # noqa: S610 - anyio's
    except (anyio.TypedAttributeLookupError, AttributeError, OSError):
        return None  # uvloop has no socket any more then: an AttributeError


class _Connection:
    def __init__(self, stream: SocketStream, services: Services, admitted: Admitted) -> None:
        self._stream = stream
        self._services = services
        self._admitted = admitted
        self._dialect = AudioSocketStream()
        self._part: Part | None = None
        self._audio = LineAudio(
            self._dialect, self._send, (anyio.BrokenResourceError, anyio.ClosedResourceError)
        )
        self._over: str | None = None
        self._noticed: set[str] = set()

    async def hold(self) -> None:
        try:
            await self._listen()
        except anyio.EndOfStream:
            over = self._dialect.closed(1000)
            self._over = over.reason if over else None
        finally:
            if self._part is not None:
                self._part.carry_rest(self._dialect.rest(self._services.clock.monotonic_ms()))
            with anyio.CancelScope(shield=True):
                await self._leave()

    async def _listen(self) -> None:
        settings, clock = self._services.settings.stream, self._services.clock
        begun_ms = checked_ms = now_ms = clock.monotonic_ms()
        while self._over is None:
            started = self._part is not None
            # Whoever brings no call has so long in all, however much else he sends.
            start_seconds = settings.start_timeout_seconds - (now_ms - begun_ms) / 1000
            with anyio.move_on_after(
                settings.idle_timeout_seconds if started else start_seconds
            ) as patience:
                received = await self._stream.receive(READ_BYTES)
            if patience.cancelled_caught:
                refusal = Refusal.IDLE_TIMEOUT if started else Refusal.START_TIMEOUT
                raise StreamRefused(refusal, "音声が届かないため接続を閉じました。")
            now_ms = clock.monotonic_ms()
            if now_ms - checked_ms >= settings.recheck_seconds * 1000:
                checked_ms = now_ms
                await check_again(self._services, self._admitted)
            for step in self._dialect.feed(received, now_ms):
                await self._carry_out(step)

    async def _carry_out(self, step: Step) -> None:
        part = self._part
        match step:
            case WovenSound() | TrackSound() | Missed():
                if part is not None:
                    await part.carry_patiently(step)
            case CallBegan():
                await self._begin(step)
            case CallOver(reason=reason):
                self._over = reason
            case Reply(frame=bytes() as frame):
                await self._stream.send(frame)
            case Noticed(code=code):
                if code not in self._noticed:
                    self._noticed.add(code)
                    log.info("telephone line", door=DOOR, noticed=code)
            case _:
                pass  # this protocol says nothing else

    async def _begin(self, began: CallBegan) -> None:
        if not self._services.transcriber.ready:
            raise StreamRefused(Refusal.NOT_READY, "音声認識の準備ができていません。")
        self._part = await self._services.doors.join(began, self._admitted, DOOR)
        if self._dialect.can_play:
            self._services.doors.offer_audio(self._part, self._audio)

    async def _send(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):  # this protocol has no text
            await self._stream.send(frame)

    async def _leave(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            self._services.doors.withdraw_audio(part, self._audio)
            await part.call.leave(part, self._over)
