"""Pure: what the application can refuse, with the code that HTTP and WebSocket answer with.

AppError(code, status, close_code)
├── BadRequest          what was sent breaks the documented format
├── NotSignedIn         no valid session or token
├── NotAllowed          signed in, but this role or section may not
├── NotFound            no such thing, or not for these eyes
├── Conflict            the thing is not in the state that this needs
├── TooMany             a limit was reached; try again later
└── Unavailable         a part that is needed is not working now

One renderer for HTTP (``app.main``) and one for WebSockets (``app.calls.audio_ws``, ``app.screens.screen_ws``).
"""

from __future__ import annotations

from typing import ClassVar


class AppError(Exception):
    """Root of the tree. The message is Japanese and safe to show: no speech, no secrets."""

    status: ClassVar[int] = 500
    close_code: ClassVar[int] = 4500

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class BadRequest(AppError):  # noqa: N818 - named as a fact, like its siblings
    status = 400
    close_code = 4400


class NotSignedIn(AppError):  # noqa: N818
    status = 401
    close_code = 4401


class NotAllowed(AppError):  # noqa: N818
    status = 403
    close_code = 4403


class NotFound(AppError):  # noqa: N818
    status = 404
    close_code = 4404


class Conflict(AppError):  # noqa: N818
    status = 409
    close_code = 4409


class TooMany(AppError):  # noqa: N818
    status = 429
    close_code = 4429


class Unavailable(AppError):  # noqa: N818
    status = 503
    close_code = 4503
