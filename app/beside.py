"""Glue: what runs beside the calls as long as the server does. None of it may hold up a call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from app.retention.daily import purge_daily
from app.privacy.numbers import seal_in_background
from app.services import Services


@asynccontextmanager
async def running_beside(services: Services) -> AsyncIterator[None]:
    """Run it until the block ends."""
    async with anyio.create_task_group() as beside:
        beside.start_soon(purge_daily, services)
        beside.start_soon(seal_in_background, services.database, services.record_keys)
        try:
            yield
        finally:
            beside.cancel_scope.cancel()
