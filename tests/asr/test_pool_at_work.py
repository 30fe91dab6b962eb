"""The pool with recognisers that need no process: what they are asked, and when nobody is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from asr.dispatch import DispatchConfig
from asr.errors import TranscriberUnavailable, TranscriptionFailed, TranscriptionShed
from asr.pool import MAX_TRIES, PoolConfig, RecogniserPool
from asr.types import Effort, Rank, Shedding, Transcript, Urgency
from tests.asr.scripted_recogniser import HANG, SAY, ordered
from tests.contracts.recogniser import Opened as OpenedRecogniser
from tests.contracts.recogniser import RecogniserContract
from tests.contracts.transcriber import Opened, SheddingContract
from tests.fakes_recogniser import FakeRecogniser, FakeRecognisers, cold, warm

CALLER = Urgency("c.caller", Rank.CALLER)
PATIENCE_S = 60


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Office:
    """Calls that ask a pool of fakes, and a clock that only the test moves."""

    def __init__(self, *recognisers: FakeRecogniser, **dispatch: int) -> None:
        self.clock = Clock()
        self.recognisers = FakeRecognisers(*recognisers)
        config = PoolConfig(
            open_recogniser=self.recognisers.open,
            processes=len(recognisers),
            restart_delays_ms=(0,),
            dispatch=DispatchConfig(**dispatch),  # type: ignore[arg-type]
        )
        self.pool = RecogniserPool(config, clock=self.clock)
        self.heard: dict[int, str] = {}
        self.errors: dict[int, Exception] = {}
        self._calls: anyio.abc.TaskGroup | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Office]:
        with anyio.fail_after(PATIENCE_S):
            async with self.pool, anyio.create_task_group() as self._calls:
                await self.settle()
                yield self
                self._calls.cancel_scope.cancel()

    async def settle(self) -> None:
        await anyio.wait_all_tasks_blocked()

    async def ask(self, *numbers: int, rank: Rank = Rank.CALLER, order: float = SAY) -> None:
        """Have one segment recognised in each of so many calls; return when nothing moves."""
        assert self._calls is not None
        for number in numbers:
            self._calls.start_soon(self._ask, number, rank, order)
        await self.settle()

    async def _ask(self, number: int, rank: Rank, order: float) -> None:
        try:
            words = await self.pool.transcribe(
                ordered(order, number), urgency=Urgency(f"{number}", rank)
            )
        except (TranscriptionFailed, TranscriberUnavailable) as error:
            self.errors[number] = error
        else:
            self.heard[number] = words.text

    async def learn(self, recogniser: FakeRecogniser, took_s: float, *, batches: int = 3) -> None:
        """Have *recogniser* take so long over each of a few batches of one."""
        for _ in range(batches):
            recogniser.gate = anyio.Event()
            await self.ask(-1)
            self.clock.now_s += took_s
            recogniser.gate.set()
            await self.settle()
        recogniser.gate = None
        recogniser.asked.clear()


class TestFakeRecogniser(RecogniserContract):
    @pytest.fixture
    def opened(self) -> OpenedRecogniser:
        return FakeRecognisers().open

    @pytest.fixture
    def gone(self) -> OpenedRecogniser:
        ended = warm()
        ended.exit.set()
        return FakeRecognisers(ended).open


class TestPoolOfFakes(SheddingContract):
    @pytest.fixture
    def opened(self) -> Opened:
        @asynccontextmanager
        async def idle() -> AsyncIterator[RecogniserPool]:
            async with Office(warm(), warm()).open() as office:
                yield office.pool

        return idle

    @pytest.fixture
    def busy(self) -> Opened:
        @asynccontextmanager
        async def overloaded() -> AsyncIterator[RecogniserPool]:
            slow = warm()
            async with Office(slow).open() as office:
                await office.learn(slow, took_s=1.0)
                slow.gate = anyio.Event()
                await office.ask(*range(5))
                yield office.pool

        return overloaded

    @pytest.fixture
    def gone(self) -> Opened:
        @asynccontextmanager
        async def not_warm() -> AsyncIterator[RecogniserPool]:
            async with Office(cold()).open() as office:
                pass
            yield office.pool

        return not_warm


async def test_a_server_that_takes_one_at_a_time_is_asked_one_at_a_time() -> None:
    server = warm(max_batch=1)

    async with Office(server).open() as office:
        await office.ask(*range(6))

    assert [asked.numbers for asked in server.asked] == [(number,) for number in range(6)]
    assert len(office.heard) == 6


async def test_under_load_segments_are_read_once_and_afterwards_thoroughly_again() -> None:
    slow = warm()

    async with Office(slow).open() as office:
        await office.learn(slow, took_s=1.0)
        slow.gate = anyio.Event()
        await office.ask(0)
        await office.ask(1, 2, 3)
        under_load = office.pool.shedding
        slow.gate.set()
        await office.settle()
        office.clock.now_s += 60
        await office.ask(9)
        afterwards = office.pool.shedding

    assert [asked.effort for asked in slow.asked] == [
        Effort.THOROUGH,
        Effort.QUICK,
        Effort.THOROUGH,
    ]
    assert (under_load, afterwards) == (Shedding.THOROUGHNESS, Shedding.NOTHING)
    assert sorted(office.heard) == [-1, 0, 1, 2, 3, 9]


async def test_the_patience_with_a_recogniser_follows_what_it_took_before() -> None:
    new, slow = warm(), warm()

    async with Office(new).open() as office:
        await office.ask(0)
    async with Office(slow).open() as office:
        await office.learn(slow, took_s=2.0)
        await office.ask(0)

    assert [asked.timeout_ms for asked in new.asked] == [120_000]
    assert [asked.timeout_ms for asked in slow.asked] == [16_000]


async def test_a_partial_is_read_by_an_idle_recogniser_and_once() -> None:
    first, second = warm(), warm()

    async with Office(first, second).open() as office:
        first.gate = second.gate = anyio.Event()
        await office.ask(0)
        await office.ask(1, rank=Rank.PARTIAL)
        first.gate.set()
        await office.settle()

    asked = [asked.effort for r in (first, second) for asked in r.asked]
    assert sorted(asked) == [Effort.QUICK, Effort.THOROUGH]
    assert office.heard == {0: "ことば0", 1: "ことば1"}


async def test_a_partial_is_no_reason_to_say_that_recognition_is_behind() -> None:
    only = warm()

    async with Office(only).open() as office:
        only.gate = anyio.Event()
        await office.ask(0, rank=Rank.PARTIAL)
        office.clock.now_s += 5
        behind_ms = office.pool.delay_ms

    assert behind_ms == 0


async def test_a_partial_that_is_refused_is_no_loss() -> None:
    only = warm()

    async with Office(only).open() as office:
        only.gate = anyio.Event()
        await office.ask(0)
        await office.ask(1, 2, 3, rank=Rank.PARTIAL)
        shed = office.pool.shed

    assert [type(error) for error in office.errors.values()] == [TranscriptionShed] * 3
    assert shed == 0


async def test_a_partial_in_hand_at_a_death_is_not_done_again() -> None:
    mortal, next_one = warm(), warm()

    async with Office(mortal).open() as office:
        mortal.gate = anyio.Event()
        office.recognisers._coming.append(next_one)
        await office.ask(0, rank=Rank.PARTIAL)
        mortal.exit.set()
        while not office.errors:
            await anyio.lowlevel.checkpoint()

    assert isinstance(office.errors[0], TranscriptionShed)
    assert next_one.asked == []


async def test_a_segment_over_which_every_recogniser_is_lost_is_given_up_in_the_end() -> None:
    async with Office(warm()).open() as office:
        await office.ask(0, order=HANG)
        while not office.errors:
            await office.settle()
            await anyio.lowlevel.checkpoint()
        asked = [asked for r in office.recognisers.opened for asked in r.asked]

    assert len(asked) == MAX_TRIES
    assert not isinstance(office.errors[0], TranscriptionShed)


async def test_what_waits_for_a_recogniser_that_is_replaced_for_its_size_is_answered() -> None:
    old, successor = warm(), cold()
    heard: list[Transcript] = []

    async with Office(old).open() as office:
        office.recognisers._coming.append(successor)
        await office.ask(0)
        old.resident_bytes = 1 << 40
        await office.ask(1)
        successor.ready.set()
        await office.settle()
        retired = old.ended
        heard.append(await office.pool.transcribe(ordered(SAY, 2), urgency=CALLER))

    assert retired
    assert [words.text for words in heard] == ["ことば2"]
    assert len(successor.asked) == 1
