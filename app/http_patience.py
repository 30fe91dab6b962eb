"""Adapter: how HTTP is served: uvicorn's protocol, with an end to its patience.

A connection that has not said within seconds what it wants is closed: silent sockets and half handshakes would
otherwise stay open for ever. A socket that became a WebSocket is served by another protocol.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS: Final = 20.0
"""From the connection to the end of the first request's headers."""


class PatientHttp(H11Protocol):
    """One HTTP connection of the server."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._patience = self.loop.call_later(REQUEST_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        # Typed as if a cycle were always there, and as if no other protocol could serve the transport.
        cycle: object = self.cycle
        served_by: object = self.transport.get_protocol()
        if cycle is None and served_by is self and not self.transport.is_closing():
            self.transport.close()
