"""Adapter: how WebSockets are served: uvicorn's protocol with what telephones need.

- Asterisk (up to 22.7) hangs up the call when it receives a ping: none are sent at its door.
- A socket that broke off (no close frame, no answer to a ping) is told apart from one closed without a code.
- A handshake that cannot be read (a header above 8 kB) is answered and closed; it would stay open for ever.
- Text that is no UTF-8 ends its own socket with 1007, without a trace in the log.
- The address of the TCP connection's other end stays known behind a proxy's ``X-Forwarded-For``.
"""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from app.telephony.door_access import PEER_STATE

QUIET_PATHS: Final = frozenset({"/v1/stream/asterisk"})
"""No pings are sent here; a dead connection is noticed by its silence (``idle_timeout``)."""
BROKEN_OFF: Final = 1006
NOT_UTF_8: Final = 1007


class TelephoneSockets(WebSocketsSansIOProtocol):
    """One WebSocket connection of the server."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_complete:
            # The original passes the answer on only where there is a request.
            self.handshake_complete = self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            text = b"".join(self.frames)
            try:
                text.decode()
            except UnicodeDecodeError:
                self.frames = []
                self._end_with(NOT_UTF_8)
                return
        super().send_receive_event_to_app()

    def _end_with(self, code: int) -> None:
        """Close from our side, whatever else stands in the same packet."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.close_sent = True
        if self.conn.state is State.OPEN:
            self.conn.send_close(code)
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope = getattr(self, "scope", None)  # there is none when the handshake was refused
        if scope is None:
            return
        # The application runs from the next turn of the loop on: it finds this.
        scope.setdefault("state", {})[PEER_STATE] = self.client[0] if self.client else ""
        if scope["path"] in QUIET_PATHS:
            self.ping_interval = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self.handshake_complete:
            # Before the original's 1005, which would read as a close without a code: also of a line that
            # answers no pings. Whoever closed with a code was told of it before this.
            self.queue.put_nowait({"type": "websocket.disconnect", "code": BROKEN_OFF})
        super().connection_lost(exc)
