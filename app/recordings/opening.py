"""Glue: the beginning and the end of a call's recording: row and file, in the order that survives a crash."""

from __future__ import annotations

import os
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio.to_thread
import structlog
from sqlalchemy import select

from app.calls.facts import CallFacts
from app.calls.lifecycle import facts_of
from app.calls.repository import tracks_of
from app.ledger import Entry, Ledger
from app.models import Call
from app.recordings.chunks import Kind, Run
from app.recordings.library import RecordingLibrary, key_of, key_place
from app.recordings.models import Recording
from app.recordings.sealed_file import KEY_BYTES, ChunkSeal
from app.recordings.tape import Tape

log = structlog.get_logger()


async def begin_tape(library: RecordingLibrary, ledger: Ledger, facts: CallFacts) -> Tape:
    """Begin the recording of a call that has none.

    Raises:
        OSError: its file cannot be written.
        Unavailable: the folder cannot be made (``data_dir_unusable``).
        SQLAlchemyError: its row cannot be stored; the file is gone again.
    """
    key, name = os.urandom(KEY_BYTES), secrets.token_hex(16)
    sealed = library.keys.seal(key, key_place(facts.call_id))
    file, seal = library.folder / name, ChunkSeal(facts.call_id, key)
    tape = await anyio.to_thread.run_sync(Tape.begin, file, seal, facts.format.rate_hz)

    async def change(entry: Entry) -> None:
        if await entry.session.get(Recording, facts.call_id) is not None:
            return  # stored, and only the database's word for it was lost
        entry.session.add(
            Recording(
                call_id=facts.call_id,
                file=name,
                key_id=sealed.key_id,
                sealed_key=sealed.box,
                begun_at=entry.now,
            )
        )

    try:
        # No sound is written before what opens it is stored.
        await ledger.write(change)
    except BaseException:
        tape.close()
        with suppress(OSError):
            file.unlink()
        raise
    return tape


async def go_on_tape(
    library: RecordingLibrary, ledger: Ledger, facts: CallFacts, row: Recording
) -> Tape:
    """Go on with the recording of a call that an earlier process left.

    Raises:
        Unavailable: its key is missing (``recording_key_missing``).
        Damaged: the file is not what was written.
        OSError: it cannot be read or written.
    """
    seal = ChunkSeal(facts.call_id, key_of(library.keys, row))
    if row.closed_at is not None:
        await ledger.write(_closed(facts.call_id, None))
    file = library.folder / row.file
    return await anyio.to_thread.run_sync(Tape.go_on, file, seal, facts.format.rate_hz)


async def close_tape(ledger: Ledger, facts: CallFacts, tape: Tape, unwritten: list[Run]) -> None:
    """Finish a recording for good; where that fails it ends with its last whole chunk."""

    def end() -> bool:
        try:
            tape.append(unwritten)
            tape.end()
        except OSError as error:
            log.error("a recording has no end", call_id=facts.call_id, why=error.errno)  # noqa: TRY400 - known, no traceback
            return False
        finally:
            tape.close()
        return True

    if await anyio.to_thread.run_sync(end):
        await ledger.write(_closed(facts.call_id, tape))


async def store_lost(
    library: RecordingLibrary, ledger: Ledger, facts: CallFacts, samples: int
) -> None:
    """Store that a call was to be recorded and nothing of it could be: a recording without a file."""
    sealed = library.keys.seal(os.urandom(KEY_BYTES), key_place(facts.call_id))

    async def change(entry: Entry) -> None:
        if await entry.session.get(Recording, facts.call_id) is not None:
            return  # stored, and only the database's word for it was lost
        entry.session.add(
            Recording(
                call_id=facts.call_id,
                file=secrets.token_hex(16),
                key_id=sealed.key_id,
                sealed_key=sealed.box,
                begun_at=entry.now,
                closed_at=entry.now,
                chunks=0,
                samples=samples,
            )
        )

    await ledger.write(change)


async def close_left_behind(library: RecordingLibrary, ledger: Ledger, call_id: str) -> None:
    """Finish the recording of an ended call that no process is writing any more.

    What was judged had been heard: where the file ends before that, the rest counts as lost.

    Raises:
        as ``go_on_tape``.
    """
    async with library.database.transaction() as session:
        row = await session.get(Recording, call_id)
        call = await session.get(Call, call_id)
        judged_ms = max((await tracks_of(session, call_id)).values(), default=0)
    if row is None or call is None or call.ended_at is None or row.closed_at is not None:
        return
    facts = facts_of(call)
    tape = await go_on_tape(library, ledger, facts, row)
    missing = judged_ms * facts.format.rate_hz // 1000 - tape.position
    lost = [Run(Kind.LOST, tape.position, missing)] if missing > 0 else []
    await close_tape(ledger, facts, tape, lost)


async def left_behind(library: RecordingLibrary) -> tuple[str, ...]:
    """Return the ended calls whose recording was never finished."""
    unfinished = (
        select(Recording.call_id)
        .join(Call, Call.id == Recording.call_id)
        .where(Recording.closed_at.is_(None), Call.ended_at.is_not(None))
    )
    async with library.database.transaction() as session:
        return tuple(await session.scalars(unfinished))


def _closed(call_id: str, tape: Tape | None) -> Callable[[Entry], Awaitable[None]]:
    """Return the change that says what a finished recording holds; without *tape*, that it goes on."""

    async def change(entry: Entry) -> None:
        row = await entry.session.get(Recording, call_id)
        if row is not None:
            row.closed_at = entry.now if tape is not None else None
            row.chunks = tape.chunks if tape is not None else None
            row.samples = tape.position if tape is not None else None

    return change
