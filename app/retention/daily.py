"""Glue: what is deleted while the server runs: once a day what is due, soon what was approved, made or left behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final

import anyio
import structlog

from app.errors import AppError
from app.exports import keeping
from app.japan import JAPAN
from app.ledger import is_passing
from app.ports import Clock
from app.privacy import known
from app.retention import asking
from app.retention.erasing import erase_approved
from app.retention.opening import open_parts
from app.retention.purging import Purged, purge_due
from app.retention.running import PurgeParts
from app.retention.settings import RetentionSettings
from app.services import Services

SETTLING: Final = timedelta(minutes=2)
"""After the start: calls that a stopped server left come back first."""
AGAIN: Final = timedelta(minutes=10)
"""When the database was busy, or another process was deleting."""
TIDY_SECONDS: Final = 30
LONGEST_SLEEP: Final = timedelta(minutes=5)
"""A clock that is set, or a machine that slept, is noticed by then."""

log = structlog.get_logger()


def next_due(now: datetime, settings: RetentionSettings) -> datetime:
    """Return the next moment at the office's hour after *now*."""
    local = now.astimezone(JAPAN)
    at = datetime.combine(local.date(), time(settings.hour, settings.minute), JAPAN)
    return at if at > local else at + timedelta(days=1)


async def retain(services: Services) -> None:
    """Delete as long as the server runs: what is due, what was approved, and what was made to be fetched."""

    async def opened() -> PurgeParts:
        return await _opened(services)

    async with anyio.create_task_group() as all_three:
        all_three.start_soon(purge_daily, services)
        all_three.start_soon(erase_approved, services.database, opened)
        all_three.start_soon(_tidy_often, services)


async def _tidy_often(services: Services) -> None:
    """Delete exports whose time is over, and forget words of calls that another process has deleted."""
    while True:
        await tidy_once(services)
        await anyio.sleep(TIDY_SECONDS)


async def tidy_once(services: Services) -> None:
    """Do each of it once; what fails is logged and hinders none of the others."""
    works: dict[str, Callable[[], Awaitable[None]]] = {
        "exports for one person": partial(asking.drop_expired, services),
        "exports of calls": partial(keeping.drop_expired, services),
        "words of deleted calls": partial(known.forget_deleted, services.database),
    }
    for what, tidy in works.items():
        try:
            await tidy()
        except Exception as error:
            if not is_passing(error):
                log.exception("what is over could not be dropped", what=what)


async def purge_daily(services: Services) -> None:
    """Purge after the start and once a day from then on. Never ends a call or the server: what fails is logged."""
    await _until(services.clock, services.clock.now() + SETTLING)
    while True:
        done = await _purge_now(services)
        now = services.clock.now()
        at = next_due(now, services.settings.retention)
        await _until(services.clock, at if done else min(at, now + AGAIN))


async def _purge_now(services: Services) -> bool:
    try:
        parts = await _opened(services)
    except AppError as refused:
        log.error("nothing is purged", code=refused.code)  # noqa: TRY400 - told without words
    except Exception:
        log.exception("nothing is purged")  # the server goes on without
    else:
        return await purge_once(parts)
    return False


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


async def _opened(services: Services) -> PurgeParts:
    """Return the parts of one purge: they remember where its files lay, and are let go with it.

    Raises:
        Unavailable: a file of keys cannot be read.
    """
    return await open_parts(
        services.settings,
        services.database,
        services.clock,
        record_keys=services.record_keys,
        calls_are_live=lambda: bool(services.registry.live_calls),
    )


async def _until(clock: Clock, at: datetime) -> None:
    while (left := at - clock.now()) > timedelta(0):  # noqa: ASYNC110 - for a time of day
        await anyio.sleep(min(left, LONGEST_SLEEP).total_seconds())
