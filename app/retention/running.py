"""Port: what a purge is given, and where else than in its rows something of a call lies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.ports import Clock
from app.retention.settings import RetentionSettings

Progress = Callable[[int, int], None]
"""How many calls are done, of how many."""


class CallFiles(Protocol):
    """Files that hold something of calls."""

    @property
    def name(self) -> str:
        """Return by what a proof names the place."""
        ...

    async def delete(self, call_id: str) -> int:
        """Delete what there is of *call_id*; return how many bytes went. Nothing there is no error."""
        ...

    async def left(self, call_ids: Sequence[str]) -> int:
        """Return how many files there still are of *call_ids*."""
        ...


class CallIndex(Protocol):
    """An index of what was said, beside the tables."""

    @property
    def name(self) -> str: ...

    async def forget(self, session: AsyncSession, call_id: str) -> None:
        """Take *call_id* out of it, in the transaction of *session*."""
        ...

    async def left(self, session: AsyncSession, call_ids: Sequence[str]) -> int:
        """Return how many entries there still are of *call_ids*."""
        ...

    async def overwrite(self, database: Database) -> None:
        """See to it that what was forgotten is no longer in its files, a short step at a time."""
        ...


Farewell = Callable[[AsyncSession, str], Awaitable[None]]
"""Told of a call before it goes, in the transaction in which it goes: what is counted of it outlives it."""


def nobody_calls() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class PurgeParts:
    database: Database
    database_url: str = field(repr=False)
    """Where its file or its tables are wiped, by a connection of its own."""
    clock: Clock
    settings: RetentionSettings
    data_dir: Path
    keys: Mapping[str, bytes] = field(repr=False)
    """Of the trail: digests of calls are made with the first."""
    files: tuple[CallFiles, ...] = ()
    indexes: tuple[CallIndex, ...] = ()
    farewells: tuple[Farewell, ...] = ()
    calls_are_live: Callable[[], bool] = nobody_calls
    """Then a purge leaves gaps for what calls write, and does not write the whole file anew."""
