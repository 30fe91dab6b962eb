"""Glue: ``/v1/calls/{call_id}/sound``: a live call's sound to a supervisor of its section, and to nobody unseen.

First a text frame ``{"type":"sound",…}``, then binary frames: one byte for the track, four for where in
the call it begins (milliseconds, big-endian), mu-law. ``{"type":"dropped","dropped_ms":n}`` where a listener was too
slow, ``{"type":"ended"}`` after the last. The screen sends any text every 10 s as its sign of life.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from uuid import uuid4

import anyio
from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect
from sqlalchemy.exc import SQLAlchemyError

from app.auth.access import admit, admits
from app.auth.identity import Identity, Role
from app.calls.endpoints import load_seen
from app.calls.live_call import LiveCall
from app.errors import AppError, NotAllowed, Unavailable
from app.joining.attendance import Attendance, Because
from app.joining.endpoints import attendance_of, live_call
from app.joining.mulaw_tracks import RATE_HZ, sound_frame
from app.joining.presence import Way
from app.joining.sound_tap import Listener
from app.models import Call
from app.services import Services, services_of

SEND_SECONDS: Final = 10
CLOSE_SECONDS: Final = 5
LEFT: Final = 4410
"""「抜ける」 was pressed, or no sign of life came."""

router = APIRouter()


@router.websocket("/v1/calls/{call_id}/sound", dependencies=[Depends(admits(Role.SUPERVISOR))])
async def call_sound(websocket: WebSocket, call_id: str) -> None:
    await websocket.accept()
    services = services_of(websocket)
    try:
        identity = await admit(websocket, {Role.SUPERVISOR})
        call = await live_call(services, identity, call_id)
        found = services.registry.find(call_id)
        if found is None:
            raise Unavailable(
                "sound_not_here",
                "この通話の音声は届いていません。電話がつながり直すまでお待ちください。",
            )
        await Ears(websocket, services, identity, call, found).listen()
    except AppError as refused:
        await _close(websocket, refused.close_code, refused.code)


class Ears:
    """One supervisor's socket to one call's sound."""

    def __init__(
        self,
        websocket: WebSocket,
        services: Services,
        identity: Identity,
        call: Call,
        live: LiveCall,
    ) -> None:
        self._websocket = websocket
        self._services = services
        self._identity = identity
        self._call = call
        self._live = live
        self._attendance: Attendance = attendance_of(websocket)
        self._way = Way(uuid4().hex, identity.login, identity.display_name, listening=True)
        self._closing: tuple[int, str] = (LEFT, "left")
        self._because = Because.CLOSED

    async def listen(self) -> None:
        """Send sound until the call ends, the peer leaves, or may no longer; first of all it is recorded.

        Raises:
            Conflict: the call has ended meanwhile.
        """
        call_id, login = self._call.id, self._way.login
        with anyio.CancelScope() as here:
            # Recorded whole: a peer that leaves at once was here all the same.
            with anyio.CancelScope(shield=True):
                await self._attendance.arrive(self._call, self._way, here)
            listener = self._attendance.taps.open(self._live)
            try:
                async with anyio.create_task_group() as parts:
                    stop = partial(self._stop, parts.cancel_scope)
                    parts.start_soon(self._notice_signs, stop)
                    parts.start_soon(self._notice_revocation, stop)
                    parts.start_soon(self._send, listener, stop)
            finally:
                self._attendance.taps.close(self._live, listener)
                with anyio.CancelScope(shield=True):
                    await self._attendance.depart(call_id, login, self._way.way_id, self._because)
        await _close(self._websocket, *self._closing)

    @staticmethod
    def _stop(scope: anyio.CancelScope) -> None:
        scope.cancel()

    async def _notice_signs(self, stop: partial[None]) -> None:
        while (await self._websocket.receive())["type"] != "websocket.disconnect":
            self._attendance.alive(self._call.id, self._way.login, self._way.way_id)
        stop()

    async def _notice_revocation(self, stop: partial[None]) -> None:
        while True:
            await anyio.sleep(self._attendance.recheck_seconds)
            try:
                identity = await admit(self._websocket, {Role.SUPERVISOR})
                await load_seen(self._services, identity, self._call.id)
                if identity.login != self._identity.login:
                    raise NotAllowed("not_allowed", "別の人がサインインしました。")
            except (SQLAlchemyError, OSError):
                continue  # the tables are away: nobody was signed out by that
            except AppError as refused:
                self._closing = (refused.close_code, refused.code)
                stop()
                return

    async def _send(self, listener: Listener, stop: partial[None]) -> None:
        try:
            await self._send_all(listener)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the peer left between two frames
        except TimeoutError:
            self._closing = (4408, "too_slow")
        stop()

    async def _send_all(self, listener: Listener) -> None:
        with anyio.fail_after(SEND_SECONDS):
            await self._websocket.send_json(
                {
                    "type": "sound",
                    "encoding": "mulaw",
                    "rate": RATE_HZ,
                    "tracks": [track.value for track in self._live.facts.tracks],
                    "position_ms": listener.position_ms,
                }
            )
        dropped_ms = 0
        while (heard := await listener.next()) is not None:
            with anyio.fail_after(SEND_SECONDS):
                if heard.dropped_ms != dropped_ms:
                    dropped_ms = heard.dropped_ms
                    await self._websocket.send_json({"type": "dropped", "dropped_ms": dropped_ms})
                for track, mulaw in enumerate(heard.tracks):
                    await self._websocket.send_bytes(sound_frame(track, heard.position_ms, mulaw))
        self._because, self._closing = Because.CALL_ENDED, (1000, "ended")
        with anyio.fail_after(SEND_SECONDS):
            await self._websocket.send_json({"type": "ended"})


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    with anyio.move_on_after(CLOSE_SECONDS):
        try:
            await websocket.close(code, reason)
        except (RuntimeError, WebSocketDisconnect):
            return
