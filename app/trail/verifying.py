"""Adapter: follows the whole trail of a database, page by page, and the records that it vouches for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.models import StaffAction
from app.trail.chain import Broken, Deed, End, Link, checked, digest_of, ended_at
from app.trail.deeds import fields_of
from app.trail.models import TrailEndRow, TrailRow

PAGE: Final = 2_000
ACTION: Final = "call."
"""Begins the kinds of staff actions."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found. *broken* is the first link that is not as it was written."""

    links: int
    end: End
    broken: Broken | None
    altered: tuple[int, ...]
    """Links whose record, though still there, no longer says what it said (the first 20)."""

    @property
    def sound(self) -> bool:
        return self.broken is None and not self.altered


async def verify(
    database: Database,
    keys: Mapping[str, bytes],
    *,
    known: End | None = None,
    progress: Progress = lambda _done, _all: None,
) -> Verified:
    """Check every link, where the trail ends, and every staff action that it vouches for.

    *known*: an end that was noted elsewhere; the trail must still hold it.
    """
    end, altered = End(), list[int]()
    async with database.transaction() as session:
        said = (await session.execute(select(TrailEndRow.number, TrailEndRow.seal))).one()
        count = await session.scalar(select(func.count()).select_from(TrailRow)) or 0
    while True:
        async with database.transaction() as session:
            links = await _links_after(session, end.number)
            altered += await _altered(session, links, keys)
        found = checked(end, links, keys)
        if isinstance(found, Broken):
            return Verified(count, end, found, tuple(altered[:20]))
        if known is not None and end.number < known.number <= found.number:
            at = links[known.number - end.number - 1]
            if at.seal != known.seal:
                broken = ended_at(End(at.number, at.seal), known)
                return Verified(count, end, broken, tuple(altered[:20]))
        end = found
        progress(end.number, count)
        if len(links) < PAGE:
            break
    broken = ended_at(end, End(said.number, said.seal))
    if broken is None and known is not None:
        broken = ended_at(end, known) if end.number < known.number else None
    return Verified(count, end, broken, tuple(altered[:20]))


async def _links_after(session: AsyncSession, number: int) -> list[Link]:
    query = select(TrailRow).where(TrailRow.number > number).order_by(TrailRow.number).limit(PAGE)
    return [_link(row) for row in (await session.scalars(query)).all()]


async def _altered(
    session: AsyncSession, links: Sequence[Link], keys: Mapping[str, bytes]
) -> list[int]:
    vouched = {
        int(link.deed.subject): link
        for link in links
        if link.deed.kind.startswith(ACTION) and link.deed.subject.isdecimal()
    }
    query = select(StaffAction).where(StaffAction.id.in_(list(vouched)))
    return [
        vouched[row.id].number
        for row in (await session.scalars(query)).all()
        if (key := keys.get(vouched[row.id].key_id)) is not None
        and digest_of(fields_of(row), key) != vouched[row.id].deed.digest
    ]


def _link(row: TrailRow) -> Link:
    return Link(
        number=row.number,
        at=row.at,
        deed=Deed(
            kind=row.kind,
            by_login=row.by_login,
            role=row.role,
            address=row.address,
            call_id=row.call_id,
            subject=row.subject,
            digest=row.digest,
        ),
        key_id=row.key_id,
        previous=row.previous,
        seal=row.seal,
    )
