"""Adapter: keeps the counts of calls that are about to be deleted, in the transaction that deletes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.japan import JAPAN
from app.models import Call
from app.statistics.facts import Amount, Cell, Tally, month_of, tallied
from app.statistics.gathering import AT_ONCE, REPEATED_WITHIN, facts_of_calls
from app.statistics.models import StatisticsMonth, StatisticsRepeat

OPERATORS: Final = "operators"
"""How many people answered, as far as it was known before the first of them was deleted: the larger number stays."""


async def keep(session: AsyncSession, call_ids: Sequence[str]) -> None:
    """Add what *call_ids* counted to the months that outlive them; call it before they are deleted.

    Comes once for each call: what deletes it in the same transaction makes a second time impossible.
    """
    wanted = list(dict.fromkeys(call_ids))
    tallies = tallied(await facts_of_calls(session, wanted))
    for (month, section), tally in tallies.items():
        number = await _operators(session, month, section)
        await _add(session, month, section, (OPERATORS, ""), Amount(number))
        for cell, amount in tally.cells.items():
            await _add(session, month, section, cell, amount)
    await _note_repeats(session, wanted)


async def kept(session: AsyncSession, first: str, last: str) -> dict[tuple[str, str], Tally]:
    """Return what deleted calls of the months *first* to *last* counted."""
    query = select(StatisticsMonth).where(
        StatisticsMonth.month >= first, StatisticsMonth.month <= last
    )
    cells: dict[tuple[str, str], dict[Cell, Amount]] = {}
    for row in await session.scalars(query):
        place = cells.setdefault((row.month, row.section), {})
        place[row.measure, row.key] = Amount(row.count, row.total)
    return {place: Tally(found) for place, found in cells.items()}


def month_span(month: str) -> tuple[datetime, datetime]:
    """Return when *month* begins and ends, in Japan's time."""
    year, number = (int(part) for part in month.split("-"))
    start = datetime(year, number, 1, tzinfo=JAPAN)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=JAPAN)
    return start.astimezone(UTC), end.astimezone(UTC)


async def _operators(session: AsyncSession, month: str, section: str) -> int:
    start, end = month_span(month)
    found = await session.scalar(
        select(func.count(func.distinct(Call.operator))).where(
            Call.section == section,
            Call.started_at >= start,
            Call.started_at < end,
            Call.operator != "",
        )
    )
    return found or 0


async def _add(session: AsyncSession, month: str, section: str, cell: Cell, amount: Amount) -> None:
    values: dict[str, Any] = {
        "month": month,
        "section": section,
        "measure": cell[0],
        "key": cell[1][:64],
        "count": amount.count,
        "total": amount.total,
    }
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert if on_sqlite else postgresql.insert
    row = insert(StatisticsMonth).values(values)
    larger = func.max if on_sqlite else func.greatest
    known, more = StatisticsMonth.count, row.excluded.count
    count = larger(known, more) if cell[0] == OPERATORS else known + more
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["month", "section", "measure", "key"],
            set_={"count": count, "total": StatisticsMonth.total + row.excluded.total},
        )
    )


async def _note_repeats(session: AsyncSession, call_ids: Sequence[str]) -> None:
    """Note which later calls repeat one of *call_ids*: once those are gone nothing else shows it."""
    for first in range(0, len(call_ids), AT_ONCE):
        part = call_ids[first : first + AT_ONCE]
        gone = [
            (str(number), at)
            for number, at in await session.execute(
                select(Call.caller_hash, Call.started_at).where(
                    Call.id.in_(part), Call.caller_hash.is_not(None)
                )
            )
        ]
        if not gone:
            continue
        later = await session.execute(
            select(Call.id, Call.caller_hash, Call.started_at).where(
                Call.caller_hash.in_({number for number, _ in gone}),
                Call.started_at > min(at for _, at in gone),
                Call.started_at <= max(at for _, at in gone) + REPEATED_WITHIN,
            )
        )
        going = set(call_ids)
        repeats = {
            row.id
            for row in later
            if row.id not in going
            and any(
                number == row.caller_hash and timedelta() < row.started_at - at <= REPEATED_WITHIN
                for number, at in gone
            )
        }
        if repeats:
            await session.execute(
                delete(StatisticsRepeat).where(StatisticsRepeat.call_id.in_(repeats))
            )
            session.add_all(StatisticsRepeat(call_id=call_id) for call_id in sorted(repeats))
            await session.flush()


__all__ = ["OPERATORS", "keep", "kept", "month_of", "month_span"]
