"""Adapter: the socket of one screen, read without a task of its own, so that a hundred cost little."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final, cast

import anyio
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from app.errors import Unavailable

OPEN_SECONDS: Final = 30

OnFrame = Callable[[bytes, float], None]
OnClose = Callable[[], None]


class ScreenLine(asyncio.Protocol):
    """Hands every text frame to *on_frame* with the second of ``time.monotonic()`` at which it was read."""

    def __init__(
        self, url: str, headers: Mapping[str, str], on_frame: OnFrame, on_close: OnClose
    ) -> None:
        self._socket = ClientProtocol(parse_uri(url))
        self._headers = headers
        self._on_frame, self._on_close = on_frame, on_close
        self._transport: asyncio.Transport | None = None
        self.opened = anyio.Event()
        """The handshake is over, well or not."""

    @property
    def close_code(self) -> int | None:
        """Why the server closed it; None while it is open, or was cut without a word."""
        return self._socket.close_code

    @property
    def refusal(self) -> Exception | None:
        return self._socket.handshake_exc

    def close(self) -> None:
        """Leave, as a page does that is left: nobody waits for an answer."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by descent
        request = self._socket.connect()
        for name, value in self._headers.items():
            request.headers[name] = value
        self._socket.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        read_at = time.monotonic()
        self._socket.receive_data(data)
        self._flush()  # answers to pings
        for event in self._socket.events_received():
            if isinstance(event, Response):
                self.opened.set()
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._on_frame(bytes(event.data), read_at)

    def eof_received(self) -> None:
        self._socket.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.opened.set()
        self._on_close()

    def _flush(self) -> None:
        assert self._transport is not None
        for data in self._socket.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()


async def open_line(
    url: str, headers: Mapping[str, str], on_frame: OnFrame, on_close: OnClose
) -> ScreenLine:
    """Open a screen's socket.

    Raises:
        Unavailable: the server did not take it.
    """
    where = parse_uri(url)
    try:
        _, line = await asyncio.get_running_loop().create_connection(
            lambda: ScreenLine(url, headers, on_frame, on_close), where.host, where.port
        )
    except OSError as error:
        raise _not_opened(error) from error
    with anyio.move_on_after(OPEN_SECONDS):
        await line.opened.wait()
    if not line.opened.is_set() or line.refusal is not None:
        line.close()
        raise _not_opened(line.refusal)
    return line


def _not_opened(why: Exception | None) -> Unavailable:
    return Unavailable(
        "screens_not_opened",
        f"画面をサーバーにつなげません({why or '返事がありません'})。"
        "--operators と --boards を減らすか、開けるファイルの数(ulimit -n)を確認してください。",
    )
