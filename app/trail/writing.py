"""Adapter: writes the trail in the transaction of what it tells of: both are there, or neither.

Rows that are deeds of themselves (``app.trail.deeds``) are noticed when they are flushed, so that
no place which makes one can forget to tell. Reading leaves no row: it is told by ``record``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, event, insert, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, UOWTransaction

from app.trail.acting import acting
from app.trail.chain import Deed, End, Link, digest_of, sealed
from app.trail.deeds import deeds_of_changed, deeds_of_new, fields_of
from app.trail.models import TrailEndRow, TrailRow

INFO: Final = "trail"
"""Where a session keeps its writer."""


class TrailedSession(Session):
    """The session of a database whose deeds are on the trail."""


@dataclass(frozen=True, slots=True)
class TrailWriter:
    """Seals with the first of *keys*."""

    keys: Mapping[str, bytes]
    now: Callable[[], datetime]

    def append(self, connection: Connection, deeds: Sequence[Deed]) -> None:
        """Write *deeds* as the next links. One writer at a time, until its transaction ends."""
        if not deeds:
            return
        key_id, key = next(iter(self.keys.items()))
        # Written before it is read: that takes the lock, on both databases.
        taken = connection.execute(
            update(TrailEndRow)
            .values(number=TrailEndRow.number + len(deeds))
            .returning(TrailEndRow.number, TrailEndRow.seal)
        ).one()
        end, links = End(taken.number - len(deeds), taken.seal), list[Link]()
        for deed in deeds:
            link = sealed(end, self.now(), deed, key_id=key_id, key=key)
            end = End(link.number, link.seal)
            links.append(link)
        connection.execute(insert(TrailRow), [_row(link) for link in links])
        connection.execute(update(TrailEndRow).values(seal=end.seal))

    def told(self, row: object, deeds: Sequence[Deed]) -> list[Deed]:
        """Return *deeds* of *row* with who acts, and a digest of what the row says now."""
        if not deeds:
            return []
        digest = digest_of(fields_of(row), next(iter(self.keys.values())))
        return [replace(as_acting(deed), digest=digest) for deed in deeds]


def as_acting(deed: Deed) -> Deed:
    """Return *deed* with who acts in this task, where it does not say so itself."""
    now = acting.get()
    if deed.address or deed.by_login not in ("", now.login):
        return deed  # told whole, or of somebody whom the row names at another's request
    return replace(deed, by_login=now.login, role=now.role, address=now.address)


async def record(session: AsyncSession, deed: Deed) -> None:
    """Put *deed* on the trail with the transaction of *session*, if its database keeps one."""
    writer = session.sync_session.info.get(INFO)
    if writer is not None:
        connection = await session.connection()
        await connection.run_sync(writer.append, [as_acting(deed)])


def _notice(session: Session, _context: UOWTransaction) -> None:
    writer: TrailWriter | None = session.info.get(INFO)
    if writer is None:
        return
    deeds = [
        *(deed for row in session.new for deed in writer.told(row, deeds_of_new(row))),
        *(deed for row in session.dirty for deed in writer.told(row, deeds_of_changed(row))),
    ]
    writer.append(session.connection(), deeds)


event.listen(TrailedSession, "after_flush", _notice)


def _row(link: Link) -> dict[str, Any]:
    deed = link.deed
    return {
        "number": link.number,
        "at": link.at,
        "kind": deed.kind,
        "by_login": deed.by_login,
        "role": deed.role,
        "address": deed.address,
        "call_id": deed.call_id,
        "subject": deed.subject,
        "digest": deed.digest,
        "key_id": link.key_id,
        "previous": link.previous,
        "seal": link.seal,
    }
