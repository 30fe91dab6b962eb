"""Glue: what one person may ask of the office: everything that is kept of their calls, or its deletion.

The number is typed, turned into its keyed hashes and forgotten: it stands in no table, no address and no
log. An erasure needs a second person, who types the number too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.errors import FieldRefused
from app.callers.deciding import today_in_japan
from app.callers.keys import CallerKeys
from app.callers.models import CallerMeasure
from app.models import Call
from app.retention.kinds import What, kind_of
from app.retention.models import PersonRequest
from app.retention.planning import Due
from app.retention.purging import Purged, erase, no_progress
from app.retention.repository import calls_of_hashes, facts_of
from app.retention.running import Progress, PurgeParts
from app.trail.chain import Deed
from app.trail.writing import record

EXPORT: Final = "export"
ERASE: Final = "erase"
APPROVED: Final = "approved"
"""It is being erased, or goes on after the next start (``app.retention.erasing``)."""
DONE: Final = "done"
PARTLY: Final = "partly"
"""Erased but for what was held or live."""
MOST_NAMED: Final = 20
STAYS_WORDS: Final = {"held": "保全されています", "live": "通話中です"}


@dataclass(frozen=True, slots=True)
class Stays:
    """A call that an erasure leaves, and why: ``held`` or ``live``."""

    call_id: str
    started_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class PersonCalls:
    """The calls of one number, the oldest first."""

    hashes: tuple[str, ...]
    call_ids: tuple[str, ...]
    going: tuple[Due, ...]
    """Those that an erasure would delete."""
    staying: tuple[Stays, ...]


def hashes_of(keys: CallerKeys, number: str) -> tuple[str, ...]:
    """Return what calls from *number* are found by.

    Raises:
        FieldRefused: it names no telephone (``number_unknown``).
    """
    made = tuple(one.hash for one in keys.hashes_of_caller(number))
    if not made:
        raise FieldRefused(
            "number",
            "number_unknown",
            "電話番号として読めません。市外局番から入力してください(例: 011-382-4141)。",
        )
    return made


async def calls_of_person(
    session: AsyncSession, hashes: Sequence[str], now: datetime
) -> PersonCalls:
    """Return what there is of the caller with *hashes*."""
    ids = await calls_of_hashes(session, hashes)
    facts = await facts_of(session, ids, today_in_japan(now))
    going, staying = list[Due](), list[Stays]()
    for call_id in ids:
        one = facts[call_id]
        if one.held or one.ended_at is None:
            call = await session.get(Call, call_id)
            if call is not None:
                staying.append(Stays(call_id, call.started_at, "held" if one.held else "live"))
            continue
        kind, why = kind_of(one)
        going.append(Due(call_id, one.section, one.ended_at, What.CALL, kind, why))
    return PersonCalls(tuple(hashes), tuple(ids), tuple(going), tuple(staying))


async def erase_person(
    parts: PurgeParts,
    hashes: Sequence[str],
    *,
    by_login: str,
    until: datetime | None = None,
    request_id: str = "",
    progress: Progress = no_progress,
) -> tuple[Purged, PersonCalls]:
    """Delete the calls of one caller at once, and the measures and hashes about them.

    Calls that are held or live stay; then the measures stay too, as somebody still has to answer for them.
    So do calls that ended after *until*, when it was decided: nobody has decided about these. *request_id* is
    done with once nothing is left that should have gone.

    Raises:
        Conflict: another deletion is running (``purge_running``).
    """

    async def should_go(session: AsyncSession) -> tuple[PersonCalls, list[Due]]:
        found = await calls_of_person(session, hashes, parts.clock.now())
        return found, [one for one in found.going if until is None or one.ended_at <= until]

    async with parts.database.transaction() as session:
        _, going = await should_go(session)
    purged = await erase(parts, going, by_login=by_login, progress=progress)
    async with parts.database.transaction() as session:
        left, going = await should_go(session)
        if not left.call_ids:
            await session.execute(
                delete(CallerMeasure).where(CallerMeasure.caller_hash.in_(list(hashes)))
            )
        row = await session.get(PersonRequest, request_id) if request_id else None
        if row is not None and row.state == APPROVED:
            row.run_id = purged.runs[-1] if purged.runs else row.run_id
            if not going:
                row.hashes, row.state = [], PARTLY if left.call_ids else DONE
        if not going:
            subject = f"run {purged.runs[-1]}" if purged.runs else ""
            await record(session, Deed("person.erased", subject=subject))
    return purged, left
