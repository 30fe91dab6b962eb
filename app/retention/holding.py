"""Glue: legal holds: who sets one, who lifts it, and how long a call is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.callers.deciding import today_in_japan
from app.errors import Conflict, NotAllowed, NotFound
from app.models import Call
from app.retention.kinds import Standing, standing_of
from app.retention.models import REASON_CHARACTERS, LegalHold
from app.retention.repository import being_deleted, facts_of, holds_of, lock_call
from app.services import Services

HOLDERS: Final = (Role.SUPERVISOR, Role.AUDITOR)
LARGEST_ID: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Kept:
    """How long one call is kept, and what holds it."""

    standing: Standing
    holds: tuple[LegalHold, ...]
    """The latest first, those that are over too."""
    held: bool
    going: bool
    """It is being deleted now."""
    today: date


def stands(hold: LegalHold, today: date) -> bool:
    """Say whether *hold* keeps its call on *today*."""
    return hold.lifted_at is None and (hold.until is None or hold.until >= today)


async def kept(services: Services, call: Call) -> Kept:
    """Return how long *call* is kept, and why."""
    today = today_in_japan(services.clock.now())
    async with services.database.transaction() as session:
        facts = (await facts_of(session, [call.id], today)).get(call.id)
        if facts is None:
            raise _gone()
        holds = tuple(await holds_of(session, call.id))
        going = await being_deleted(session, call.id)
    standing = standing_of(facts, services.settings.retention)
    return Kept(standing, holds, facts.held, going, today)


async def hold(
    services: Services, identity: Identity, call: Call, reason: str, until: date | None
) -> int:
    """Keep *call* from being deleted; return the hold's id.

    Raises:
        FieldRefused: the reason is missing or too long, or the day has passed.
        NotAllowed: a program asks (``person_needed``).
        Conflict: the call is still live, is held already, or is being deleted.
        NotFound: it has just been deleted.
    """
    _person(identity)
    why = checked_reason(reason)
    now = services.clock.now()
    today = today_in_japan(now)
    if until is not None and until < today:
        raise FieldRefused(
            "until", "until_has_passed", "期限は今日以降の日にするか、空欄にしてください。"
        )
    if call.ended_at is None:
        raise Conflict(
            "call_is_live", "通話中は保全できません。通話が終わってから、もう一度お試しください。"
        )
    async with services.database.transaction() as session:
        if not await lock_call(session, call.id):
            raise _gone()
        if await being_deleted(session, call.id):
            raise Conflict("call_is_going", "この通話は削除の途中のため、もう保全できません。")
        if any(stands(one, today) for one in await holds_of(session, call.id)):
            raise Conflict(
                "already_held", "この通話はすでに保全されています。画面を読み込み直してください。"
            )
        row = LegalHold(
            call_id=call.id,
            reason=why,
            by_login=identity.login,
            at=now,
            until=until,
            lifted_by=None,
            lifted_at=None,
        )
        session.add(row)
        await session.flush()
        return row.id


async def lift(
    services: Services, identity: Identity, call: Call, hold_id: int, reason: str
) -> None:
    """End a hold. After it the call may be deleted the next night: another person than who set it decides.

    Raises:
        FieldRefused: the reason is missing or too long.
        NotAllowed: a program asks (``person_needed``), or who set the hold (``second_person_lifts``).
        NotFound: there is no such hold on *call*.
        Conflict: it is over already.
    """
    _person(identity)
    why = checked_reason(reason)
    now = services.clock.now()
    async with services.database.transaction() as session:
        row = await _hold_of(session, call.id, hold_id)
        if row.by_login == identity.login:
            raise NotAllowed(
                "second_person_lifts",
                "保全した本人は解除できません。別の監督者か監査担当者に頼んでください。",
            )
        if not stands(row, today_in_japan(now)):
            raise Conflict(
                "hold_is_over", "この保全はすでに終わっています。画面を読み込み直してください。"
            )
        row.lifted_by, row.lifted_at, row.lift_reason = identity.login, now, why


async def _hold_of(session: AsyncSession, call_id: str, hold_id: int) -> LegalHold:
    row = None
    if 0 < hold_id <= LARGEST_ID and await lock_call(session, call_id):
        row = await session.get(LegalHold, hold_id)
    if row is None or row.call_id != call_id:
        raise NotFound("hold_unknown", "この保全は見つかりません。画面を読み込み直してください。")
    return row


def checked_reason(text: str) -> str:
    """Return *text* as a reason is stored.

    Raises:
        FieldRefused: it is missing or too long.
    """
    why = " ".join(text.split())
    if not why:
        raise FieldRefused("reason", "why_missing", "理由を入力してください。")
    if len(why) > REASON_CHARACTERS or not why.isprintable():
        raise FieldRefused(
            "reason", "why_refused", f"理由は{REASON_CHARACTERS}文字以内で入力してください。"
        )
    return why


def _person(identity: Identity) -> None:
    if identity.user_id is None:
        raise NotAllowed(
            "person_needed", "この操作は、サインインした職員が画面で行うときだけ受け付けます。"
        )


def _gone() -> NotFound:
    return NotFound("call_unknown", "この通話は見つからないか、表示する権限がありません。")
