"""Adapter: how HTTP is served: uvicorn's protocol, with an end to its patience.

A connection that has not said within seconds what it wants, or stops in the middle of saying it, is closed: silent
sockets, half handshakes and half forms would otherwise stay open for ever. Between two requests uvicorn's own limit
(``timeout_keep_alive``) counts. A socket that became a WebSocket is served by another protocol.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS: Final = 20.0
"""For the headers of a request, from the connection or its first byte; and so long again for its body."""
_HALF_SAID: Final[frozenset[object]] = frozenset({h11.IDLE, h11.SEND_BODY})


class PatientHttp(H11Protocol):
    """One HTTP connection of the server."""

    request_seconds: ClassVar[float] = REQUEST_SECONDS
    _patience: asyncio.TimerHandle | None = None
    _waits_for: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Begin to wait where something else is awaited than before; be calm where all was said."""
        said = self.conn.their_state
        if said is self._waits_for and self._patience is not None:
            return
        self._forget()
        if said in _HALF_SAID:
            self._waits_for = said
            self._patience = self.loop.call_later(self.request_seconds, self._give_up)

    def _forget(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = self._waits_for = None

    def _give_up(self) -> None:
        # Typed as if no other protocol could serve the transport.
        served_by: object = self.transport.get_protocol()
        # What was awaited may have come with an answer that is still being read, or the next request.
        if (
            served_by is self
            and self.conn.their_state is self._waits_for
            and not self.transport.is_closing()
        ):
            self.transport.close()
        self._patience = None
