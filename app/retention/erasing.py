"""Glue: erasures that a second person approved: begun within seconds, and after a restart gone on with.

The request of who approves only writes down that it is decided: a browser that goes away, a proxy that waits no
longer, a server that stops do not leave half of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import structlog
from sqlalchemy import select

from app.db import Database
from app.errors import AppError, Conflict
from app.ledger import is_passing
from app.retention.models import PersonRequest
from app.retention.person import APPROVED, ERASE, erase_person
from app.retention.running import PurgeParts
from app.trail.acting import Acting, acting

LOOK_SECONDS: Final = 2
"""How often the table is asked for one: another process may have written it."""
TROUBLE_SECONDS: Final = 600
"""When something would not go, or the database was away."""

OpenParts = Callable[[], Awaitable[PurgeParts]]

log = structlog.get_logger()


async def erase_approved(database: Database, open_parts: OpenParts) -> None:
    """Erase what was approved, as long as the server runs. Whatever goes wrong is logged and tried again."""
    while True:
        wait_seconds = LOOK_SECONDS
        try:
            if not await erase_waiting(database, open_parts):
                wait_seconds = TROUBLE_SECONDS
        except Conflict:
            pass  # another deletion is running: its turn comes after it
        except AppError as refused:
            wait_seconds = TROUBLE_SECONDS
            log.warning("an erasure was put off", code=refused.code)
        except Exception as error:
            wait_seconds = TROUBLE_SECONDS
            if is_passing(error):
                log.warning("an erasure was put off: the database is busy or away")
            else:
                log.exception("an erasure broke off; it is gone on with later")
        await anyio.sleep(wait_seconds)


async def erase_waiting(database: Database, open_parts: OpenParts) -> bool:
    """Erase every request that was approved; False where something of one would not go.

    Raises:
        Conflict: another deletion is running (``purge_running``).
        Unavailable: a file of keys cannot be read.
    """
    async with database.transaction() as session:
        query = select(PersonRequest).where(
            PersonRequest.kind == ERASE, PersonRequest.state == APPROVED
        )
        rows = (await session.scalars(query.order_by(PersonRequest.decided_at))).all()
    if not rows:
        return True
    parts, all_gone = await open_parts(), True
    for row in rows:
        by_login = row.decided_by or ""
        before = acting.set(Acting(by_login))
        try:
            purged, _ = await erase_person(
                parts, row.hashes, by_login=by_login, until=row.decided_at, request_id=row.id
            )
        finally:
            acting.reset(before)
        all_gone = all_gone and purged.failed == 0
    return all_gone
