"""Glue: the WebSocket doors: which path speaks which dialect, and how its exchange proves itself."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import anyio
import structlog
from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect

from app.auth.access import admits
from app.auth.identity import Role
from app.calls.protocol import Refusal, StreamRefused
from app.services import Services, services_of
from app.telephony.asterisk import AsteriskStream
from app.telephony.audiohook import AudioHookStream
from app.telephony.audiohook_signature import authority_of
from app.telephony.audiohook_signature import verify as verify_session
from app.telephony.door_access import Admitted, admit_door, admit_with_token
from app.telephony.freeswitch import SUBPROTOCOLS as FREESWITCH_SUBPROTOCOLS
from app.telephony.freeswitch import FreeSwitchStream
from app.telephony.jambonz import SUBPROTOCOLS as JAMBONZ_SUBPROTOCOLS
from app.telephony.jambonz import JambonzStream
from app.telephony.line import Conversation, Line, refuse
from app.telephony.messages import CallBegan
from app.telephony.ports import Dialect
from app.telephony.twilio import TwilioStream
from app.telephony.twilio_signature import verify as verify_url

log = structlog.get_logger()
router = APIRouter()

SLOW_REFUSAL_SECONDS: Final = 0.5
"""A wrong signature is answered no sooner: guessing is slow, and its kind cannot be told by the time."""

Prove = Callable[[CallBegan], None]
_BROKEN: Final = "この通話の処理を続けられなくなりました。管理者に連絡してください。"


@dataclass(frozen=True, slots=True)
class Door:
    name: str
    new_dialect: Callable[[WebSocket, Services], Dialect]
    admit: Callable[[WebSocket, Services], Awaitable[tuple[Admitted, Prove]]]
    subprotocols: tuple[str, ...] = ()
    signed: bool = False


async def serve(websocket: WebSocket, door: Door) -> None:
    """Converse with one exchange until its socket is gone."""
    # Accepted before anything slow: Asterisk waits 500 ms, and every refusal arrives with its reason.
    offered = websocket.scope.get("subprotocols", ())
    await websocket.accept(next((name for name in door.subprotocols if name in offered), None))
    services = services_of(websocket)
    dialect: Dialect | None = None
    try:
        dialect = door.new_dialect(websocket, services)
        admitted, prove = await _admit(websocket, services, door)
        line = Line(door.name, dialect, admitted, prove)
        await Conversation(websocket, line, services).hold()
    except StreamRefused as refused:
        # Most exchanges show nobody the code that they are closed with.
        log.warning("telephone line refused", door=door.name, refusal=refused.code)
        await refuse(websocket, refused, dialect, services.clock)
    except WebSocketDisconnect:
        return
    except Exception:
        log.exception("stream failed", door=door.name)
        broken = StreamRefused(Refusal.INTERNAL, _BROKEN)
        await refuse(websocket, broken, dialect, services.clock)


async def _admit(websocket: WebSocket, services: Services, door: Door) -> tuple[Admitted, Prove]:
    begun_at = anyio.current_time()
    try:
        return await door.admit(websocket, services)
    except StreamRefused:
        if door.signed:
            await anyio.sleep(max(0.0, begun_at + SLOW_REFUSAL_SECONDS - anyio.current_time()))
        raise


async def _with_token(websocket: WebSocket, _services: Services) -> tuple[Admitted, Prove]:
    return await admit_with_token(websocket), _nothing_to_prove


async def _with_twilio_signature(
    websocket: WebSocket, services: Services
) -> tuple[Admitted, Prove]:
    """Those that speak like Twilio without its signature bring a stream token."""
    signature = websocket.headers.get("x-twilio-signature")
    if signature is None:
        return await _with_token(websocket, services)
    twilio = services.settings.telephony.twilio
    if twilio.auth_token is None:
        raise StreamRefused(
            Refusal.NOT_CONFIGURED,
            "Twilio の接続口は設定されていません(MIMAMORI_TELEPHONY__TWILIO__AUTH_TOKEN)。",
        )
    url = public_socket_url(services.settings.public_url, target_of(websocket))
    if not verify_url(url, (), twilio.auth_token.get_secret_value(), signature):
        raise StreamRefused(
            Refusal.BAD_SIGNATURE,
            "X-Twilio-Signature が正しくありません。MIMAMORI_PUBLIC_URL を確認してください。",
        )
    doors, clock = services.doors, services.clock

    def prove(began: CallBegan) -> None:
        if not twilio.one_time_token:
            return
        if not doors.one_time_tokens.redeem(began.proof, began.call_id, clock.monotonic_ms()):
            raise StreamRefused(
                Refusal.BAD_SIGNATURE,
                "この通話に渡したトークンではありません(Parameter の token を確認してください)。",
            )

    return await admit_door(services, "twilio"), prove


async def _with_session_signature(
    websocket: WebSocket, services: Services
) -> tuple[Admitted, Prove]:
    audiohook = services.settings.telephony.audiohook
    if not audiohook.keys:
        raise StreamRefused(
            Refusal.NOT_CONFIGURED,
            "AudioHook の接続口は設定されていません(MIMAMORI_TELEPHONY__AUDIOHOOK__KEYS)。",
        )
    # A key with an empty secret would be good without a signature.
    keys = {
        key: secret.get_secret_value()
        for key, secret in audiohook.keys.items()
        if audiohook.unsigned or secret.get_secret_value()
    }
    verify_session(
        dict(websocket.headers),
        target_of(websocket),
        authority_of(services.settings.public_url),
        keys,
        services.clock.now().timestamp(),
        services.doors.nonces,
        dummy_secret=secrets.token_bytes(32),
    )
    return await admit_door(services, "audiohook"), _nothing_to_prove


def _nothing_to_prove(_began: CallBegan) -> None:
    """The connection itself has proved whose it is."""


def target_of(websocket: WebSocket) -> str:
    """Return path and query as they were asked for."""
    path = websocket.scope.get("raw_path", b"").decode("ascii", "replace")
    query = websocket.scope.get("query_string", b"").decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def public_socket_url(public_url: str, target: str) -> str:
    """Return the address under which an exchange knows *target*: never what a Host header says."""
    parts = urlsplit(public_url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}{target}"


def _new_twilio(websocket: WebSocket, services: Services) -> Dialect:
    return TwilioStream(
        shape=websocket.query_params.get("shape", ""),
        account_sid=services.settings.telephony.twilio.account_sid,
    )


def _parameters(websocket: WebSocket) -> Mapping[str, str]:
    return dict(websocket.query_params)


_ASTERISK: Final = Door(
    "asterisk",
    lambda websocket, _: AsteriskStream(_parameters(websocket)),
    _with_token,
    subprotocols=("media",),
)
_FREESWITCH: Final = Door(
    "freeswitch",
    lambda websocket, _: FreeSwitchStream(_parameters(websocket)),
    _with_token,
    subprotocols=FREESWITCH_SUBPROTOCOLS,
)
_JAMBONZ: Final = Door(
    "jambonz",
    lambda websocket, _: JambonzStream(_parameters(websocket)),
    _with_token,
    subprotocols=JAMBONZ_SUBPROTOCOLS,
)


_AUDIOHOOK: Final = Door(
    "audiohook",
    lambda websocket, _: AudioHookStream(
        websocket.headers.get("audiohook-session-id", ""),
        websocket.headers.get("audiohook-organization-id", ""),
        correlation_id=websocket.headers.get("audiohook-correlation-id", ""),
    ),
    _with_session_signature,
    signed=True,
)
_TWILIO: Final = Door("twilio", _new_twilio, _with_twilio_signature, signed=True)


@router.websocket("/v1/stream/asterisk", dependencies=[Depends(admits(Role.STREAM))])
async def asterisk(websocket: WebSocket) -> None:
    await serve(websocket, _ASTERISK)


@router.websocket("/v1/stream/freeswitch", dependencies=[Depends(admits(Role.STREAM))])
async def freeswitch(websocket: WebSocket) -> None:
    await serve(websocket, _FREESWITCH)


@router.websocket("/v1/stream/jambonz", dependencies=[Depends(admits(Role.STREAM))])
async def jambonz(websocket: WebSocket) -> None:
    await serve(websocket, _JAMBONZ)


@router.websocket("/v1/stream/twilio", dependencies=[Depends(admits(Role.STREAM))])
async def twilio(websocket: WebSocket) -> None:
    await serve(websocket, _TWILIO)


@router.websocket("/v1/stream/audiohook", dependencies=[Depends(admits(Role.STREAM))])
async def audiohook(websocket: WebSocket) -> None:
    await serve(websocket, _AUDIOHOOK)
