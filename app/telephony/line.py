"""Glue: the one shell of all WebSocket doors: frames in, steps carried out, nothing decided here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

import anyio
import structlog
from fastapi import WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketState

from app.calls.protocol import Refusal, StreamRefused
from app.ports import Clock
from app.services import Services
from app.telephony.door_access import Admitted, check_again
from app.telephony.messages import (
    Answered,
    CallBegan,
    CallOver,
    Held,
    Missed,
    Noticed,
    Probe,
    Reply,
    Step,
    TrackSound,
    Transferred,
    Unheld,
    WovenSound,
)
from app.telephony.part import Part
from app.telephony.playing import LineAudio
from app.telephony.ports import Dialect, PlayingDialect

log = structlog.get_logger()

CLOSE_SECONDS: Final = 5
"""A peer that reads nothing, or does not close, holds a refused socket for so long."""
LAST_WORDS_SECONDS: Final = 10
"""An exchange that closes for itself has so long after its call was judged."""


@dataclass(frozen=True, slots=True)
class Line:
    """One socket of one door: what it speaks and in whose name."""

    door: str
    dialect: Dialect
    admitted: Admitted
    prove: Callable[[CallBegan], None]
    """Raises StreamRefused where the call that begins is not the one that was announced."""


class Conversation:
    """Everything that happens on one line until its socket is gone."""

    def __init__(self, websocket: WebSocket, line: Line, services: Services) -> None:
        self._websocket = websocket
        self._line = line
        self._services = services
        self._part: Part | None = None
        self._probing = False
        self._over: str | None = None
        self._noticed: set[str] = set()
        self._audio: LineAudio | None = None

    async def hold(self) -> None:
        """Converse until the call is over and judged, or the socket is lost.

        Raises:
            StreamRefused: after the call was left; nothing was said to the exchange yet.
        """
        try:
            await self._listen()
        except WebSocketDisconnect as gone:
            over = self._line.dialect.closed(gone.code)
            self._over = over.reason if over is not None else None
        finally:
            if self._part is not None:
                self._part.carry_rest(self._line.dialect.rest(self._services.clock.monotonic_ms()))
            with anyio.CancelScope(shield=True):
                await self._leave()

    async def _listen(self) -> None:
        settings, clock = self._services.settings.stream, self._services.clock
        start_ms = settings.start_timeout_seconds * 1000
        idle_ms = settings.idle_timeout_seconds * 1000
        # A deadline for each message would cost as much as all else that is done with it here.
        renew_ms = idle_ms / 10
        begun_ms = checked_ms = renewed_ms = clock.monotonic_ms()
        refusal = StreamRefused(Refusal.START_TIMEOUT, "通話の開始が届きませんでした。")
        with anyio.move_on_after(start_ms / 1000) as patience:
            while True:
                frame = await self._websocket.receive()
                now_ms = clock.monotonic_ms()
                if await self._take(frame, now_ms):
                    return
                if self._part is None and not self._probing:
                    if now_ms - begun_ms > start_ms:
                        raise refusal
                    continue
                if now_ms - renewed_ms >= renew_ms or refusal.refusal is Refusal.START_TIMEOUT:
                    refusal = StreamRefused(
                        Refusal.IDLE_TIMEOUT, "音声が届かないため接続を閉じました。"
                    )
                    renewed_ms = now_ms
                    patience.deadline = anyio.current_time() + (idle_ms + renew_ms) / 1000
                if now_ms - checked_ms >= settings.recheck_seconds * 1000:
                    checked_ms = now_ms
                    await check_again(self._services, self._line.admitted)
        raise refusal

    async def _take(self, frame: dict[str, object] | object, now_ms: int) -> bool:
        """Carry out what one frame says; True when the call is over."""
        message = cast("dict[str, object]", frame)
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(cast("int", message.get("code", 1006)))
        dialect, text = self._line.dialect, message.get("text")
        if isinstance(text, str):
            steps = dialect.text(text, now_ms)
        else:
            steps = dialect.binary(cast("bytes", message["bytes"]), now_ms)
        for step in steps:
            if isinstance(step, CallOver):
                self._over = step.reason
                await self._finish()
                return True
            await self._carry_out(step)
        return False

    async def _carry_out(self, step: Step) -> None:
        part = self._part
        match step:
            case WovenSound() | TrackSound() | Missed():
                if part is not None:
                    await part.carry_patiently(step)
            case Reply(frame=frame):
                await send(self._websocket, frame)
            case CallBegan():
                await self._begin(step)
            case Answered() | Held() | Unheld() | Transferred():
                if part is not None:
                    await part.call.tell(step)
            case Noticed(code=code):
                if code not in self._noticed:
                    self._noticed.add(code)
                    log.info("telephone line", door=self._line.door, noticed=code)
            case Probe():
                self._probing = True
            case CallOver():
                pass  # carried out by ``_take``

    async def _begin(self, began: CallBegan) -> None:
        services, line = self._services, self._line
        line.prove(began)
        if not services.transcriber.ready:
            raise StreamRefused(
                Refusal.NOT_READY,
                "音声認識の準備ができていません。しばらくして接続し直してください。",
            )
        part = self._part = await services.doors.join(began, line.admitted, line.door)
        if getattr(line.dialect, "can_play", False):
            self._audio = LineAudio(
                cast("PlayingDialect", line.dialect),
                partial(send, self._websocket),
                (RuntimeError, WebSocketDisconnect),
            )
            services.doors.offer_audio(part, self._audio)
        for reply in line.dialect.attached(part.call.call_id, part.call.position_samples):
            await send(self._websocket, reply.frame)

    async def _finish(self) -> None:
        # Judged to the end even if the exchange does not wait for the answer.
        with anyio.CancelScope(shield=True):
            await self._leave()
        try:
            for reply in self._line.dialect.judged():
                await send(self._websocket, reply.frame)
            if closes_itself(self._line.dialect):
                await drain(
                    self._websocket, self._line.dialect, self._services.clock, LAST_WORDS_SECONDS
                )
            await self._websocket.close(1000)
        except (RuntimeError, WebSocketDisconnect):
            return  # it did not wait

    async def _leave(self) -> None:
        part, self._part = self._part, None
        if part is None:
            return
        if self._audio is not None:
            self._services.doors.withdraw_audio(part, self._audio)
        await part.call.leave(part, self._over)


def closes_itself(dialect: Dialect) -> bool:
    """Say whether this exchange closes the socket for itself, once it was told to."""
    return bool(getattr(dialect, "waits_for_close", False))


async def send(websocket: WebSocket, frame: str | bytes) -> None:
    if isinstance(frame, str):
        await websocket.send_text(frame)
    else:
        await websocket.send_bytes(frame)


async def drain(websocket: WebSocket, dialect: Dialect, clock: Clock, seconds: float) -> None:
    """Read and answer until the exchange has closed the socket; no longer than *seconds*."""
    with anyio.move_on_after(seconds):
        while True:
            frame = await websocket.receive()
            if frame["type"] == "websocket.disconnect":
                return
            text = frame.get("text")
            try:
                if text is not None:
                    steps = dialect.text(text, clock.monotonic_ms())
                else:
                    steps = dialect.binary(frame["bytes"], clock.monotonic_ms())
            except StreamRefused:
                continue  # it was told once
            for step in steps:
                if isinstance(step, Reply):
                    await send(websocket, step.frame)
                elif isinstance(step, CallOver):
                    for reply in dialect.judged():
                        await send(websocket, reply.frame)


async def refuse(
    websocket: WebSocket, refused: StreamRefused, dialect: Dialect | None, clock: Clock
) -> None:
    """Tell the exchange why, and close. A peer that has gone, or reads nothing, does not hold this task."""
    if websocket.application_state is not WebSocketState.CONNECTED:
        return
    with anyio.move_on_after(2 * CLOSE_SECONDS):
        try:
            for reply in dialect.refused(refused) if dialect is not None else ():
                await send(websocket, reply.frame)
            if dialect is not None and closes_itself(dialect):
                await drain(websocket, dialect, clock, CLOSE_SECONDS)
            await websocket.close(refused.stream_close_code)
        except (RuntimeError, WebSocketDisconnect):
            return
