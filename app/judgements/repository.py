"""Adapter: every query about judgements. Takes a session, commits nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.judgements.models import Judgement
from app.judgements.opinions import Standing, standing

_AT_ONCE = 500
"""Ids in one question: SQLite takes no more than some thousand values."""


async def judgements_of(session: AsyncSession, call_id: str) -> Sequence[Judgement]:
    """Return the judgements of one call, in the order in which they were made."""
    query = select(Judgement).where(Judgement.call_id == call_id).order_by(Judgement.id)
    return (await session.scalars(query)).all()


async def standing_of(session: AsyncSession, call_ids: Collection[str]) -> dict[str, Standing]:
    """Return what stands for each of *call_ids* that was judged; the others are not in it."""
    wanted, found = list(dict.fromkeys(call_ids)), defaultdict[str, list[Judgement]](list)
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(Judgement).where(Judgement.call_id.in_(wanted[start : start + _AT_ONCE]))
        for row in await session.scalars(query.order_by(Judgement.id)):
            found[row.call_id].append(row)
    stands = {call_id: standing(rows) for call_id, rows in found.items()}
    return {call_id: one for call_id, one in stands.items() if one is not None}
