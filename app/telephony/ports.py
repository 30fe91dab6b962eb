"""Port: what the shells need of a dialect, and what the screens need of a telephone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from app.calls.protocol import StreamRefused
from app.telephony.messages import CallOver, Playing, Reply, Step

LOST: Final = frozenset({1006, 1007, 1009, 1011, 1012})
"""Codes that no exchange closes with: the line broke off, or this side has closed it (1012: the server stops)."""


class Dialect(Protocol):
    """One socket's conversation, pure: feed frames in order, take steps for each.

    Whatever it is fed, it returns steps or raises ``StreamRefused``; nothing else, and it never waits.
    ``now_ms`` never goes back and has no meaning but its differences.
    """

    def text(self, frame: str, now_ms: int) -> Sequence[Step]: ...

    def binary(self, frame: bytes, now_ms: int) -> Sequence[Step]: ...

    def attached(self, call_id: str, position_samples: int) -> Sequence[Reply]:
        """The call of ``CallBegan`` is taken; what to tell the exchange."""
        ...

    def judged(self) -> Sequence[Reply]:
        """Everything up to ``CallOver`` was judged and stored; what to tell the exchange."""
        ...

    def refused(self, refused: StreamRefused) -> Sequence[Reply]:
        """The stream is refused; what to tell the exchange before it is closed."""
        ...

    def closed(self, close_code: int) -> CallOver | None:
        """The exchange has closed the socket with *close_code*: an end of the call, or None for a loss."""
        ...

    def rest(self, now_ms: int) -> Sequence[Step]:
        """Nothing more comes over this socket: the sound that was kept back for what might have come before it."""
        ...


class PlayingDialect(Dialect, Protocol):
    """A dialect whose exchange plays into the call what it is sent back."""

    @property
    def can_play(self) -> bool:
        """Whether this very stream was set up for it."""
        ...

    def play(self, sound: bytes) -> Playing:
        """Return what to send so that *sound* (PCM 16 bit little-endian, 8 kHz, mono) is played."""
        ...


class CallAudio(Protocol):
    """The way for sound back into one live call."""

    async def play(self, sound: bytes) -> None:
        """Play *sound* (PCM 16 bit little-endian, 8 kHz, mono); return when all of it was sent.

        Raises:
            Unavailable: the socket is gone, or something is being played already (``busy``).
        """
        ...
