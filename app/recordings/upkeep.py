"""Glue: what an administrator does with all recordings at once: seal their keys anew, read them all through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import anyio.to_thread
from sqlalchemy import func, select

from app.db import Database
from app.errors import Unavailable
from app.recordings.library import RecordingLibrary, key_of, key_place
from app.recordings.models import Recording
from app.sealing import RecordKeys
from app.trail.chain import Deed
from app.trail.writing import record

BATCH: Final = 200

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Resealed:
    done: int
    already: int
    """Sealed with the first key before."""
    unopened: tuple[str, ...]
    """Calls whose recording no key opens; left as they are."""


@dataclass(frozen=True, slots=True)
class Trouble:
    call_id: str
    code: str
    """Why it does not open: recording_key_missing or recording_damaged."""


@dataclass(frozen=True, slots=True)
class Checked:
    whole: int
    unfinished: int
    """Readable to the end, and without the mark that they were finished in order: cut off by a crash, or going on."""
    troubles: tuple[Trouble, ...]
    strays: int
    """Files in the folder that belong to no call; nothing can open them."""


async def reseal_keys(database: Database, keys: RecordKeys, progress: Progress) -> Resealed:
    """Seal the key of every recording with the first of *keys*. The sound itself is not touched.

    May be interrupted and done again, also beside a running server.
    """
    async with database.transaction() as session:
        other = Recording.key_id != keys.key_id
        total = await session.scalar(select(func.count()).select_from(Recording)) or 0
        waiting = tuple(await session.scalars(select(Recording.call_id).where(other)))
    already = total - len(waiting)
    done, unopened = 0, list[str]()
    for first in range(0, len(waiting), BATCH):
        batch = waiting[first : first + BATCH]
        async with database.transaction() as session:
            rows = (
                await session.scalars(select(Recording).where(Recording.call_id.in_(batch)))
            ).all()
            for row in rows:
                if _resealed(keys, row):
                    done += 1
                else:
                    unopened.append(row.call_id)
            await record(session, Deed("recordings.resealed", subject=keys.key_id))
        progress(already + first + len(batch), total)
    return Resealed(done, already, tuple(unopened))


async def check_recordings(library: RecordingLibrary, progress: Progress) -> Checked:
    """Read every recording through; nothing is changed. May be done beside a running server."""
    # Before the rows: a call that begins while this runs is no stray.
    files = await anyio.to_thread.run_sync(_files, library)
    async with library.database.transaction() as session:
        rows = (await session.execute(select(Recording.call_id, Recording.file))).all()
    whole = unfinished = 0
    troubles: list[Trouble] = []
    for number, (call_id, _) in enumerate(rows, start=1):
        try:
            stored = await library.find(call_id)
            if stored is not None:
                await anyio.to_thread.run_sync(stored.read_through)
        except Unavailable as error:
            troubles.append(Trouble(call_id, error.code))
        else:
            whole += stored is not None and stored.complete
            unfinished += stored is not None and not stored.complete
        progress(number, len(rows))
    strays = len(files - {file for _, file in rows})
    return Checked(whole, unfinished, tuple(troubles), strays)


def _resealed(keys: RecordKeys, row: Recording) -> bool:
    try:
        key = key_of(keys, row)
    except Unavailable:
        return False
    sealed = keys.seal(key, key_place(row.call_id))
    row.key_id, row.sealed_key = sealed.key_id, sealed.box
    return True


def _files(library: RecordingLibrary) -> frozenset[str]:
    if not library.folder.is_dir():
        return frozenset()
    return frozenset(file.name for file in library.folder.iterdir())
