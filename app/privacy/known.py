"""Glue: what was told of persons in each ended call, kept for the calls that were read last: none of them changes."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from typing import Final
from weakref import WeakKeyDictionary

import anyio.to_thread
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.models import UtteranceRow
from app.privacy.lines import Line
from app.privacy.sight import COVERED, TextSight, sight_of_lines

MOST_KEPT: Final = 256
MOST_AT_ONCE: Final = 50
"""Of more calls only what each line shows by itself is covered: a list shows one line of each."""

_kept: Final[WeakKeyDictionary[Database, OrderedDict[str, TextSight]]] = WeakKeyDictionary()


async def covered_sights(
    session: AsyncSession, database: Database, call_ids: Collection[str]
) -> dict[str, TextSight]:
    """Return the covered sight of each of *call_ids*, which are over, knowing what was told in the whole call."""
    kept = _kept.setdefault(database, OrderedDict())
    found = {call_id: kept[call_id] for call_id in call_ids if call_id in kept}
    missing = [call_id for call_id in call_ids if call_id not in found]
    if len(missing) > MOST_AT_ONCE:
        return found | dict.fromkeys(missing, COVERED)
    if missing:
        lines = await _lines_of(session, missing)
        # A call of three hours is a quarter of a second of work: no live call waits for it.
        made = await anyio.to_thread.run_sync(_sights, lines)
        found |= {call_id: made.get(call_id, COVERED) for call_id in missing}
    for call_id in call_ids:
        kept[call_id] = found[call_id]
        kept.move_to_end(call_id)
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
    return found


def forget(database: Database, call_id: str) -> None:
    """Forget what is known of a call that was deleted or changed."""
    _kept.get(database, OrderedDict()).pop(call_id, None)


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
