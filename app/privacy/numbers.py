"""Adapter: callers' numbers lie sealed in the table of calls; here they are sealed, opened, and sealed anew.

Each is bound to its call: moved to another row it does not open. A number whose key is lost is shown as
``UNREADABLE``; its keyed hash still finds the caller's other calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import structlog
from sqlalchemy import bindparam, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.callers.number import UNREADABLE
from app.db import Database
from app.models import Call
from app.privacy.number_traces import without_number
from app.sealing import CannotOpen, RecordKeys, Sealed

log = structlog.get_logger()

AT_ONCE: Final = 500
"""Rows in one transaction: a call that begins meanwhile waits some milliseconds."""

SealNumber = Callable[[str, str], Sealed | None]
"""Seals the number of a call: its id, and the number."""


def left_plain(_call_id: str, _number: str) -> Sealed | None:
    """Seal nothing: for calls that are no citizen's, as in measurements."""
    return None


def sealing_numbers(keys: RecordKeys) -> SealNumber:
    return partial(sealed_number, keys)


def reading_numbers(keys: RecordKeys) -> Callable[[Call], str]:
    return partial(number_of, keys)


def sealed_number(keys: RecordKeys, call_id: str, number: str) -> Sealed | None:
    """Return *number* sealed for its call; None where the telephone showed none."""
    return keys.seal(number.encode(), _place(call_id)) if number else None


def number_of(keys: RecordKeys, call: Call) -> str:
    """Return the whole number of *call*, empty where none was shown, ``UNREADABLE`` where it cannot be opened."""
    if call.number_box is None:
        return call.caller_number
    return opened_number(keys, call.id, call.number_box, call.number_key_id)


def opened_number(keys: RecordKeys, call_id: str, box: bytes, key_id: str | None) -> str:
    """Return what ``sealed_number`` sealed; ``UNREADABLE`` where it does not open."""
    try:
        return keys.open(Sealed(key_id or "", box), _place(call_id)).decode()
    except (CannotOpen, UnicodeDecodeError):
        return UNREADABLE


async def seal_left_over(database: Database, keys: RecordKeys) -> int:
    """Seal the numbers that stand plainly in the table, as before version 0016; return how many they were."""
    done, after = 0, ""
    while True:
        async with database.transaction() as session:
            query = select(Call.id, Call.caller_number, Call.stream_format).where(
                Call.caller_number != "", Call.id > after
            )
            rows = (await session.execute(query.order_by(Call.id).limit(AT_ONCE))).all()
            for row in rows:
                await _forget_traces(session, row.id, row.caller_number, row.stream_format)
            if rows:
                await _write(session, keys, {row.id: row.caller_number for row in rows})
        if not rows:
            break
        done, after = done + len(rows), rows[-1].id
    if done and not database.is_postgresql:
        await _forget_what_was_written(database)
    return done


async def reseal(database: Database, keys: RecordKeys) -> int:
    """Seal with the first of *keys* what an older one sealed; return how many numbers.

    Afterwards an older key is not needed for numbers, but for those that no key here opens: they stay as they are.
    """
    done, after = 0, ""
    while True:
        async with database.transaction() as session:
            query = select(Call.id, Call.number_box, Call.number_key_id).where(
                Call.number_box.is_not(None), Call.number_key_id != keys.key_id, Call.id > after
            )
            rows = (await session.execute(query.order_by(Call.id).limit(AT_ONCE))).all()
            opened = {
                row.id: opened_number(keys, row.id, row.number_box, row.number_key_id)
                for row in rows
            }
            numbers = {
                call_id: number for call_id, number in opened.items() if number != UNREADABLE
            }
            if numbers:
                await _write(session, keys, numbers)
        if not rows:
            return done
        done, after = done + len(numbers), rows[-1].id


async def seal_in_background(database: Database, keys: RecordKeys) -> None:
    """Run ``seal_left_over`` beside the calls: a failure is told, and the next start goes on."""
    try:
        sealed = await seal_left_over(database, keys)
    except (SQLAlchemyError, OSError) as error:
        log.warning("numbers could not be sealed", error=type(error).__name__)
        return
    if sealed:
        log.info("numbers sealed", calls=sealed)


async def _forget_traces(
    session: AsyncSession, call_id: str, number: str, stored: Mapping[str, object]
) -> None:
    """Keep the last digits only, wherever the number stands in what the telephone told."""
    told = stored.get("metadata")
    if isinstance(told, Mapping) and (left := without_number(told, number)) != told:
        await session.execute(
            update(Call)
            .where(Call.id == call_id)
            .values(stream_format={**stored, "metadata": left})
        )


async def _write(session: AsyncSession, keys: RecordKeys, numbers: Mapping[str, str]) -> None:
    """Seal *numbers*, by the ids of their calls, and leave nothing plain."""
    rows: list[dict[str, object]] = []
    for call_id, number in numbers.items():
        sealed = keys.seal(number.encode(), _place(call_id))
        rows.append({"call": call_id, "box": sealed.box, "by_key": sealed.key_id})
    # In one go: row by row it takes ten times as long.
    await (await session.connection()).execute(
        update(Call)
        .where(Call.id == bindparam("call"))
        .values(caller_number="", number_box=bindparam("box"), number_key_id=bindparam("by_key")),
        rows,
    )


async def _forget_what_was_written(database: Database) -> None:
    """Have SQLite write its log of changes into the table: the log still holds the numbers."""
    try:
        async with database.transaction() as session:
            await session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    except SQLAlchemyError as error:
        # Somebody is reading: the next checkpoint does it.
        log.info("log of changes not emptied yet", error=type(error).__name__)


def _place(call_id: str) -> str:
    return f"call/{call_id}/number"
