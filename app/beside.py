"""Glue: what runs beside the calls as long as the server does. None of it may hold up a call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from app.basis.keeping import note_basis
from app.exports.keeping import drop_expired_again_and_again
from app.privacy.numbers import seal_in_background
from app.retention.daily import retain
from app.search.filling import keep_filling
from app.services import Services
from app.trials.running import run_trials


@asynccontextmanager
async def running_beside(services: Services) -> AsyncIterator[None]:
    """Run it until the block ends."""
    async with anyio.create_task_group() as beside:
        beside.start_soon(
            note_basis,
            services.database,
            services.clock,
            services.settings,
            services.detector.version,
        )
        beside.start_soon(retain, services)
        beside.start_soon(seal_in_background, services.database, services.record_keys)
        beside.start_soon(run_trials, services)
        beside.start_soon(keep_filling, services)
        beside.start_soon(drop_expired_again_and_again, services)
        try:
            yield
        finally:
            beside.cancel_scope.cancel()
