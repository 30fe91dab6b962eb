"""Port: a way by which a notice leaves the office."""

from __future__ import annotations

from typing import Protocol

from app.notices.wording import Notice


class NotDelivered(Exception):  # noqa: N818 - named as a fact, like the application's errors
    """The notice did not arrive, or nobody knows whether it did (``no_answer``)."""

    def __init__(self, code: str, *, final: bool = False, at_least_s: float = 0) -> None:
        """*final*: another try would be refused the same; *at_least_s*: not before so many seconds."""
        super().__init__(code)
        self.code = code
        self.final = final
        self.at_least_s = at_least_s


class Channel(Protocol):
    async def send(self, notice: Notice) -> str:
        """Hand *notice* over, under its own id however often; return a code of what was imperfect, or nothing.

        Raises:
            NotDelivered: it was not taken.
        """
        ...
