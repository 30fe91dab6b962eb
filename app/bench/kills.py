"""Adapter: kills a server's recognisers one after the other, to see what that costs its calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import anyio
import psutil

RECOGNISER: Final = "asr.recogniser"
"""How their command line is known: ``python -m asr.recogniser …``."""


class Killable(Protocol):
    def kill(self) -> None: ...


def recognisers_of(server_pid: int) -> list[psutil.Process]:
    """Return the recogniser processes of a server, the oldest first."""
    found: list[tuple[float, psutil.Process]] = []
    try:
        for child in psutil.Process(server_pid).children(recursive=True):
            try:
                if RECOGNISER in child.cmdline():
                    found.append((child.create_time(), child))
            except psutil.Error:
                continue  # it ended while it was looked at
    except psutil.NoSuchProcess:
        return []
    return [process for _, process in sorted(found, key=lambda aged: aged[0])]


async def kill_in_turn(
    recognisers: Callable[[], Sequence[Killable]], every_seconds: float, on_kill: Callable[[], None]
) -> None:
    """Kill the oldest recogniser every so often: each in its turn, as the new ones queue up behind.

    Never returns; cancel it.
    """
    while True:
        await anyio.sleep(every_seconds)
        if found := recognisers():
            found[0].kill()
            on_kill()
