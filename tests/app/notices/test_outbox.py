"""What is owed survives a crash, is taken by one sender at a time, and waits for the end of a sentence."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.notices.outbox import LEASE, TESTS_KEPT
from app.settings import Settings
from app.trail.models import TrailRow
from app.trail.opening import open_trailed_database
from tests.app.notices.office import Office, open_office, webhook
from tests.app.notices.receivers import WebReceiver
from tests.fakes_clock import FakeClock

NOTHING_IS_MARKED = """
CREATE TRIGGER nothing_is_marked BEFORE UPDATE ON notices WHEN new.state = 'sent'
BEGIN SELECT RAISE(ABORT, 'not now'); END
"""


async def states(calls: Office) -> list[tuple[str, str, int, str]]:
    return [(row.subject, row.state, row.tries, row.problem) for row in await calls.rows()]


async def test_two_servers_of_one_database_tell_once(calls: Office, web: WebReceiver) -> None:
    async with calls.desk(cti=webhook(web.url)), calls.desk(cti=webhook(web.url)) as desk:
        await calls.begin()
        for level in (1, 2, 3):
            await calls.rise(level)
        await web.has(2)
        await desk.test("cti")

    assert len(web.arrived) == 3


async def test_after_a_crash_in_the_middle_it_is_sent_again_under_the_same_id_once_its_time_is_over(
    calls: Office, web: WebReceiver, clock: FakeClock
) -> None:
    async with calls.opened(cti=webhook(web.url)) as desk:
        await desk._outbox.open()
        await calls.begin()
        await calls.rise(2)
        await desk._outbox.collect()
        claim = await desk._outbox.claim(desk.routes["cti"])
        assert claim is not None
        at_once = await desk._outbox.claim(desk.routes["cti"])

    clock.advance(seconds=LEASE.total_seconds() + 1)
    async with calls.desk(cti=webhook(web.url)):
        await web.has(1)

    assert at_once is None
    assert json.loads(web.arrived[0].body)["notice_id"] == claim.notice.notice_id
    assert await states(calls) == [("level.2", "sent", 2, "")]


@pytest.mark.parametrize("borne_out", [True, False])
async def test_half_a_sentence_is_told_once_the_whole_bears_it_out_and_never_otherwise(
    calls: Office, web: WebReceiver, clock: FakeClock, borne_out: bool
) -> None:
    async with calls.opened(cti=webhook(web.url)) as desk:
        outbox, route = desk._outbox, desk.routes["cti"]
        await outbox.open()
        await calls.begin()
        await calls.rise(3, foreseen=True)
        await outbox.collect()
        while_spoken = await outbox.claim(route)
        await calls.settle(borne_out=borne_out)
        clock.advance(seconds=5)

        afterwards = await outbox.claim(route)

    assert while_spoken is None
    assert (afterwards is not None) == borne_out
    assert [row[1] for row in await states(calls)] == (["sending"] if borne_out else [])


async def test_what_arrived_while_the_tables_were_away_is_marked_later_and_not_sent_again(
    calls: Office, web: WebReceiver, clock: FakeClock
) -> None:
    async with calls.opened(cti=webhook(web.url)) as desk:
        outbox, route = desk._outbox, desk.routes["cti"]
        await outbox.open()
        await calls.begin()
        await calls.rise(2)
        await outbox.collect()
        async with calls.database.transaction() as session:
            await session.execute(text(NOTHING_IS_MARKED))
        with pytest.raises(IntegrityError):
            await desk._deliver_all(route)
        async with calls.database.transaction() as session:
            await session.execute(text("DROP TRIGGER nothing_is_marked"))
        clock.advance(seconds=LEASE.total_seconds() + 1)

        await desk._deliver_all(route)

    assert len(web.arrived) == 1
    assert await states(calls) == [("level.2", "sent", 2, "")]


async def test_a_test_that_was_cut_off_is_told_as_failed_and_old_ones_are_not_kept(
    calls: Office, web: WebReceiver, clock: FakeClock
) -> None:
    async with calls.opened(cti=webhook(web.url)) as desk:
        await desk._outbox.begin_test(desk.routes["cti"])
    clock.advance(seconds=LEASE.total_seconds() + 1)
    async with calls.desk(cti=webhook(web.url)) as desk:
        cut_off = await states(calls)
        clock.advance(seconds=TESTS_KEPT.total_seconds() + 1)
        await desk.test("cti")

    assert cut_off == [("test", "failed", 1, "interrupted")]
    assert await states(calls) == [("test", "sent", 1, "")]


async def test_a_test_and_another_try_are_on_the_trail(
    settings: Settings, web: WebReceiver, clock: FakeClock
) -> None:
    web.answers = [200, 404]
    async with open_trailed_database(settings, clock) as database:
        calls = open_office(database, clock)
        await calls.ledger.open()
        async with calls.desk(cti=webhook(web.url)) as desk:
            await desk.test("cti")
            await calls.begin()
            await calls.rise(2)
            await web.has(2)
            await calls.rise(3)
            await web.has(3)
            failed = next(row for row in await calls.rows() if row.state == "failed")
            await desk.retry(failed.id)
        async with database.transaction() as session:
            told = await session.execute(
                select(TrailRow.kind, TrailRow.subject)
                .where(TrailRow.kind.startswith("notice."))
                .order_by(TrailRow.number)
            )
            links = [tuple(row) for row in told]

    assert links == [("notice.tested", "cti"), ("notice.retried", f"cti {failed.id}")]
