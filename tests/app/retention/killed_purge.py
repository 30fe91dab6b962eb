"""Glue: a purge as a process of its own that is killed at one point, or runs to its end.

``python -m tests.app.retention.killed_purge DATA_DIR URL POINT``
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import anyio
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database, open_database
from app.retention.opening import open_parts
from app.retention.purging import purge_due
from app.retention.running import CallFiles, CallIndex
from app.retention.settings import RetentionSettings
from app.settings import Settings
from app.trail.opening import open_trail_keys
from app.trail.writing import TrailWriter
from tests.fakes_clock import FakeClock

POINTS: Final = ("before_files", "after_files", "inside_rows", "before_wiping", "looking_again")


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class KilledFiles:
    within: CallFiles
    point: str
    name: str = "recording files"

    async def delete(self, call_id: str) -> int:
        if self.point == "before_files":
            killed()
        freed = await self.within.delete(call_id)
        if self.point == "after_files":
            killed()
        return freed

    async def left(self, call_ids: Sequence[str]) -> int:
        if self.point == "looking_again":
            killed()
        return await self.within.left(call_ids)


@dataclass(frozen=True, slots=True)
class KilledIndex:
    within: CallIndex
    point: str
    name: str = "search index"

    async def forget(self, session: AsyncSession, call_id: str) -> None:
        await self.within.forget(session, call_id)
        if self.point == "inside_rows":
            killed()

    async def left(self, session: AsyncSession, call_ids: Sequence[str]) -> int:
        return await self.within.left(session, call_ids)

    async def overwrite(self, database: Database) -> None:
        if self.point == "before_wiping":
            killed()
        await self.within.overwrite(database)


async def main(data_dir: str, url: str, point: str) -> None:
    settings = Settings(
        data_dir=Path(data_dir),
        database_url=SecretStr(url) if url else None,
        retention=RetentionSettings(preset="30days"),
    )
    clock = FakeClock()
    writer = TrailWriter(open_trail_keys(settings.data_dir), clock.now)
    async with open_database(settings.async_database_url, trail=writer) as database:
        parts = await open_parts(settings, database, clock)
        parts = replace(
            parts,
            files=tuple(KilledFiles(one, point) for one in parts.files),
            indexes=tuple(KilledIndex(one, point) for one in parts.indexes),
        )
        await purge_due(parts)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2], sys.argv[3])
