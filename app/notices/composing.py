"""Adapter: a notice out of its call as the tables have it now. Only what its route may say is read at all."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.callers.number import UNREADABLE
from app.models import AlertRow, Call, User
from app.notices.choosing import NoticeKind
from app.notices.models import NoticeRow
from app.notices.routes import Route
from app.notices.wording import Notice, in_order

NumberOf = Callable[[Call], str]
"""Opens the number of a call."""


async def composed(
    session: AsyncSession,
    row: NoticeRow,
    call: Call,
    route: Route,
    public_url: str,
    number_of: NumberOf,
) -> Notice:
    """Return what *row* says on *route*."""
    kind = NoticeKind(row.kind)
    alerts = await _alerts(session, call, also_closed=kind is NoticeKind.ENDED)
    gravest = max(alerts, key=lambda alert: (alert.level, alert.raised_at), default=None)
    return Notice(
        notice_id=row.id,
        kind=kind,
        at=row.at,
        level=call.level if kind is NoticeKind.HELP else row.level,
        outcome=call.outcome,
        categories=in_order([name for alert in alerts for name in alert.categories]),
        section=row.section,
        call_id=call.id,
        url=f"{public_url}/calls/{quote(call.id, safe='')}",
        operator_name=await _display_name(session, call) if route.with_operator_name else "",
        caller_number=_readable(number_of(call)) if route.with_caller_number else "",
        quote=gravest.quote if route.with_words and gravest is not None else "",
    )


def _readable(number: str) -> str:
    """Return *number*; nothing where its key is lost: whoever is told would take the words for a number."""
    return number if number != UNREADABLE else ""


async def is_foreseen_only(session: AsyncSession, call: Call) -> bool:
    """Say whether an alert of *call* still rests on a sentence that is being spoken."""
    found = await session.scalar(
        select(AlertRow.id)
        .where(
            AlertRow.call_id == call.id,
            AlertRow.unconfirmed.is_not(None),
            AlertRow.closed_at.is_(None),
        )
        .limit(1)
    )
    return found is not None


async def _alerts(session: AsyncSession, call: Call, *, also_closed: bool) -> list[AlertRow]:
    asked = select(AlertRow).where(
        AlertRow.call_id == call.id,
        AlertRow.withdrawn.is_(False),
        AlertRow.false_alarm.is_(False),
    )
    if not also_closed:
        asked = asked.where(AlertRow.closed_at.is_(None))
    return list(await session.scalars(asked))


async def _display_name(session: AsyncSession, call: Call) -> str:
    """Return the name on the screens; nothing where the telephone named somebody unknown."""
    name = await session.scalar(select(User.display_name).where(User.login == call.operator))
    return name or ""
