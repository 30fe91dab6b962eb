"""The pool against real processes that die, hang and fall behind as they are told."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from asr.dispatch import DispatchConfig
from asr.errors import TranscriberUnavailable, TranscriptionFailed, TranscriptionShed
from asr.pool import PoolConfig, RecogniserPool
from asr.recogniser_process import process_recogniser
from asr.types import Rank, Shedding, SpeechSegment, Urgency
from tests.asr.scripted_recogniser import DIE, FAIL, HANG, SAY, command, ordered
from tests.contracts.transcriber import (
    SEGMENTS,
    Opened,
    SheddingContract,
    TranscriberContract,
)
from tests.fakes_transcriber import ScriptedTranscriber

PATIENCE_S = 60


class Words:
    """The answers of several calls at once: texts, and errors as they came."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.errors: dict[int, Exception] = {}

    async def ask(
        self, pool: RecogniserPool, number: int, segment: SpeechSegment, rank: Rank = Rank.CALLER
    ) -> None:
        try:
            self.texts[number] = (
                await pool.transcribe(segment, urgency=Urgency(f"{number}.caller", rank))
            ).text
        except (TranscriptionFailed, TranscriberUnavailable) as error:
            self.errors[number] = error


def config(*options: str | Path, processes: int = 1, **changes: Any) -> PoolConfig:
    plain = PoolConfig(
        open_recogniser=process_recogniser(command(*options)),
        processes=processes,
        restart_delays_ms=(0,),
    )
    return replace(plain, **changes)


async def first_word_of(fifo: Path) -> int:
    """Wait until the recogniser says that it is about to hang; return its process id."""
    return int(await anyio.to_thread.run_sync(fifo.read_text, abandon_on_cancel=True))


def has_ended(pid: int) -> bool:
    """Wait for a process that may not be our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], PATIENCE_S)[0])
    finally:
        os.close(descriptor)


def deaths_noted_in(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir())


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "tell"
    os.mkfifo(path)
    return path


class TestPool(TranscriberContract):
    @pytest.fixture
    def opened(self) -> Opened:
        return lambda: RecogniserPool(config(processes=2))

    @pytest.fixture
    def gone(self) -> Opened:
        @asynccontextmanager
        async def closed() -> AsyncIterator[RecogniserPool]:
            async with RecogniserPool(config()) as pool:
                pass
            yield pool

        return closed


class TestScriptedTranscriber(SheddingContract):
    @pytest.fixture
    def opened(self) -> Opened:
        said = [f"ことば{number}" for number in range(SEGMENTS)]
        return lambda: nullcontext(ScriptedTranscriber(*said))

    @pytest.fixture
    def busy(self) -> Opened:
        transcriber = ScriptedTranscriber()
        transcriber.shedding = Shedding.PARTIALS
        return lambda: nullcontext(transcriber)

    @pytest.fixture
    def gone(self) -> Opened:
        transcriber = ScriptedTranscriber()
        transcriber.ready = False
        return lambda: nullcontext(transcriber)


async def test_nothing_is_lost_when_a_recogniser_is_killed_at_work(
    tmp_path: Path, fifo: Path
) -> None:
    words = Words()

    async with RecogniserPool(config("--once", tmp_path / "hung", "--tell", fifo)) as pool:
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as calls:
                calls.start_soon(words.ask, pool, 0, ordered(HANG, 0), Rank.FLAGGED)
                for number in range(1, 6):
                    calls.start_soon(words.ask, pool, number, ordered(SAY, number))
                os.kill(await first_word_of(fifo), signal.SIGKILL)
        restarts = pool.restarts

    assert words.texts == {number: f"ことば{number}" for number in range(6)}
    assert restarts == 1


async def test_nothing_is_lost_or_answered_twice_while_recognisers_die_again_and_again(
    tmp_path: Path,
) -> None:
    answered: list[tuple[int, str]] = []
    calls_at_once = anyio.Semaphore(8)

    async def call(pool: RecogniserPool, number: int) -> None:
        async with calls_at_once:
            # Every sixth kills the process that has it, once, with whatever else that has in hand.
            segment = ordered(DIE if number % 6 == 5 else SAY, number)
            words = await pool.transcribe(segment, urgency=Urgency(f"{number}", Rank.CALLER))
            answered.append((number, words.text))

    async with RecogniserPool(config("--once", tmp_path, processes=2)) as pool:
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as calls:
                for number in range(48):
                    calls.start_soon(call, pool, number)
        shed, behind_ms = pool.shed, pool.delay_ms

    assert sorted(answered) == [(number, f"ことば{number}") for number in range(48)]
    assert deaths_noted_in(tmp_path) == 8
    assert (shed, behind_ms) == (0, 0)


async def test_a_recogniser_that_hangs_is_replaced_and_its_segment_done_again(
    tmp_path: Path,
) -> None:
    hanging = config(
        "--once", tmp_path / "hung", dispatch=DispatchConfig(first_answer_timeout_ms=500)
    )

    async with RecogniserPool(hanging) as pool:
        with anyio.fail_after(PATIENCE_S):
            words = await pool.transcribe(
                ordered(HANG, 7), urgency=Urgency("c.caller", Rank.CALLER)
            )
        restarts = pool.restarts

    assert words.text == "ことば7"
    assert restarts == 1


async def test_a_segment_that_kills_every_recogniser_takes_no_other_with_it() -> None:
    words = Words()

    async with RecogniserPool(config()) as pool:
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as calls:
                for number in range(5):
                    order = DIE if number == 2 else SAY
                    calls.start_soon(words.ask, pool, number, ordered(order, number))

    assert words.texts == {number: f"ことば{number}" for number in (0, 1, 3, 4)}
    assert list(words.errors) == [2]
    assert not isinstance(words.errors[2], TranscriptionShed)


async def test_a_segment_that_cannot_be_decoded_fails_and_its_batch_does_not() -> None:
    words = Words()

    async with RecogniserPool(config()) as pool:
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as calls:
                for number in range(5):
                    order = FAIL if number == 3 else SAY
                    calls.start_soon(words.ask, pool, number, ordered(order, number))
        restarts = pool.restarts

    assert words.texts == {number: f"ことば{number}" for number in (0, 1, 2, 4)}
    assert isinstance(words.errors[3], TranscriptionFailed)
    assert restarts == 0


async def test_what_is_least_urgent_is_given_up_when_too_many_wait(
    tmp_path: Path, fifo: Path
) -> None:
    words = Words()
    small = config("--once", tmp_path / "hung", "--tell", fifo, dispatch=DispatchConfig(capacity=2))

    async with RecogniserPool(small) as pool:
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as calls:
                calls.start_soon(words.ask, pool, 0, ordered(HANG))
                recogniser = await first_word_of(fifo)
                ranks = (Rank.OPERATOR, Rank.CALLER, Rank.FLAGGED, Rank.PARTIAL)
                for number, rank in enumerate(ranks, start=1):
                    calls.start_soon(words.ask, pool, number, ordered(SAY, number), rank)
                await anyio.wait_all_tasks_blocked()
                waiting = pool.waiting
                os.kill(recogniser, signal.SIGKILL)
        shed = pool.shed

    assert (waiting, shed) == (2, 1)  # a partial segment is refused, and no loss
    assert words.texts == {0: "ことば0", 2: "ことば2", 3: "ことば3"}
    assert sorted(words.errors) == [1, 4]
    assert all(isinstance(error, TranscriptionShed) for error in words.errors.values())


async def test_words_that_would_come_too_late_are_given_up(tmp_path: Path, fifo: Path) -> None:
    words = Words()
    budgets_ms = {Rank.FLAGGED: 600_000, Rank.CALLER: -1_000}
    dispatch = DispatchConfig(late_limit_ms=0, budgets_ms=budgets_ms)
    late = config("--once", tmp_path / "hung", "--tell", fifo, dispatch=dispatch)

    async with RecogniserPool(late) as pool:
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as calls:
                calls.start_soon(words.ask, pool, 0, ordered(HANG), Rank.FLAGGED)
                recogniser = await first_word_of(fifo)
                calls.start_soon(words.ask, pool, 1, ordered(SAY, 1), Rank.CALLER)
                calls.start_soon(words.ask, pool, 2, ordered(SAY, 2), Rank.FLAGGED)
                await anyio.wait_all_tasks_blocked()
                os.kill(recogniser, signal.SIGKILL)

    assert words.texts == {0: "ことば0", 2: "ことば2"}
    assert isinstance(words.errors[1], TranscriptionShed)


async def test_a_call_that_ends_takes_its_waiting_segment_along(tmp_path: Path, fifo: Path) -> None:
    words = Words()

    async with RecogniserPool(config("--once", tmp_path / "hung", "--tell", fifo)) as pool:
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as calls:
                calls.start_soon(words.ask, pool, 0, ordered(HANG))
                recogniser = await first_word_of(fifo)
                async with anyio.create_task_group() as ended_call:
                    ended_call.start_soon(words.ask, pool, 1, ordered(SAY, 1))
                    await anyio.wait_all_tasks_blocked()
                    waiting_before = pool.waiting
                    ended_call.cancel_scope.cancel()
                waiting_after = pool.waiting
                os.kill(recogniser, signal.SIGKILL)

    assert (waiting_before, waiting_after) == (1, 0)
    assert words.texts == {0: "ことば0"}


async def test_a_pool_that_is_working_says_that_it_is_behind(tmp_path: Path, fifo: Path) -> None:
    now_s = 100.0
    words = Words()
    hanging = config("--once", tmp_path / "hung", "--tell", fifo)

    async with RecogniserPool(hanging, clock=lambda: now_s) as pool:
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as calls:
                calls.start_soon(words.ask, pool, 0, ordered(HANG))
                recogniser = await first_word_of(fifo)
                now_s = 107.0
                behind_ms = pool.delay_ms
                os.kill(recogniser, signal.SIGKILL)
        in_time_ms = pool.delay_ms

    assert behind_ms == 7_000
    assert in_time_ms == 0


async def test_a_pool_that_cannot_start_says_why() -> None:
    words = Words()

    async with RecogniserPool(config("--gate", "/nowhere/at/all")) as pool:
        with anyio.fail_after(PATIENCE_S):
            await words.ask(pool, 0, ordered(SAY))
            with pytest.raises(TranscriberUnavailable) as refusal:
                await pool.wait_ready()
        ready = pool.ready

    assert isinstance(words.errors[0], TranscriberUnavailable)
    assert "the gate is closed; open it" in str(refusal.value)
    assert not ready


async def test_a_program_that_is_not_there_is_not_waited_for_for_ever() -> None:
    nowhere = PoolConfig(
        open_recogniser=process_recogniser(("/nowhere/at/all",)),
        processes=1,
        unavailable_after_ms=50,
        restart_delays_ms=(10,),
    )

    async with RecogniserPool(nowhere) as pool:
        with anyio.fail_after(PATIENCE_S), pytest.raises(TranscriberUnavailable):
            await pool.transcribe(ordered(SAY), urgency=Urgency("c.caller", Rank.CALLER))


async def test_a_pool_recovers_when_its_recogniser_can_start_again(tmp_path: Path) -> None:
    gate = tmp_path / "gate"

    async with RecogniserPool(config("--gate", gate)) as pool:
        with anyio.fail_after(PATIENCE_S):
            with pytest.raises(TranscriberUnavailable):
                await pool.transcribe(ordered(SAY), urgency=Urgency("c.caller", Rank.CALLER))
            gate.touch()
            await pool.wait_recovered()
            words = await pool.transcribe(ordered(SAY, 3), urgency=Urgency("c.caller", Rank.CALLER))

    assert words.text == "ことば3"


async def test_leaving_the_pool_ends_its_processes_and_refuses_who_waits(fifo: Path) -> None:
    words = Words()

    with anyio.fail_after(PATIENCE_S):
        async with (
            anyio.create_task_group() as calls,
            RecogniserPool(config("--tell", fifo)) as pool,
        ):
            await pool.wait_ready()
            recognisers = pool.pids
            calls.start_soon(words.ask, pool, 0, ordered(HANG))
            await first_word_of(fifo)

    assert isinstance(words.errors[0], TranscriberUnavailable)
    assert recognisers
    assert all(has_ended(pid) for pid in recognisers)


async def test_an_error_inside_the_pool_reaches_the_caller_as_it_was() -> None:
    with pytest.raises(ZeroDivisionError):
        async with RecogniserPool(config()):
            raise ZeroDivisionError


def test_recognisers_end_when_their_server_is_killed() -> None:
    server_code = (
        "import anyio\n"
        "from tests.asr.test_pool import config, RecogniserPool\n"
        "async def main():\n"
        "    async with RecogniserPool(config(processes=2)) as pool:\n"
        "        await pool._until(lambda: len(pool.pids) == 2)\n"
        "        print(*pool.pids, flush=True)\n"
        "        await anyio.sleep_forever()\n"
        "anyio.run(main)\n"
    )

    with subprocess.Popen(
        [sys.executable, "-c", server_code], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        recognisers = [int(pid) for pid in server.stdout.readline().split()]
        server.kill()

    assert len(recognisers) == 2
    assert all(has_ended(pid) for pid in recognisers)


async def test_a_process_that_talks_nonsense_is_replaced_and_costs_nobody_else(
    tmp_path: Path,
) -> None:
    talked = tmp_path / "talked"
    script = 'test -e "$0" || { : >"$0"; head -c 4096 /dev/zero | tr "\\0" x; exit; }; exec "$@"'
    nonsense_first = PoolConfig(
        open_recogniser=process_recogniser(("sh", "-c", script, str(talked), *command())),
        processes=1,
        restart_delays_ms=(0,),
    )
    words = Words()

    async with RecogniserPool(nonsense_first) as pool:
        with anyio.fail_after(PATIENCE_S):
            await pool.wait_ready()
            await words.ask(pool, 1, ordered(SAY, 1))

    assert talked.exists()
    assert words.texts == {1: "ことば1"}
