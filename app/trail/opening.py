"""Glue: an office's database with its trail: the keys beside it, and whoever acts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio.to_thread

from app.db import Database, open_database
from app.errors import Unavailable
from app.key_file import KeyFileUnreadable, read_or_make_keys
from app.ports import Clock
from app.settings import Settings
from app.trail.writing import TrailWriter

FILE_NAME: Final = "trail_keys"


@asynccontextmanager
async def open_trailed_database(settings: Settings, clock: Clock) -> AsyncIterator[Database]:
    """Serve the office's database, every deed on its trail, until the block ends."""
    keys = await anyio.to_thread.run_sync(open_trail_keys, settings.data_dir)
    writer = TrailWriter(keys, clock.now)
    async with open_database(settings.async_database_url, trail=writer) as database:
        yield database


def open_trail_keys(data_dir: Path) -> dict[str, bytes]:
    """Read the keys in *data_dir*, made at the first start; blocking.

    Raises:
        Unavailable: they can be neither read nor made (``trail_keys_unreadable``).
    """
    file = data_dir / FILE_NAME
    try:
        return read_or_make_keys(file)
    except KeyFileUnreadable as error:
        raise Unavailable(
            "trail_keys_unreadable",
            f"{file} を読めません。控えから戻してください。控えがないときは、このファイルを別の場所に移して起動すると、"
            "新しい鍵で続きが記録されます(これまでの操作の記録は、元の鍵がないと確かめられません)。",
        ) from error
