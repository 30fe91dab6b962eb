"""Judgements, steps with reports and reports: what the trail vouches for cannot be rewritten unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, text

from app.judgements.models import Judgement
from app.models import StaffAction
from app.privacy.models import Unmasking
from app.reports.writing import Written, begin, save
from app.services import Services
from app.settings import Settings
from app.trail.models import TrailRow
from app.trail.opening import open_trail_keys
from app.trail.verifying import Verified, verify
from tests.app.reports.conftest import CALL, services_on
from tests.app.reports.people import SATO, WRITTEN
from tests.app.running import in_own_task


@pytest.fixture
async def office(either: Settings) -> AsyncIterator[Services]:
    """An office with a written report and a judgement of one ended call."""
    async with in_own_task(services_on(either)) as services:
        report_id, _ = await begin(services, SATO, CALL)
        await save(services, SATO, report_id, Written(1, WRITTEN))
        async with services.database.transaction() as session:
            session.add(judgement(services))
        yield services


def judgement(services: Services) -> Judgement:
    return Judgement(
        call_id=CALL,
        verdict="harassment",
        opinion="first",
        reason="侮辱",
        callers_side="なし",
        considered={"manner": "beyond", "a": "b"},
        second_wanted=False,
        by_login="abe",
        at=services.clock.now(),
    )


async def verified(services: Services) -> Verified:
    return await verify(services.database, open_trail_keys(services.settings.data_dir))


async def numbers_of(services: Services, kind: str) -> tuple[int, ...]:
    async with services.database.transaction() as session:
        query = select(TrailRow.number).where(TrailRow.kind == kind).order_by(TrailRow.number)
        return tuple(await session.scalars(query))


async def forge(services: Services, statement: str) -> None:
    async with services.database.transaction() as session:
        await session.execute(text(statement))


async def test_records_as_they_were_written_are_sound(office: Services) -> None:
    assert (await verified(office)).altered == ()


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE judgements SET verdict = 'not_harassment'", "call.judged"),
        ("DELETE FROM judgements", "call.judged"),
        ("UPDATE incident_report_steps SET by_login = 'x' WHERE revision = 2", "report.edited"),
        ("DELETE FROM incident_report_steps WHERE revision = 2", "report.edited"),
        ("UPDATE incident_reports SET state = 'approved'", "report.edited"),
    ],
)
async def test_a_record_rewritten_or_taken_out_is_named_by_its_link(
    office: Services, statement: str, kind: str
) -> None:
    await forge(office, statement)

    # Where a step is gone, the one before it is belied by the report too.
    altered = (await verified(office)).altered
    assert altered[-1:] == await numbers_of(office, kind)


async def test_records_that_went_with_their_call_are_not_missed(office: Services) -> None:
    await forge(office, f"DELETE FROM calls WHERE id = '{CALL}'")

    assert (await verified(office)).altered == ()


async def test_reading_uncovered_is_not_taken_for_a_staff_action(office: Services) -> None:
    now = office.clock.now()
    reading = Unmasking(
        call_id=CALL, by_login="abe", reason="判断のため", at=now, until=now, covered_at=None
    )
    action = StaffAction(call_id=CALL, kind="note", by_login="kato", at=now, detail={})

    async with office.database.transaction() as session:
        session.add_all((reading, action))

    assert (await verified(office)).sound
    assert await numbers_of(office, "call.unmasked") != ()
