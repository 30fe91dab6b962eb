"""Glue: brings ended calls into the index, one small transaction each, and never holds anything up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import anyio
import anyio.to_thread
import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.events import Event, EventType
from app.ledger import is_passing
from app.models import UtteranceRow
from app.ports import Clock
from app.privacy.lines import Line
from app.search.index import overwrite_step, store, waiting_calls, waiting_count
from app.search.preparing import indexed
from app.services import Services

AT_ONCE: Final = 50
"""Calls that are looked up together; each is written by itself."""
LOOK_AGAIN_S: Final = 60.0
"""At the latest: another server, or a command, may have left something."""
AFTER_DEFECT_S: Final = 15.0
REST: Final = 3.0
"""So many times as long as the work on a call took, live calls have the processor for themselves."""
BETWEEN_STEPS_S: Final = 0.005
"""Whoever else writes comes between two steps of overwriting."""

Progress = Callable[[int, int], None]

log = structlog.get_logger()


def is_end(event: Event) -> bool:
    return event.type is EventType.CALL_ENDED


async def keep_filling(services: Services) -> None:
    """Bring every call that ends into the index; those that ended while no server ran come first."""
    while True:
        try:
            async with services.bus.subscribe(is_end) as ended:
                while True:
                    await fill(services.database, services.clock, rest=REST)
                    with anyio.move_on_after(LOOK_AGAIN_S):
                        await ended.receive()
        except anyio.EndOfStream:
            continue  # too far behind the calls that end: all that wait are looked up anyway
        except Exception as defect:  # noqa: BLE001 - the index may stand still, the calls may not
            log.warning("search index stands still", error=type(defect).__name__)
            await anyio.sleep(AFTER_DEFECT_S)


async def fill(
    database: Database,
    clock: Clock,
    *,
    rest: float = 0.0,
    progress: Progress = lambda _done, _all: None,
) -> int:
    """Index every ended call that waits; return how many. May be cut off at any time and begun again.

    A call that cannot be prepared goes on waiting, and holds up no other.
    """
    done, left = 0, set[str]()
    async with database.transaction() as session:
        every = await waiting_count(session)
    while True:
        async with database.transaction() as session:
            waiting = await waiting_calls(session, AT_ONCE + len(left))
        if left.issuperset(waiting):
            return done
        for call_id in waiting:
            if call_id in left:
                continue
            began_ms = clock.monotonic_ms()
            try:
                await index_call(database, clock, call_id)
            except Exception as defect:
                if is_passing(defect):
                    raise  # the database is away: no other would fare better
                left.add(call_id)
                log.warning("call cannot be indexed", call_id=call_id, error=type(defect).__name__)
                continue
            done += 1
            progress(done, max(every, done))
            await anyio.sleep(rest * (clock.monotonic_ms() - began_ms) / 1000)


async def index_call(database: Database, clock: Clock, call_id: str) -> None:
    """Read the words of one call, fold them and store them; what is covered for auditors is not in it."""
    async with database.transaction() as session:
        said = await _said(session, call_id)
    made = await anyio.to_thread.run_sync(indexed, call_id, said)
    try:
        async with database.transaction() as session:
            await store(session, made, clock.now())
    except IntegrityError:
        # Another server was first, or the call was deleted meanwhile.
        log.info("call was not indexed here", call_id=call_id)


async def overwrite_forgotten(database: Database) -> None:
    """Overwrite what SQLite's inverted index still holds of forgotten calls. May be cut off and begun again."""
    first = True
    while True:
        async with database.transaction() as session:
            more = await overwrite_step(session, first=first)
        if not more:
            return
        first = False
        await anyio.sleep(BETWEEN_STEPS_S)


async def _said(session: AsyncSession, call_id: str) -> Sequence[Line]:
    query = (
        select(UtteranceRow.track, UtteranceRow.text)
        .where(UtteranceRow.call_id == call_id)
        .order_by(UtteranceRow.end_ms, UtteranceRow.id)
    )
    return [Line(row.track, row.text) for row in await session.execute(query)]
