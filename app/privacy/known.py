"""Glue: what was told of persons in each ended call, kept for the calls that were read last: none of them changes."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from typing import Final
from weakref import WeakKeyDictionary

import anyio.to_thread
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.models import Call, UtteranceRow
from app.privacy.lines import Line
from app.privacy.sight import COVERED, TextSight, sight_of_lines

MOST_KEPT: Final = 256
MOST_LINES_KEPT: Final = 50_000
"""Some 20 MB."""
MOST_LINES: Final = 5_000
"""Half a second of work. In the calls of a list after these only what a line shows by itself is covered."""

_kept: Final[WeakKeyDictionary[Database, OrderedDict[str, TextSight]]] = WeakKeyDictionary()


async def covered_sights(
    session: AsyncSession, database: Database, call_ids: Collection[str]
) -> dict[str, TextSight]:
    """Return the covered sight of each of *call_ids*, which are over, knowing what was told in the whole call."""
    kept = _kept.setdefault(database, OrderedDict())
    found = {call_id: kept[call_id] for call_id in call_ids if call_id in kept}
    missing = [call_id for call_id in call_ids if call_id not in found]
    if missing:
        heard = await _within_reach(session, missing)
        lines = await _lines_of(session, heard)
        # A call of three hours is half a second of work: no live call waits for it.
        made = await anyio.to_thread.run_sync(_sights, lines)
        found |= {call_id: made.get(call_id, COVERED) for call_id in heard}
    for call_id in found:
        kept[call_id] = found[call_id]
        kept.move_to_end(call_id)
    lines_kept = sum(len(sight.as_said) for sight in kept.values())
    while len(kept) > MOST_KEPT or (lines_kept > MOST_LINES_KEPT and len(kept) > 1):
        lines_kept -= len(kept.popitem(last=False)[1].as_said)
    return dict.fromkeys(call_ids, COVERED) | found


def forget(database: Database, call_id: str) -> None:
    """Forget what is known of a call that was deleted or changed."""
    _kept.get(database, OrderedDict()).pop(call_id, None)


async def forget_deleted(database: Database) -> None:
    """Forget the calls that are over no longer, or not there.

    Another process may have deleted one, or somebody read it in the moment in which it went.
    """
    kept = _kept.get(database)
    if not kept:
        return
    known = list(kept)
    async with database.transaction() as session:
        over = await session.scalars(
            select(Call.id).where(Call.id.in_(known), Call.ended_at.is_not(None))
        )
        there = set(over)
    for call_id in known:
        if call_id not in there:
            kept.pop(call_id, None)


async def _within_reach(session: AsyncSession, call_ids: Collection[str]) -> list[str]:
    """Return the first of *call_ids* that have so many lines together; one at least."""
    query = (
        select(UtteranceRow.call_id, func.count())
        .where(UtteranceRow.call_id.in_(list(call_ids)))
        .group_by(UtteranceRow.call_id)
    )
    counts = {row[0]: int(row[1]) for row in await session.execute(query)}
    reached, lines = list[str](), 0
    for call_id in call_ids:
        lines += counts.get(call_id, 0)
        if reached and lines > MOST_LINES:
            break
        reached.append(call_id)
    return reached


async def _lines_of(session: AsyncSession, call_ids: Collection[str]) -> Mapping[str, list[Line]]:
    query = (
        select(UtteranceRow.call_id, UtteranceRow.track, UtteranceRow.text)
        .where(UtteranceRow.call_id.in_(list(call_ids)))
        .order_by(UtteranceRow.call_id, UtteranceRow.end_ms, UtteranceRow.id)
    )
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    for row in await session.execute(query):
        lines[row.call_id].append(Line(row.track, row.text))
    return lines


def _sights(lines: Mapping[str, list[Line]]) -> dict[str, TextSight]:
    return {call_id: sight_of_lines(said) for call_id, said in lines.items()}
