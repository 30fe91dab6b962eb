"""Adapter: a WebSocket that carries bare 16-bit samples after a text frame, as FreeSWITCH and jambonz open it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from app.direct_socket import DirectSocket
from app.simulate.exchange import SimulatedCall
from app.simulate.native import CallSound, StreamClosed, not_upgraded
from asr.codec import decode, encode_pcm_s16le
from asr.types import Encoding

FRAME_MS: Final = 20
PATIENCE_SECONDS: Final = 60
"""So long the server may take to answer the last close."""
NORMAL_CLOSE: Final = 1000


class LineBroken(Exception):  # noqa: N818 - named as a fact
    """The line was broken on purpose."""

    def __init__(self, at_sample: int) -> None:
        super().__init__(f"the line broke at sample {at_sample}")
        self.at_sample = at_sample


def as_l16(sound: CallSound) -> CallSound:
    """Return *sound* as 16-bit little-endian samples."""
    samples = decode(Encoding(sound.encoding), sound.payload)
    return replace(sound, payload=encode_pcm_s16le(samples), encoding=Encoding.PCM_S16LE.value)


def authorisation(call: SimulatedCall) -> str:
    """Return Basic where the call has a user name (``key``), else Bearer; a wrong secret where that is asked for."""
    secret = call.secret + "-wrong" if call.trouble.wrong_signature else call.secret
    if not call.key:
        return f"Bearer {secret}"
    return "Basic " + base64.b64encode(f"{call.key}:{secret}".encode()).decode()


def frame_of(sound: CallSound, begin_sample: int, end_sample: int) -> bytes:
    return sound.payload[begin_sample * sound.frame_bytes : end_sample * sound.frame_bytes]


@asynccontextmanager
async def open_stream(
    call: SimulatedCall, subprotocols: Sequence[str] = ()
) -> AsyncIterator[ClientConnection]:
    """Open the socket; close it with 1000 at the end, and wait for the server's answer to that.

    After ``LineBroken`` in its body the socket is dropped without a word.

    Raises:
        StreamClosed: the server refused the socket, or closed it for a reason of its own.
    """
    try:
        socket = await DirectSocket(
            call.url,
            additional_headers={"Authorization": authorisation(call)},
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            max_size=2**20,
            close_timeout=PATIENCE_SECONDS,
        )
    except InvalidStatus as refused:
        raise not_upgraded(refused) from refused
    except (OSError, InvalidHandshake) as failed:
        raise StreamClosed(1006, "unreachable", f"{call.url} に接続できません。") from failed
    try:
        if subprotocols and socket.subprotocol is None:
            raise StreamClosed(1006, "subprotocol", "サーバーがサブプロトコルを選びませんでした。")
        yield socket
        await socket.close()
    except ConnectionClosed:
        pass  # the server's own code says more, below
    finally:
        socket.transport.abort()
    closed = socket.close_code or 1006
    if closed != NORMAL_CLOSE:
        raise StreamClosed(closed, await _error_code(socket), socket.close_reason or "")


async def _error_code(socket: ClientConnection) -> str:
    """Return the code of the last error message that came before the close, if there was one."""
    code = ""
    try:
        while True:
            code = _code_in(await socket.recv()) or code
    except ConnectionClosed:
        return code


def _code_in(frame: str | bytes) -> str:
    try:
        message: Any = json.loads(frame)
    except ValueError:
        return ""
    if not isinstance(message, dict) or message.get("type") != "error":
        return ""
    inner = message.get("data")
    return str((inner if isinstance(inner, dict) else message).get("code", ""))
