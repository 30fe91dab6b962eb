"""Adapter: every place in the database that holds something of a call: found by its foreign keys, or named here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import ColumnElement, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import Base

BY_CALL_ID: Final = frozenset({"events"})
"""Without a foreign key, as they are written in the order of their numbers: deleted by name."""

STAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "trail": "who did what to which call, without a word of it; nobody can change it",
        "deletions": "the call that is being deleted, until its run is finished",
        "caller_measures": "what was decided for a caller lives until it has ended; its call becomes null",
    }
)
"""Tables with a column for a call that outlive it, and why."""


def conditions_for(call_ids: Collection[str]) -> dict[str, ColumnElement[bool]]:
    """Return table -> which of its rows go with *call_ids*: theirs, and what hangs on those."""
    tables = Base.metadata.tables
    ids = list(call_ids)
    found: dict[str, ColumnElement[bool]] = {"calls": tables["calls"].c.id.in_(ids)}
    for table in Base.metadata.sorted_tables:
        condition = _condition(table, found, ids)
        if condition is not None:
            found[table.name] = condition
    for name in BY_CALL_ID:
        found[name] = tables[name].c.call_id.in_(ids)
    return found


def _condition(
    table: Table, found: Mapping[str, ColumnElement[bool]], ids: list[str]
) -> ColumnElement[bool] | None:
    keys = [key for key in table.foreign_keys if key.ondelete == "CASCADE"]
    for key in keys:
        if key.column.table.name == "calls":
            return key.parent.in_(ids)
    for key in keys:
        above = found.get(key.column.table.name)
        if above is not None:
            return key.parent.in_(select(key.column).where(above))
    return None


async def rows_left(session: AsyncSession, call_ids: Collection[str]) -> dict[str, int]:
    """Return table -> how many rows are there of *call_ids*; tables without any are left out."""
    if not call_ids:
        return {}
    counts = {
        name: select(func.count())
        .select_from(Base.metadata.tables[name])
        .where(condition)
        .scalar_subquery()
        .label(name)
        for name, condition in conditions_for(call_ids).items()
    }
    row = (await session.execute(select(*counts.values()))).one()
    return {name: int(count) for name, count in row._mapping.items() if count}  # noqa: SLF001 - documented


async def delete_rows(session: AsyncSession, call_id: str) -> None:
    """Delete the row of *call_id* with all that hangs on it, and what is found by name."""
    tables = Base.metadata.tables
    for name in sorted(BY_CALL_ID):
        await session.execute(delete(tables[name]).where(tables[name].c.call_id == call_id))
    calls = tables["calls"]
    await session.execute(delete(calls).where(calls.c.id == call_id))
