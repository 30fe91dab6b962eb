"""A hold keeps its call; two persons decide about its end; what is being deleted can no longer be held."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.db import Database
from app.errors import AppError, Conflict, NotAllowed, NotFound
from app.models import Call
from app.retention.holding import hold, kept, lift
from app.retention.models import Deletion, PurgeRun
from app.retention.purging import purge_due
from app.retention.running import PurgeParts
from app.services import Services
from app.settings import Settings
from app.trail.models import TrailRow
from tests.app.retention.filling import fill_call
from tests.app.retention.test_purging import days_ago, ids_left
from tests.fakes_clock import FakeClock

KANSA = Identity("kansa", "監査", Role.AUDITOR, "", user_id=1)
KACHO = Identity("kacho", "課長", Role.SUPERVISOR, "市民課", user_id=2)


@pytest.fixture
def services(either: Settings, trailed: Database, clock: FakeClock) -> Services:
    return SimpleNamespace(settings=either, database=trailed, clock=clock)  # type: ignore[return-value]


async def call(services: Services, clock: FakeClock, *, days: int | None = 400) -> Call:
    async with services.database.transaction() as session:
        ended_at = days_ago(clock, days) if days is not None else None
        await fill_call(session, "c-1", ended_at=ended_at)
    async with services.database.transaction() as session:
        found = await session.get(Call, "c-1")
    assert found is not None
    return found


async def test_a_held_call_stays_until_another_person_lifts_it(
    services: Services, parts: PurgeParts, trailed: Database, clock: FakeClock
) -> None:
    held = await call(services, clock)

    hold_id = await hold(services, KANSA, held, "訴訟 第1号", None)
    await purge_due(parts)
    with pytest.raises(NotAllowed) as own:
        await lift(services, KANSA, held, hold_id, "終わった")
    still = await ids_left(trailed)
    await lift(services, KACHO, held, hold_id, "訴訟が終わったため")
    await purge_due(parts)

    async with trailed.transaction() as session:
        deeds = (await session.execute(select(TrailRow.kind, TrailRow.by_login))).all()
    assert own.value.code == "second_person_lifts"
    assert (still, await ids_left(trailed)) == ({"c-1"}, set())
    assert {("hold.set", "kansa"), ("hold.lifted", "kacho")} <= {tuple(deed) for deed in deeds}


async def test_a_hold_with_a_day_ends_with_that_day_in_japan(
    services: Services, parts: PurgeParts, trailed: Database, clock: FakeClock
) -> None:
    held = await call(services, clock)
    await hold(services, KANSA, held, "情報公開", date(2026, 4, 7))  # it is the 6th, 18:00 in Japan

    clock.advance(hours=29)  # the 7th, 23:00
    await purge_due(parts)
    on_its_last_day = await ids_left(trailed)
    clock.advance(hours=2)
    await purge_due(parts)

    assert (on_its_last_day, await ids_left(trailed)) == ({"c-1"}, set())


async def test_what_is_being_deleted_can_no_longer_be_held(
    services: Services, trailed: Database, clock: FakeClock
) -> None:
    going = await call(services, clock)
    async with trailed.transaction() as session:
        session.add(PurgeRun(id="r", why="retention", rule={}, started_at=clock.now()))
        await session.flush()
        session.add(
            Deletion(
                run_id="r",
                call_id="c-1",
                call_key="k",
                key_id="k",
                what="call",
                kind="ordinary",
                why="nothing_special",
                started_at=clock.now(),
            )
        )

    with pytest.raises(Conflict) as refused:
        await hold(services, KANSA, going, "訴訟", None)

    assert refused.value.code == "call_is_going"
    assert (await kept(services, going)).going


@pytest.mark.parametrize(
    ("reason", "days_on", "days", "kind", "code"),
    [
        ("", None, 400, FieldRefused, "why_missing"),
        ("長" * 301, None, 400, FieldRefused, "why_refused"),
        ("訴訟", -1, 400, FieldRefused, "until_has_passed"),
        ("訴訟", None, None, Conflict, "call_is_live"),
    ],
)
async def test_what_will_not_do_is_refused(
    reason: str,
    days_on: int | None,
    days: int | None,
    kind: type[AppError],
    code: str,
    services: Services,
    clock: FakeClock,
) -> None:
    found = await call(services, clock, days=days)
    until = None if days_on is None else clock.now().date() + timedelta(days=days_on)

    with pytest.raises(kind) as refused:
        await hold(services, KANSA, found, reason, until)

    assert refused.value.code == code


async def test_a_call_is_held_once_and_a_hold_of_another_call_is_not_found(
    services: Services, clock: FakeClock
) -> None:
    found = await call(services, clock)
    await hold(services, KANSA, found, "訴訟", None)

    with pytest.raises(Conflict) as twice:
        await hold(services, KACHO, found, "調査", None)
    with pytest.raises(NotFound):
        await lift(services, KACHO, found, 999_999, "終わった")

    assert twice.value.code == "already_held"
