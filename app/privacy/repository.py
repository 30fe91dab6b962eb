"""Adapter: every query about uncovered sights. Takes a session, commits nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.privacy.models import Unmasking


def _in_force(now: datetime) -> ColumnElement[bool]:
    return and_(Unmasking.covered_at.is_(None), Unmasking.until > now)


async def unmasking_in_force(
    session: AsyncSession, login: str, call_id: str, now: datetime
) -> Unmasking | None:
    """Return the one of *login* for *call_id* that ends last; None where the call is covered."""
    query = (
        select(Unmasking)
        .where(Unmasking.call_id == call_id, Unmasking.by_login == login, _in_force(now))
        .order_by(Unmasking.until.desc(), Unmasking.id.desc())
        .limit(1)
    )
    return (await session.scalars(query)).first()


async def uncovered_of(
    session: AsyncSession, login: str, call_ids: Collection[str], now: datetime
) -> frozenset[str]:
    """Return which of *call_ids* *login* reads uncovered now."""
    if not call_ids:
        return frozenset()
    query = select(Unmasking.call_id).where(
        Unmasking.by_login == login, Unmasking.call_id.in_(list(call_ids)), _in_force(now)
    )
    return frozenset(await session.scalars(query))


async def unmaskings_of(session: AsyncSession, call_id: str) -> Sequence[Unmasking]:
    """Return all of *call_id*, the latest first."""
    query = select(Unmasking).where(Unmasking.call_id == call_id)
    return (await session.scalars(query.order_by(Unmasking.id.desc()))).all()
