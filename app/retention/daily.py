"""Glue: once a day, at the office's hour, what is due is deleted; after a time without a server, at its start."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

import anyio
import structlog

from app.errors import AppError
from app.japan import JAPAN
from app.ledger import is_passing
from app.ports import Clock
from app.retention.asking import drop_expired
from app.retention.opening import open_parts
from app.retention.purging import Purged, purge_due
from app.retention.running import PurgeParts
from app.retention.settings import RetentionSettings
from app.services import Services

SETTLING: Final = timedelta(minutes=2)
"""After the start: calls that a stopped server left come back first."""
AGAIN: Final = timedelta(minutes=10)
"""When the database was busy, or another process was deleting."""
EXPIRY_SECONDS: Final = 30
LONGEST_SLEEP: Final = timedelta(minutes=5)
"""A clock that is set, or a machine that slept, is noticed by then."""

log = structlog.get_logger()


def next_due(now: datetime, settings: RetentionSettings) -> datetime:
    """Return the next moment at the office's hour after *now*."""
    local = now.astimezone(JAPAN)
    at = datetime.combine(local.date(), time(settings.hour, settings.minute), JAPAN)
    return at if at > local else at + timedelta(days=1)


async def retain(services: Services) -> None:
    """Do both as long as the server runs: purge once a day, and delete exports whose time is over."""
    async with anyio.create_task_group() as both:
        both.start_soon(purge_daily, services)
        both.start_soon(_drop_exports, services)


async def _drop_exports(services: Services) -> None:
    while True:
        try:
            await drop_expired(services)
        except Exception as error:
            if not is_passing(error):
                log.exception("expired exports could not be deleted")
        await anyio.sleep(EXPIRY_SECONDS)


async def purge_daily(services: Services) -> None:
    """Purge after the start and once a day from then on. Never ends a call or the server: what fails is logged."""
    parts = await _opened(services)
    if parts is None:
        return
    await _until(services.clock, services.clock.now() + SETTLING)
    while True:
        done = await purge_once(parts)
        now = services.clock.now()
        at = next_due(now, parts.settings)
        await _until(services.clock, at if done else min(at, now + AGAIN))


async def purge_once(parts: PurgeParts) -> bool:
    """Purge; False where it should be tried again soon. Only an office that has decided is purged at all."""
    try:
        purged = await purge_due(parts)
    except AppError as refused:
        log.info("purge put off", code=refused.code)
        return False
    except Exception as error:
        if is_passing(error):
            log.warning("purge put off: the database is busy or away")
        else:
            log.exception("purge failed; what it has begun is finished next time")
        return False
    _tell(purged)
    return purged.failed == 0


def _tell(purged: Purged) -> None:
    if purged.runs:
        log.info("purge finished", runs=len(purged.runs), failed=purged.failed)


async def _opened(services: Services) -> PurgeParts | None:
    try:
        return await open_parts(
            services.settings,
            services.database,
            services.clock,
            record_keys=services.record_keys,
            calls_are_live=lambda: bool(services.registry.live_calls),
        )
    except AppError as refused:
        log.error("nothing is purged", code=refused.code)  # noqa: TRY400 - told without words
    except Exception:
        log.exception("nothing is purged")  # the server goes on without
    return None


async def _until(clock: Clock, at: datetime) -> None:
    while (left := at - clock.now()) > timedelta(0):  # noqa: ASYNC110 - for a time of day
        await anyio.sleep(min(left, LONGEST_SLEEP).total_seconds())
