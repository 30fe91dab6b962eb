"""Adapter: calls that left something in every table there is: a marked word wherever words fit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.models import UtcDateTime
from app.recordings.models import Recording
from app.retention.places import BY_CALL_ID, conditions_for
from app.search.index import Indexed, pieces_in, store
from app.tables import Base

MARK: Final = "だるまさんの合言葉"
"""Said in no other call."""
NO_WORDS: Final = {"section", "category", "categories", "kind", "outcome", "end_reason", "rule"}
"""Names from short lists: the statistics count by them."""
_numbers = count(1)


async def fill_call(
    session: AsyncSession, call_id: str, *, ended_at: datetime | None, **given: Any
) -> None:
    """Write a call, and one row in every table that holds something of calls."""
    filled: dict[str, dict[str, Any]] = {}
    wanted = conditions_for([call_id])
    for table in Base.metadata.sorted_tables:
        if table.name not in wanted:
            continue
        if table.name == "search_calls":  # beside it stands an index that no metadata knows
            pieces = pieces_in((MARK, MARK), (MARK, MARK))
            words = Indexed(call_id, MARK, MARK, MARK, MARK, {}, pieces)
            await store(session, words, datetime(2026, 1, 1, tzinfo=UTC))
            continue
        row = await _row(session, table, filled, call_id)
        if table.name == "calls":
            row |= {"ended_at": ended_at, "top_level": 0, "level": 0, "content": 0, "manner": 0}
            row |= {"outcome": "ordinary", "caller_hash": None} | given
            row["started_at"] = (ended_at or datetime.now(UTC)) - timedelta(minutes=5)
        if table.name in STATES:
            row |= STATES[table.name]
        await session.execute(insert(table).values(row))
        filled[table.name] = row


STATES: Final[dict[str, dict[str, Any]]] = {
    # Rows that change what kind of call it is, or hold it, say nothing in particular.
    "legal_holds": {"lifted_at": datetime(2026, 1, 1, tzinfo=UTC), "lifted_by": "kansa"},
    "incident_reports": {"state": "draft"},
    "judgements": {"verdict": "not_harassment", "opinion": "first", "second_wanted": False},
}


async def _row(
    session: AsyncSession, table: Table, filled: dict[str, dict[str, Any]], call_id: str
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in table.columns:
        keys = list(column.foreign_keys)
        if keys:
            parent = keys[0].column
            if parent.table.name not in filled:
                filled[parent.table.name] = await _parent(session, parent.table, filled)
            row[column.name] = filled[parent.table.name][parent.name]
        elif (table.name in BY_CALL_ID and column.name == "call_id") or (
            table.name == "calls" and column.name == "id"
        ):
            row[column.name] = call_id
        else:
            row[column.name] = _value(column)
    return row


async def _parent(
    session: AsyncSession, table: Table, filled: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    there = (await session.execute(select(table).limit(1))).mappings().first()
    if there is not None:
        return dict(there)
    row = {
        name: "x" if value == MARK else [] if value == [MARK] else value
        for name, value in (await _row(session, table, filled, "")).items()
    }
    await session.execute(insert(table).values(row))
    return row


def _value(column: Column[Any]) -> Any:
    kind = column.type
    if column.name in NO_WORDS:
        return ["other"] if isinstance(kind, JSON) else "other"
    if isinstance(kind, String):
        if column.primary_key or column.unique:
            return f"{next(_numbers)}"
        return MARK if kind.length is None or kind.length >= len(MARK) else ""
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer):
        return next(_numbers)
    if isinstance(kind, Float):
        return 0.5
    if isinstance(kind, JSON):
        return [MARK]
    if isinstance(kind, LargeBinary):
        return MARK.encode()
    if isinstance(kind, Date):
        return date(2026, 1, 1)
    if isinstance(kind, UtcDateTime | DateTime):
        return datetime(2026, 1, 1, tzinfo=UTC)
    raise TypeError(f"{column.table.name}.{column.name} is of an unknown type")


async def write_recording(database: Database, data_dir: Path, call_id: str) -> None:
    """Put a file where the call's row of recordings says that it lies, with the marked word in it."""
    folder = data_dir / "recordings"
    folder.mkdir(exist_ok=True)
    async with database.transaction() as session:
        row = await session.get(Recording, call_id)
    assert row is not None
    (folder / row.file).write_bytes(MARK.encode() * 100)
