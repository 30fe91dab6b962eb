"""Adapter: one purge at a time, on this machine and on the database. A killed one gives its turn back at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from app.db import Database
from app.errors import Conflict
from app.private_files import make_private_file

FILE_NAME: Final = "purge.lock"
PURGE_LOCK: Final = 7_263_017
"""Any number, the same in every process that deletes calls."""


@asynccontextmanager
async def one_at_a_time(database: Database, data_dir: Path) -> AsyncIterator[None]:
    """Hold the turn until the block ends.

    Raises:
        Conflict: another process, or this one, is deleting (``purge_running``).
    """
    with _on_this_machine(data_dir / FILE_NAME):
        if not database.is_postgresql:
            yield
            return
        # Holds a connection and no rows: what it waits for is only the end of the block.
        async with database.turn(PURGE_LOCK) as taken:
            if not taken:
                raise _running()
            yield


@contextmanager
def _on_this_machine(file: Path) -> Iterator[None]:
    make_private_file(file)
    opened = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _running() from None
        yield
    finally:
        os.close(opened)


def _running() -> Conflict:
    return Conflict(
        "purge_running",
        "ほかの削除が実行中です。終わるまで待ってから、もう一度お試しください。",
    )
