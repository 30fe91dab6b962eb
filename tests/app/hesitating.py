"""Glue: a write before which something else happens, as it may between two requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection

from app.calls.repository import call_by_id
from app.ledger import Entry, Ledger
from app.services import Services
from tests.app.running import say

MOST_LOOKS = 300


class Hesitating:
    """A ledger whose first write lets something else happen first."""

    def __init__(self, ledger: Ledger, meanwhile: Callable[[], Awaitable[None]]) -> None:
        self._ledger = ledger
        self._meanwhile: Callable[[], Awaitable[None]] | None = meanwhile

    async def write(self, change: Callable[[Entry], Awaitable[Any]]) -> object:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return await self._ledger.write(change)


@asynccontextmanager
async def hesitating(
    services: Services, meanwhile: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Have *meanwhile* happen before the first write of what is asked in the block; not of live calls."""
    ledger = services.ledger
    object.__setattr__(services, "ledger", Hesitating(ledger, meanwhile))
    try:
        yield
    finally:
        object.__setattr__(services, "ledger", ledger)


async def take_up(services: Services, stream: ClientConnection, call_id: str) -> None:
    """Ask for the call over *stream*, and give the server time to take it up where nothing hinders it."""
    await say(stream, {"type": "start", "call_id": call_id, "resume": True})
    for _ in range(MOST_LOOKS):  # each look at the tables lets others go on
        if services.registry.find(call_id) is not None:
            return
        async with services.database.transaction() as session:
            await call_by_id(session, call_id)
