"""Adapter: a WebSocket to the one address that was named: through no proxy of the environment, after no redirect.

A proxy that an office has set for its way out would be asked for this very machine, and a redirect would
lead a secret, or a test, to a server that nobody chose.
"""

from __future__ import annotations

from typing import Any

from websockets.asyncio.client import connect


class DirectSocket(connect):
    """``websockets.connect`` to this address alone, without compression; a redirect is ``InvalidStatus``."""

    def __init__(self, uri: str, **options: Any) -> None:  # noqa: ANN401 - those of the library
        super().__init__(uri, proxy=None, compression=None, **options)

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc
