"""Glue: the way for sound back into a call over whatever its exchange is connected by (``CallAudio``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from app.errors import Unavailable
from app.telephony.ports import PlayingDialect

Send = Callable[[str | bytes], Awaitable[None]]


class LineAudio:
    """Plays one announcement at a time, at the pace that the dialect asks for."""

    def __init__(
        self, dialect: PlayingDialect, send: Send, gone: tuple[type[Exception], ...]
    ) -> None:
        """*gone*: what *send* raises where the exchange is not there any more."""
        self._dialect = dialect
        self._send = send
        self._gone = gone
        self._playing = False

    async def play(self, sound: bytes) -> None:
        if self._playing:
            raise Unavailable("busy", "いま別の音声を流しています。終わってからお試しください。")
        self._playing = True
        try:
            await self._send_all(sound)
        except self._gone as gone:
            raise Unavailable(
                "line_lost", "電話との接続が切れたため、音声を流せませんでした。"
            ) from gone
        finally:
            self._playing = False

    async def _send_all(self, sound: bytes) -> None:
        playing, next_at = self._dialect.play(sound), anyio.current_time()
        for frame in playing.frames:
            await self._send(frame)
            next_at += playing.pace_ms / 1000
            await anyio.sleep(max(0.0, next_at - anyio.current_time()))
