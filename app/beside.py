"""Glue: what runs beside the calls as long as the server does. None of it may hold up a call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import anyio
import structlog

from app.basis.keeping import note_basis
from app.privacy.numbers import seal_in_background
from app.retention.daily import retain
from app.search.filling import keep_filling
from app.services import Services
from app.trials.running import run_trials

AGAIN_SECONDS: Final = 60.0

log = structlog.get_logger()


@asynccontextmanager
async def running_beside(services: Services) -> AsyncIterator[None]:
    """Run it until the block ends."""
    works: tuple[Callable[[], Awaitable[None]], ...] = (
        partial(
            note_basis,
            services.database,
            services.clock,
            services.settings,
            services.detector.version,
        ),
        partial(retain, services),
        partial(seal_in_background, services.database, services.record_keys),
        partial(run_trials, services),
        partial(keep_filling, services),
    )
    async with anyio.create_task_group() as beside:
        for work in works:
            beside.start_soon(alone, work)
        try:
            yield
        finally:
            beside.cancel_scope.cancel()


async def alone(
    work: Callable[[], Awaitable[None]], *, again_seconds: float = AGAIN_SECONDS
) -> None:
    """Run *work* to its end. Each catches what it expects; whatever else breaks in it ends no call.

    It begins anew after a while: what is promised for every night must not wait for the next start.
    """
    while True:
        try:
            await work()
        except Exception:
            log.exception("a work beside the calls broke off and begins again soon")
            await anyio.sleep(again_seconds)
        else:
            return
