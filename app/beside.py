"""Glue: what runs beside the calls as long as the server does. None of it may hold up a call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from app.services import Services


@asynccontextmanager
async def running_beside(services: Services) -> AsyncIterator[None]:
    """Run it until the block ends."""
    del services  # nothing of theirs yet
    async with anyio.create_task_group() as beside:
        try:
            yield
        finally:
            beside.cancel_scope.cancel()
