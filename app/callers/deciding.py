"""Glue: the people's decisions about callers: what a call was about, and measures, each in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, cast

import anyio
from starlette.requests import HTTPConnection

from app.auth.identity import Identity, Role
from app.callers.history import may_read_number
from app.callers.keys import CallerKeys, open_caller_keys
from app.callers.measures import (
    Proposal,
    State,
    check_approver,
    check_lifter,
    state_of,
)
from app.callers.models import CallerMeasure, CallMatter
from app.callers.number import UNREADABLE, StoredHash, masked
from app.callers.repository import (
    measure_by_id,
    measures_seen_by,
    numbers_of,
    same_proposal,
    standing_of,
)
from app.callers.settings import CallersSettings
from app.calls.lifecycle import facts_of
from app.errors import Conflict, NotAllowed, NotFound
from app.events import EventType
from app.japan import JAPAN
from app.ledger import Entry
from app.models import Call, StaffAction
from app.privacy.numbers import number_of
from app.privacy.sight_of_call import reads_covered
from app.services import Services, services_of

MATTER_WRITTEN: Final = "matter_written"
NUMBER_READ: Final = "number_read"
LARGEST_ID: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """A measure as it stands today, with as much of the number as its reader may know."""

    measure: CallerMeasure
    state: State
    number: str
    number_is_whole: bool


async def caller_keys_of(connection: HTTPConnection) -> CallerKeys:
    """Return the process's keys, read at the first question."""
    state = connection.app.state
    if not hasattr(state, "caller_keys"):
        folder = services_of(connection).settings.data_dir
        state.caller_keys = await anyio.to_thread.run_sync(open_caller_keys, folder)
    return cast("CallerKeys", state.caller_keys)


def callers_settings_of(services: Services) -> CallersSettings:
    given = getattr(services.settings, "callers", None)
    return given if isinstance(given, CallersSettings) else CallersSettings()


def today_in_japan(now: datetime) -> date:
    return now.astimezone(JAPAN).date()


async def write_matter(
    services: Services, identity: Identity, call: Call, matter: str, answer: str
) -> None:
    """Store what the caller wanted and was answered; the record keeps who wrote it and when, once each time.

    Raises:
        NotAllowed: a program asks (``person_needed``).
    """
    _check_person(identity)
    audience = facts_of(call).audience

    async def change(entry: Entry) -> None:
        row = await entry.session.get(CallMatter, call.id)
        if row is None:
            row = CallMatter(call_id=call.id)
            entry.session.add(row)
        row.matter, row.answer = matter, answer
        row.by_login, row.at = identity.login, entry.now
        # The words stand in one place only: there they are changed, and go when the call goes.
        entry.session.add(
            StaffAction(
                call_id=call.id,
                kind=MATTER_WRITTEN,
                by_login=identity.login,
                at=entry.now,
                detail={"text": ""},
            )
        )
        entry.tell(
            EventType.NOTE,
            call.id,
            audience,
            {"kind": MATTER_WRITTEN, "text": "", "by": identity.login},
        )

    await services.ledger.write(change)


async def record_number_read(services: Services, identity: Identity, call: Call) -> None:
    """Keep that somebody asked for the whole number of *call*, and tell it to whoever sees the call.

    Raises:
        NotAllowed: a program asks (``person_needed``).
    """
    _check_person(identity)
    audience = facts_of(call).audience

    async def change(entry: Entry) -> None:
        entry.session.add(
            StaffAction(
                call_id=call.id,
                kind=NUMBER_READ,
                by_login=identity.login,
                at=entry.now,
                detail={"text": ""},
            )
        )
        told = {"kind": NUMBER_READ, "text": "", "by": identity.login}
        entry.tell(EventType.NOTE, call.id, audience, told)

    await services.ledger.write(change)


async def propose(
    services: Services, keys: CallerKeys, identity: Identity, call: Call, wanted: Proposal
) -> int:
    """Store *wanted* as a proposal for the caller of *call*, once; return its id. Nothing is in force by that.

    Raises:
        NotAllowed: a program asks, or not a supervisor (``person_needed``, ``role_not_allowed``).
        Conflict: the number was withheld, or names nobody (``caller_unknown``).
    """
    _check_person(identity)
    _check_role(identity, Role.SUPERVISOR)
    number = number_of(services.record_keys, call)
    stored = keys.hash_of_caller(number)
    if number == UNREADABLE and call.caller_hash is not None and call.caller_key_id is not None:
        stored = StoredHash(call.caller_key_id, call.caller_hash)
    if stored is None:
        raise Conflict(
            "caller_unknown",
            "この通話では電話番号が分からないため、対応制限を申請できません。番号の分かる通話を選んでください。",
        )

    async def change(entry: Entry) -> int:
        row = CallerMeasure(
            caller_hash=stored.hash,
            caller_key_id=stored.key_id,
            call_id=call.id,
            section=call.section,
            office_wide=wanted.office_wide,
            kind=wanted.kind.value,
            detail=wanted.detail,
            reason=wanted.reason,
            words=wanted.words,
            clause=wanted.clause,
            begins_on=wanted.begins_on,
            ends_on=wanted.ends_on,
            requested_by=identity.login,
            requested_at=entry.now,
            lift_reason="",
        )
        known = await same_proposal(entry.session, row)
        if known is not None:
            return known  # the button was pressed twice
        entry.session.add(row)
        await entry.session.flush()
        return row.id

    return await services.ledger.write(change)


async def approve(services: Services, identity: Identity, measure_id: int) -> None:
    """Put a proposed measure in force from its first day on.

    Raises:
        NotFound: there is none, or not for these eyes.
        NotAllowed, Conflict: as ``check_approver`` says; a program asks (``person_needed``).
    """
    _check_person(identity)
    _check_role(identity, Role.SUPERVISOR, Role.ADMINISTRATOR)

    async def change(entry: Entry) -> None:
        row = await _seen(entry, identity, measure_id)
        check_approver(standing_of(row), identity, today_in_japan(entry.now))
        row.approved_by, row.approved_at = identity.login, entry.now

    await services.ledger.write(change)


async def lift(services: Services, identity: Identity, measure_id: int, reason: str) -> None:
    """End a measure today, or turn a proposal down.

    Raises:
        NotFound: there is none, or not for these eyes.
        NotAllowed, Conflict, FieldRefused: as ``check_lifter`` says; a program asks (``person_needed``).
    """
    _check_person(identity)
    _check_role(identity, Role.SUPERVISOR, Role.ADMINISTRATOR)

    async def change(entry: Entry) -> None:
        row = await _seen(entry, identity, measure_id)
        why = check_lifter(standing_of(row), identity, reason, today_in_japan(entry.now))
        row.lifted_by, row.lifted_at, row.lift_reason = identity.login, entry.now, why

    await services.ledger.write(change)


async def measure_lines(services: Services, identity: Identity) -> list[MeasureLine]:
    """Return the measures that *identity* reads in full, the latest first."""
    today = today_in_japan(services.clock.now())
    async with services.database.transaction() as session:
        rows = await measures_seen_by(session, identity)
        sealed = await numbers_of(session, identity, {row.caller_hash for row in rows})
    numbers = {
        caller_hash: number_of(services.record_keys, call) for caller_hash, call in sealed.items()
    }
    # The list is of no one call: nobody can give a reason here for which it would be uncovered.
    covered = reads_covered(services, identity)
    return [_line(row, identity, numbers, today, covered=covered) for row in rows]


def _line(
    row: CallerMeasure,
    identity: Identity,
    numbers: Mapping[str, str],
    today: date,
    *,
    covered: bool,
) -> MeasureLine:
    number = numbers.get(row.caller_hash, "")
    whole = may_read_number(identity, row.section) and not covered
    return MeasureLine(
        measure=row,
        state=state_of(standing_of(row), today),
        number=number if whole else masked(number),
        number_is_whole=whole and number not in ("", UNREADABLE),
    )


async def _seen(entry: Entry, identity: Identity, measure_id: int) -> CallerMeasure:
    row = await measure_by_id(entry.session, measure_id) if 0 < measure_id <= LARGEST_ID else None
    # To a supervisor of another section it is as if there were none.
    if row is None or (identity.role is Role.SUPERVISOR and row.section != identity.section):
        raise NotFound(
            "measure_unknown", "この対応制限は見つからないか、表示する権限がありません。"
        )
    return row


def _check_person(identity: Identity) -> None:
    if identity.user_id is None:
        raise NotAllowed(
            "person_needed", "この操作は、サインインした職員が画面で行うときだけ受け付けます。"
        )


def _check_role(identity: Identity, *roles: Role) -> None:
    if identity.role not in roles:
        raise NotAllowed("role_not_allowed", "お使いの役割では、この操作はできません。")
