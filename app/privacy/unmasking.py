"""Glue: a person says why they must read a call uncovered, and reads it so for some minutes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity, Role
from app.errors import Conflict, NotAllowed, NotFound
from app.models import Call, User
from app.privacy.models import Unmasking
from app.privacy.repository import unmasking_in_force, unmaskings_of
from app.privacy.schemas import SightOut, UnmaskingOut
from app.privacy.sight_of_call import privacy_settings_of, reads_covered, text_sight
from app.services import Services


async def unmask(services: Services, identity: Identity, call: Call, reason: str) -> None:
    """Let *identity* read *call* uncovered from now on, for as long as the office has set.

    Given again, it lasts anew, and both reasons stay. Who asks, when and why is on the trail with it.

    Raises:
        NotAllowed: a program asks, which can give no reason (``person_needed``).
        Conflict: the call goes on, or nothing is covered for this role (``call_not_over``, ``nothing_covered``).
        NotFound: it has just been deleted.
    """
    if identity.user_id is None:
        raise NotAllowed(
            "person_needed", "この操作は、サインインした職員が画面で行うときだけ受け付けます。"
        )
    if call.ended_at is None:
        raise Conflict("call_not_over", _NOT_OVER)
    if not reads_covered(services, identity):
        raise Conflict("nothing_covered", "お使いの役割では、この通話に伏せた部分はありません。")
    now = services.clock.now()
    minutes = privacy_settings_of(services).unmask_minutes
    row = Unmasking(
        call_id=call.id,
        by_login=identity.login,
        reason=reason,
        at=now,
        until=now + timedelta(minutes=minutes),
    )
    try:
        async with services.database.transaction() as session:
            session.add(row)
    except IntegrityError:
        raise NotFound(
            "call_unknown", "この通話は見つからないか、表示する権限がありません。"
        ) from None


async def cover_again(services: Services, identity: Identity, call: Call) -> None:
    """End every uncovered sight of *identity* of *call* now; nothing where there is none."""
    now = services.clock.now()
    async with services.database.transaction() as session:
        rows = await session.scalars(
            select(Unmasking).where(
                Unmasking.call_id == call.id,
                Unmasking.by_login == identity.login,
                Unmasking.covered_at.is_(None),
                Unmasking.until > now,
            )
        )
        for row in rows:
            row.covered_at = now


async def sight_view(
    session: AsyncSession, services: Services, identity: Identity, call: Call
) -> SightOut:
    """Return how *identity* reads *call* now, and who read it uncovered."""
    covers = call.ended_at is not None and reads_covered(services, identity)
    in_force = (
        await unmasking_in_force(session, identity.login, call.id, services.clock.now())
        if covers
        else None
    )
    rows = await unmaskings_of(session, call.id)
    if identity.role is Role.OPERATOR:
        rows = [row for row in rows if row.by_login == identity.login]
    names = await _names(session, {row.by_login for row in rows})
    # Somebody may have written a name into their reason.
    sight = await text_sight(session, services, identity, call)
    return SightOut(
        covered=covers and in_force is None,
        may_uncover=covers and in_force is None and identity.user_id is not None,
        until=in_force.until if in_force is not None else None,
        minutes=privacy_settings_of(services).unmask_minutes,
        unmaskings=[
            UnmaskingOut(
                by=row.by_login,
                display_name=names.get(row.by_login, row.by_login),
                reason=sight.of(row.reason),
                at=row.at,
                until=row.until,
                covered_at=row.covered_at,
            )
            for row in rows
        ],
    )


async def _names(session: AsyncSession, logins: set[str]) -> dict[str, str]:
    rows = await session.execute(
        select(User.login, User.display_name).where(User.login.in_(logins))
    )
    return {row.login: row.display_name for row in rows}


_NOT_OVER = "この通話はまだ続いています。終わってから振り返ることができます。いまは通話の画面をご覧ください。"
