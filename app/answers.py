"""Glue: what every answer carries, whoever made it; pages and files add to it or know better."""

from __future__ import annotations

from typing import Final

from h11 import LocalProtocolError
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES: Final = 65_536
"""More than any form or JSON of ours needs. Sound comes over WebSockets, which have a limit of their own."""

ANSWER_HEADERS: Final[dict[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # The page never listens; sound comes from the telephone.
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # Words of a call, names and tokens: nothing that a cache on the way should hold.
    "Cache-Control": "no-store",
}


_TOO_LATE: Final = "event type Response when role=SERVER"
"""How h11, which speaks HTTP for the server, says that the connection has been answered already."""


class GuardedAnswers:
    """Adds what an answer does not set itself, and answers a body that is too large by what it says of itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = False

        async def send_if_there(message: Message) -> None:
            nonlocal gone
            try:
                await send(message)
            except LocalProtocolError as error:
                # What followed the request was no HTTP, and the server has said so before we could answer.
                if _TOO_LATE not in str(error):
                    raise
                gone = True
                while (await receive())["type"] != "http.disconnect":
                    pass  # it hangs up now; only then is it known that no answer is missing

        async def receive_until_gone() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or message["type"] == "http.disconnect"
            return message

        async def send_guarded(message: Message) -> None:
            if gone:
                return  # whoever asked is not there, or sent what is no HTTP: an answer would be a defect
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in ANSWER_HEADERS.items():
                    headers.setdefault(name, value)
            await send_if_there(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _declared_bytes(scope) > BODY_BYTES:
            await _TOO_LARGE(scope, receive, send_guarded)
        else:
            await self._app(scope, receive_until_gone, send_guarded)


_TOO_LARGE: Final = JSONResponse(
    {"code": "too_large", "message": "送られた内容が大きすぎます。"}, 413
)


def _declared_bytes(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else 0
