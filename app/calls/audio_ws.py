"""Glue: ``/v1/stream/native``. A thin shell: frames in, messages out, nothing decided here."""

from __future__ import annotations

import anyio
import structlog
from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocketState

from app.auth.access import admits, identify
from app.auth.identity import Identity, Role
from app.calls.protocol import (
    CallStarted,
    CallStopped,
    NativeStream,
    Refusal,
    Sound,
    StreamRefused,
)
from app.calls.registry import Attached, CallRegistry
from app.errors import NotAllowed
from app.services import Services, services_of

log = structlog.get_logger()

CLOSE_SECONDS = 5
router = APIRouter()


@router.websocket("/v1/stream/native", dependencies=[Depends(admits(Role.STREAM))])
async def native_stream(websocket: WebSocket) -> None:
    # Accepted before anything slow, so that every refusal arrives with its reason.
    await websocket.accept()
    services = services_of(websocket)
    try:
        await _converse(websocket, services)
    except StreamRefused as refused:
        log.warning("telephone line refused", door="native", refusal=refused.code)
        await _refuse(websocket, refused)
    except WebSocketDisconnect:
        return
    except Exception:
        log.exception("stream failed")
        await _refuse(websocket, StreamRefused(Refusal.INTERNAL, _WHY_TAKEN[Refusal.INTERNAL]))


async def _converse(websocket: WebSocket, services: Services) -> None:
    try:
        identity = _stream_identity(await identify(websocket))
    except NotAllowed as refused:
        raise StreamRefused(Refusal.NOT_ALLOWED, refused.message) from refused
    settings = services.settings.stream
    stream = NativeStream(settings.max_frame_bytes)
    with anyio.move_on_after(settings.start_timeout_seconds) as patience:
        started = await _receive(websocket, stream)
    if patience.cancelled_caught:
        raise StreamRefused(Refusal.START_TIMEOUT, "start が届きませんでした。")
    if not isinstance(started, CallStarted):
        raise StreamRefused(Refusal.NOT_STARTED, "最初に start を送ってください。")
    if not services.transcriber.ready:
        raise StreamRefused(
            Refusal.NOT_READY, "音声認識の準備ができていません。しばらくして接続し直してください。"
        )
    attached = await services.registry.attach(
        started, token_id=identity.token_id or 0, section=identity.section
    )
    try:
        await _carry(websocket, stream, attached, services)
    finally:
        services.registry.detach(attached)


async def _carry(
    websocket: WebSocket, stream: NativeStream, attached: Attached, services: Services
) -> None:
    """Carry sound until the stop, the loss of the socket, or until the call is taken away."""
    call = attached.call
    await websocket.send_json(
        {
            "type": "started",
            "call_id": call.facts.call_id,
            "position_samples": call.position_samples,
        }
    )
    stopped: CallStopped | None = None
    with attached.hold:
        stopped = await _listen(websocket, stream, attached, services)
    if attached.refusal is not None:
        raise StreamRefused(attached.refusal, _WHY_TAKEN[attached.refusal])
    if stopped is not None:
        await _stop(websocket, services.registry, attached, stopped)


async def _listen(
    websocket: WebSocket, stream: NativeStream, attached: Attached, services: Services
) -> CallStopped:
    call, clock, settings = attached.call, services.clock, services.settings.stream
    recheck_ms = settings.recheck_seconds * 1000
    idle_ms = settings.idle_timeout_seconds * 1000
    # A deadline for each message would cost as much as all else that is done with it here.
    renew_ms = idle_ms / 10
    checked_ms = renewed_ms = clock.monotonic_ms()
    with anyio.move_on_after((idle_ms + renew_ms) / 1000) as patience:
        while True:
            now_ms = clock.monotonic_ms()
            if now_ms - checked_ms >= recheck_ms:
                checked_ms = now_ms
                await _check_again(websocket)
            if now_ms - renewed_ms >= renew_ms:
                renewed_ms = now_ms
                patience.deadline = anyio.current_time() + (idle_ms + renew_ms) / 1000
            message = await _receive(websocket, stream)
            if attached.refusal is not None:
                # Taken away while this frame arrived: the new socket was told a position without it.
                raise StreamRefused(attached.refusal, _WHY_TAKEN[attached.refusal])
            if isinstance(message, Sound):
                call.hear(message.payload)
                if call.behind:
                    await call.caught_up()
            elif isinstance(message, CallStopped):
                return message
    raise StreamRefused(Refusal.IDLE_TIMEOUT, "音声が届かないため接続を閉じました。")


async def _check_again(websocket: WebSocket) -> None:
    """Refuse a stream whose token was revoked meanwhile; a telephone sends for hours."""
    try:
        identity = await identify(websocket)
    except (SQLAlchemyError, OSError):
        return  # the tables are away: nothing was revoked by that
    _stream_identity(identity)


async def _stop(
    websocket: WebSocket, registry: CallRegistry, attached: Attached, stopped: CallStopped
) -> None:
    # Judged to the end even if the telephone does not wait for the answer.
    with anyio.CancelScope(shield=True):
        await registry.stop(attached, stopped.reason or "stop")
    if attached.refusal is not None:  # it failed on its last words
        raise StreamRefused(attached.refusal, _WHY_TAKEN[attached.refusal])
    await websocket.send_json(
        {"type": "stopped", "position_samples": attached.call.position_samples}
    )
    await websocket.close(1000)


_WHY_TAKEN = {
    Refusal.REPLACED: "同じ通話が別の接続で再開されました。",
    Refusal.INTERNAL: "この通話の処理を続けられなくなりました。管理者に連絡してください。",
}


async def _receive(websocket: WebSocket, stream: NativeStream) -> CallStarted | Sound | CallStopped:
    frame = await websocket.receive()
    if frame["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(frame.get("code", 1006))
    text = frame.get("text")
    if text is not None:
        return stream.text(text)
    return stream.binary(frame["bytes"])


def _stream_identity(identity: Identity | None) -> Identity:
    if identity is None or identity.token_id is None:
        raise StreamRefused(
            Refusal.UNAUTHORISED, "Authorization: Bearer に有効なストリームトークンが必要です。"
        )
    if identity.role is not Role.STREAM:
        raise StreamRefused(
            Refusal.NOT_ALLOWED, "このトークンでは音声を送れません(役割 stream が必要です)。"
        )
    return identity


async def _refuse(websocket: WebSocket, refused: StreamRefused) -> None:
    if websocket.application_state is not WebSocketState.CONNECTED:
        return
    # A peer that has gone, or reads nothing, must not hold this task.
    with anyio.move_on_after(CLOSE_SECONDS):
        try:
            await websocket.send_json(
                {"type": "error", "code": refused.code, "message": refused.message}
            )
            await websocket.close(refused.stream_close_code)
        except (RuntimeError, WebSocketDisconnect):
            return
