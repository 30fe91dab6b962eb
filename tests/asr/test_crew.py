"""Recognisers are replaced without anybody having to wait for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from asr.crew import Crew, CrewConfig, Member
from asr.types import Effort
from tests.asr.scripted_recogniser import SAY, ordered
from tests.fakes_recogniser import FakeRecogniser, FakeRecognisers, cold, warm

LIMIT_BYTES = 10_000
SMALL, GROWN = 1_000, 20_000
PATIENCE_S = 60


class Work:
    """Asks every recogniser for a segment as often as the test says."""

    def __init__(self) -> None:
        self.answered: list[FakeRecogniser] = []
        self.crew: Crew | None = None
        self._more = anyio.Event()

    async def one(self, member: Member) -> int | None:
        await self._more.wait()
        if member.retired:
            return None
        answer = await member.recogniser.decode([ordered(SAY).samples], Effort.QUICK, 1_000)
        assert isinstance(member.recogniser, FakeRecogniser)
        self.answered.append(member.recogniser)
        return answer.resident_bytes

    def wake(self) -> None:
        more, self._more = self._more, anyio.Event()
        more.set()

    async def everybody_once(self) -> list[FakeRecogniser]:
        self.answered = []
        self.wake()
        await anyio.wait_all_tasks_blocked()
        return list(self.answered)


@asynccontextmanager
async def at_work(recognisers: FakeRecognisers, *, processes: int = 1) -> AsyncIterator[Work]:
    work = Work()
    config = CrewConfig(
        open_recogniser=recognisers.open,
        processes=processes,
        restart_delays_ms=(0,),
        max_resident_bytes=LIMIT_BYTES,
    )
    work.crew = Crew(config, work.one, work.wake)
    async with anyio.create_task_group() as tasks:
        work.crew.start(tasks)
        await anyio.wait_all_tasks_blocked()
        yield work
        tasks.cancel_scope.cancel()


async def test_one_that_has_grown_works_until_its_successor_is_warm() -> None:
    old, successor = warm(resident_bytes=SMALL), cold()

    async with at_work(FakeRecognisers(old, successor)) as work:
        await work.everybody_once()
        old.resident_bytes = GROWN
        grown = await work.everybody_once()
        meanwhile = await work.everybody_once()
        ended_meanwhile = old.ended
        successor.ready.set()
        await anyio.wait_all_tasks_blocked()
        afterwards = await work.everybody_once()

    assert grown == meanwhile == [old]
    assert not ended_meanwhile
    assert old.ended
    assert afterwards == [successor]


async def test_two_never_restart_for_their_size_at_the_same_moment() -> None:
    pair, successors = [warm(), warm()], [cold(), cold()]
    recognisers = FakeRecognisers(*pair, *successors)

    async with at_work(recognisers, processes=2) as work:
        await work.everybody_once()
        for recogniser in pair:
            recogniser.resident_bytes = GROWN
        await work.everybody_once()
        opened_for_both = len(recognisers.opened)
        successors[0].ready.set()
        await anyio.wait_all_tasks_blocked()
        await work.everybody_once()
        opened_after_the_first = len(recognisers.opened)
        successors[1].ready.set()
        await anyio.wait_all_tasks_blocked()
        at_the_end = await work.everybody_once()

    assert (opened_for_both, opened_after_the_first) == (3, 4)
    assert set(map(id, at_the_end)) == set(map(id, successors))


async def test_a_model_that_is_large_from_the_beginning_has_not_grown() -> None:
    large = warm(resident_bytes=GROWN)

    async with at_work(recognisers := FakeRecognisers(large)) as work:
        for _ in range(5):
            await work.everybody_once()

    assert recognisers.opened == [large]


async def test_one_that_dies_while_its_successor_is_warming_up_is_replaced_once() -> None:
    old, successor = warm(), cold()

    async with at_work(recognisers := FakeRecognisers(old, successor)) as work:
        await work.everybody_once()
        old.resident_bytes = GROWN
        await work.everybody_once()
        old.exit.set()
        await anyio.wait_all_tasks_blocked()
        successor.ready.set()
        await anyio.wait_all_tasks_blocked()
        afterwards = await work.everybody_once()

    assert recognisers.opened == [old, successor]
    assert afterwards == [successor]


async def test_a_successor_that_dies_before_it_is_warm_is_succeeded_too() -> None:
    old, stillborn, successor = warm(), cold(), warm()
    stillborn.exit.set()

    async with at_work(FakeRecognisers(old, stillborn, successor)) as work:
        await work.everybody_once()
        old.resident_bytes = GROWN
        await work.everybody_once()
        stillborn.ready.set()
        with anyio.fail_after(PATIENCE_S):
            while not old.ended:
                await anyio.lowlevel.checkpoint()
        afterwards = await work.everybody_once()

    assert afterwards == [successor]


async def test_one_that_dies_is_opened_anew() -> None:
    first, second = warm(), warm()

    async with at_work(FakeRecognisers(first, second)) as work:
        await work.everybody_once()
        first.exit.set()
        with anyio.fail_after(PATIENCE_S):
            while not first.ended:
                await anyio.lowlevel.checkpoint()
            await anyio.wait_all_tasks_blocked()
        afterwards = await work.everybody_once()
        assert work.crew is not None
        restarts = work.crew.restarts

    assert afterwards == [second]
    assert restarts == 1
