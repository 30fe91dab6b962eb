"""Glue: a pool of recogniser processes behind one queue; the ``Transcriber`` of a server.

Each process is single-threaded, so that as many segments are decoded as there are cores, the
socket loop is never held up, and a crash of the library costs half a second instead of all calls.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import anyio
import anyio.abc

from asr.errors import (
    RecogniserGaveUp,
    RecogniserLost,
    TranscriberUnavailable,
    TranscriptionFailed,
    TranscriptionShed,
)
from asr.plausibility import is_silence, judge
from asr.ports import Recogniser
from asr.schedule import DeadlineQueue, Waiting
from asr.types import (
    Effort,
    Rank,
    RawTranscript,
    Shedding,
    SpeechSegment,
    Transcript,
    Urgency,
)

MAX_TRIES: Final = 2
"""A segment that was in hand at two deaths is taken for their cause."""

BUDGETS_MS: Final[Mapping[Rank, int]] = {
    Rank.FLAGGED: 500,
    Rank.CALLER: 1_500,
    Rank.OPERATOR: 3_000,
    Rank.PARTIAL: 6_000,
}
"""How soon the words are wanted."""


_log = logging.getLogger(__name__)


def _all_cores() -> int:
    return max(1, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolConfig:
    open_recogniser: Callable[[], AbstractAsyncContextManager[Recogniser]]
    """Opens one recogniser, and ends it however it is left; may raise ``RecogniserLost``."""
    processes: int = field(default_factory=_all_cores)
    max_batch: int = 8
    capacity: int = 256
    """Segments that may wait; at 8 s each, half an hour of speech."""
    budgets_ms: Mapping[Rank, int] = field(default_factory=lambda: BUDGETS_MS)
    late_limit_ms: int = 20_000
    """How long after its deadline a segment is still worth recognising."""
    start_timeout_ms: int = 120_000
    """Whisper base is warm after 1.2 s; room for far larger models on slow disks."""
    answer_timeout_ms: int = 20_000
    """Eight segments of Whisper base take about 1 s; larger models on a slow CPU need more here."""
    restart_delays_ms: tuple[int, ...] = (0, 200, 1_000, 5_000)
    """How long to wait before the first, second, … start in a row that came to nothing."""
    unavailable_after_ms: int = 10_000
    """Without any recogniser for so long, waiting segments are given up."""
    max_resident_bytes: int = 1 << 31
    """A recogniser that has grown beyond this is replaced between two batches."""

    def __post_init__(self) -> None:
        if self.processes < 1 or self.max_batch < 1:
            raise ValueError("processes and max_batch must be at least 1")
        if not self.restart_delays_ms:
            raise ValueError("restart_delays_ms must not be empty")


@dataclass(slots=True, eq=False)
class _Job:
    """One segment and the call that waits for it."""

    segment: SpeechSegment
    tries: int = 0
    model_name: str = ""
    outcome: RawTranscript | TranscriptionFailed | TranscriberUnavailable | None = None
    answered: anyio.Event = field(default_factory=anyio.Event)

    def answer(self, outcome: RawTranscript | TranscriptionFailed | TranscriberUnavailable) -> None:
        if self.outcome is None:
            self.outcome = outcome
            self.answered.set()


class RecogniserPool:
    """Open it with ``async with``; leaving it ends every process and every wait.

    A segment leaves with exactly one of: its transcript, ``TranscriptionShed``,
    ``TranscriptionFailed``, ``TranscriberUnavailable``.
    """

    def __init__(self, config: PoolConfig, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self._queue: DeadlineQueue[_Job] = DeadlineQueue(
            config.capacity, late_limit_ms=config.late_limit_ms
        )
        self._in_hand: set[Waiting[_Job]] = set()
        self._warm: list[Recogniser] = []
        self._idle = 0
        self._open = False
        self._gave_up_reason: str | None = None
        self._arrived = anyio.Event()
        self._changed = anyio.Event()
        self._unavailable = False
        self._exit_stack = AsyncExitStack()
        self._tasks: anyio.abc.TaskGroup | None = None
        self._restarts = 0
        self._shed = 0

    async def __aenter__(self) -> Self:
        self._tasks = await self._exit_stack.enter_async_context(anyio.create_task_group())
        self._open = True
        for _ in range(self._config.processes):
            self._tasks.start_soon(self._keep_running)
        self._tasks.start_soon(self._watch_availability)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = False
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()
        try:
            # Not told of *error*: a task group would wrap it, and the caller could not catch it.
            await self._exit_stack.aclose()
        finally:
            self._give_up_waiting()

    @property
    def ready(self) -> bool:
        return bool(self._warm)

    @property
    def shedding(self) -> Shedding:
        return Shedding.NOTHING

    @property
    def delay_ms(self) -> int:
        """How long the oldest unanswered segment has been waiting, in the queue or in hand."""
        now_ms = self._now_ms()
        in_hand = max((now_ms - place.arrived_ms for place in self._in_hand), default=0)
        return max(0, in_hand, self._queue.oldest_wait_ms(now_ms))

    @property
    def waiting(self) -> int:
        """How many segments are in the queue, those in hand not counted."""
        return len(self._queue)

    @property
    def pids(self) -> tuple[int, ...]:
        """The warm processes."""
        pids = (recogniser.pid for recogniser in self._warm)
        return tuple(pid for pid in pids if pid is not None)

    @property
    def restarts(self) -> int:
        return self._restarts

    @property
    def shed(self) -> int:
        """How many segments were given up because of overload."""
        return self._shed

    async def wait_ready(self) -> None:
        """Return once a recogniser is warm.

        Raises:
            TranscriberUnavailable: none can start; the message says why.
        """
        await self._until(lambda: bool(self._warm) or self._unavailable or not self._open)
        if not self._warm:
            raise self._unavailable_error()

    async def wait_recovered(self) -> None:
        """Return once a recogniser is warm, however often starting one has failed before."""
        await self._until(lambda: bool(self._warm) and not self._unavailable)

    async def transcribe(self, segment: SpeechSegment, *, urgency: Urgency) -> Transcript:
        if not self._open or self._unavailable:
            raise self._unavailable_error()
        if is_silence(segment.samples):
            return Transcript(text="", confidence=0.0, no_speech_probability=1.0)
        job = _Job(segment)
        place, shed = self._queue.push(
            job,
            now_ms=self._now_ms(),
            budget_ms=self._config.budgets_ms[urgency.rank],
            duration_ms=segment.duration_ms,
        )
        self._give_up(shed, "too many more urgent segments are waiting")
        self._announce_work()
        try:
            await job.answered.wait()
        finally:
            # The call may have ended first: then nobody needs these words any more.
            if not self._queue.discard(place):
                job.answer(TranscriptionFailed("nobody waits for this segment"))
        if isinstance(job.outcome, RawTranscript):
            return judge(
                job.outcome,
                duration_ms=segment.duration_ms,
                voice_ratio=segment.voice_ratio,
                model_name=job.model_name,
            )
        raise job.outcome if job.outcome is not None else self._unavailable_error()

    # --- one task for each process ------------------------------------------------------------

    async def _keep_running(self) -> None:
        """Run one recogniser after the other, waiting longer after each that came to nothing."""
        delays_ms = self._config.restart_delays_ms
        fruitless = 0
        while True:
            answers = await self._run_one()
            fruitless = 0 if answers else fruitless + 1
            self._restarts += 1
            await anyio.sleep(delays_ms[min(fruitless, len(delays_ms) - 1)] / 1000)

    async def _run_one(self) -> int:
        """Run one recogniser until it is lost or has grown; return how often it answered."""
        try:
            async with self._config.open_recogniser() as recogniser:
                model_name = await recogniser.wait_ready(self._config.start_timeout_ms)
                self._gave_up_reason = None
                self._warm.append(recogniser)
                self._announce_change()
                try:
                    return await self._serve(recogniser, model_name)
                finally:
                    self._warm.remove(recogniser)
                    self._announce_change()
        except RecogniserGaveUp as error:
            _log.error("a recogniser cannot start", extra={"reason": str(error)})
            self._gave_up_reason = str(error)
            self._announce_change()
        except RecogniserLost as error:
            _log.warning("a recogniser was lost", extra={"reason": str(error)})
        return 0

    async def _serve(self, recogniser: Recogniser, model_name: str) -> int:
        answers = 0
        async with anyio.create_task_group() as life:
            # Without this a process that dies while it is idle would be missed until it is asked.
            life.start_soon(_cancel_at_exit, recogniser, life.cancel_scope)
            while await self._decode_next(recogniser, model_name):
                answers += 1
            life.cancel_scope.cancel()
        return answers

    async def _decode_next(self, recogniser: Recogniser, model_name: str) -> bool:
        """Have one batch decoded; false when the process should be replaced.

        Whatever way this ends, each segment in hand is answered or back in the queue.
        """
        places = await self._next_batch(min(self._config.max_batch, recogniser.max_batch))
        self._in_hand.update(places)
        try:
            answer = await recogniser.decode(
                [place.item.segment.samples for place in places],
                Effort.THOROUGH,
                self._config.answer_timeout_ms,
            )
        except RecogniserLost as error:
            _log.warning("a recogniser was lost at work", extra={"reason": str(error)})
            return False
        else:
            for place, transcript in zip(places, answer.transcripts, strict=True):
                place.item.model_name = model_name
                place.item.answer(
                    transcript or TranscriptionFailed("the segment cannot be decoded")
                )
            return answer.resident_bytes <= self._config.max_resident_bytes
        finally:
            self._in_hand.difference_update(places)
            for place in places:
                self._put_back(place)

    async def _next_batch(self, max_batch: int) -> tuple[Waiting[_Job], ...]:
        """Wait for work; take a fair share of it, so that no other process stays idle."""
        self._idle += 1
        try:
            while True:
                share = -(-len(self._queue) // self._idle)
                taken = self._queue.take(max(1, min(max_batch, share)), now_ms=self._now_ms())
                self._give_up(taken.expired, "the words would have come too late")
                if taken.batch:
                    return taken.batch
                await self._arrived.wait()
        finally:
            self._idle -= 1

    def _put_back(self, place: Waiting[_Job]) -> None:
        job = place.item
        if job.outcome is not None:
            return
        job.tries += 1
        if job.tries >= MAX_TRIES:
            job.answer(TranscriptionFailed("two recognisers died or hung over this segment"))
            return
        self._queue.put_back(place)
        self._announce_work()

    # --- when nothing works -------------------------------------------------------------------

    async def _watch_availability(self) -> None:
        """Give waiting segments up when no recogniser has been warm for too long."""
        while True:
            await self._until(lambda: not self._warm)
            with anyio.move_on_after(self._config.unavailable_after_ms / 1000):
                await self._until(lambda: bool(self._warm or self._gave_up_reason))
            if not self._warm:
                self._unavailable = True
                self._announce_change()
                self._give_up_waiting()
                await self._until(lambda: bool(self._warm))
                self._unavailable = False
                self._announce_change()

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self._changed.wait()

    def _give_up(self, places: Sequence[Waiting[_Job]], reason: str) -> None:
        for place in places:
            self._shed += 1
            place.item.answer(TranscriptionShed(reason))

    def _give_up_waiting(self) -> None:
        for place in self._queue.drain():
            place.item.answer(self._unavailable_error())

    def _unavailable_error(self) -> TranscriberUnavailable:
        if not self._open:
            return TranscriberUnavailable("recognition has been shut down")
        return TranscriberUnavailable(self._gave_up_reason or "no recogniser process is running")

    def _announce_work(self) -> None:
        arrived, self._arrived = self._arrived, anyio.Event()
        arrived.set()

    def _announce_change(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


async def _cancel_at_exit(recogniser: Recogniser, life: anyio.CancelScope) -> None:
    await recogniser.wait_exit()
    life.cancel()
