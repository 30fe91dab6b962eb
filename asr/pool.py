"""Glue: a pool of recognisers behind one queue; the ``Transcriber`` of a server.

Each recogniser process is single-threaded, so that as many segments are decoded as there are
cores, the socket loop is never held up, and a crash of the library costs half a second instead
of all calls. Who is next and what is left out under load: ``dispatch``. Who does it: ``crew``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import anyio
import anyio.abc

from asr.crew import Crew, CrewConfig, Member
from asr.dispatch import Dispatch, DispatchConfig, Task
from asr.errors import (
    RecogniserLost,
    TranscriberUnavailable,
    TranscriptionFailed,
    TranscriptionShed,
)
from asr.plausibility import is_silence, judge
from asr.schedule import Waiting
from asr.types import Rank, RawTranscript, Shedding, SpeechSegment, Transcript, Urgency

MAX_TRIES: Final = 3
"""A segment that was in hand at three deaths, the last two times alone, is taken for their cause."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolConfig(CrewConfig):
    dispatch: DispatchConfig = field(default_factory=DispatchConfig)
    unavailable_after_ms: int = 10_000
    """Without any recogniser for so long, waiting segments are given up."""


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
    """Open it with ``async with``; leaving it ends every recogniser and every wait.

    A segment leaves with exactly one of: its transcript, ``TranscriptionShed``,
    ``TranscriptionFailed``, ``TranscriberUnavailable``.
    """

    def __init__(self, config: PoolConfig, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self._dispatch = Dispatch[_Job](config.dispatch)
        self._crew = Crew(config, self._work, self._announce_change)
        self._in_hand: set[Waiting[_Job]] = set()
        self._idle = 0
        self._open = False
        self._arrived = anyio.Event()
        self._changed = anyio.Event()
        self._unavailable = False
        self._exit_stack = AsyncExitStack()
        self._tasks: anyio.abc.TaskGroup | None = None
        self._shed = 0

    async def __aenter__(self) -> Self:
        self._tasks = await self._exit_stack.enter_async_context(anyio.create_task_group())
        self._open = True
        self._crew.start(self._tasks)
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
        return bool(self._crew.warm)

    @property
    def shedding(self) -> Shedding:
        return self._dispatch.shedding(
            idle=self._idle, warm=len(self._crew.warm), now_ms=self._now_ms()
        )

    @property
    def delay_ms(self) -> int:
        return self._dispatch.delay_ms(self._in_hand, self._now_ms())

    @property
    def waiting(self) -> int:
        """How many segments are in the queue, those in hand not counted."""
        return len(self._dispatch)

    @property
    def pids(self) -> tuple[int, ...]:
        """The warm processes."""
        pids = (member.recogniser.pid for member in self._crew.warm)
        return tuple(pid for pid in pids if pid is not None)

    @property
    def restarts(self) -> int:
        return self._crew.restarts

    @property
    def shed(self) -> int:
        """How many segments were given up because of overload; partial ones are no loss."""
        return self._shed

    async def wait_ready(self) -> None:
        """Return once a recogniser is warm.

        Raises:
            TranscriberUnavailable: none can start; the message says why.
        """
        await self._until(lambda: bool(self._crew.warm) or self._unavailable or not self._open)
        if not self._crew.warm:
            raise self._unavailable_error()

    async def wait_recovered(self) -> None:
        """Return once a recogniser is warm, however often starting one has failed before."""
        await self._until(lambda: bool(self._crew.warm) and not self._unavailable)

    async def transcribe(self, segment: SpeechSegment, *, urgency: Urgency) -> Transcript:
        if not self._open or self._unavailable:
            raise self._unavailable_error()
        if is_silence(segment.samples):
            return Transcript(text="", confidence=0.0, no_speech_probability=1.0)
        job = _Job(segment)
        place, given_up = self._dispatch.submit(
            job,
            urgency,
            duration_ms=segment.duration_ms,
            idle=self._idle,
            warm=len(self._crew.warm),
            now_ms=self._now_ms(),
        )
        self._give_up(given_up, "others are more urgent, and there are too many of them")
        self._announce_work()
        try:
            await job.answered.wait()
        finally:
            # The call may have ended first: then nobody needs these words any more.
            if not self._dispatch.discard(place):
                job.answer(TranscriptionFailed("nobody waits for this segment"))
        if isinstance(job.outcome, RawTranscript):
            return judge(
                job.outcome,
                duration_ms=segment.duration_ms,
                voice_ratio=segment.voice_ratio,
                model_name=job.model_name,
            )
        raise job.outcome if job.outcome is not None else self._unavailable_error()

    # --- one task at a time for each recogniser ------------------------------------------------

    async def _work(self, member: Member) -> int | None:
        """Have one batch decoded; ``None`` when the recogniser must be ended.

        Whatever way this ends, each segment in hand is answered or back in the queue.
        """
        task = await self._next_task(member)
        if task is None:
            return None
        self._in_hand.update(task.batch)
        began_s = self._clock()
        try:
            answer = await member.recogniser.decode(
                [place.item.segment.samples for place in task.batch],
                task.effort,
                task.answer_timeout_ms,
            )
        except RecogniserLost as error:
            _log.warning("a recogniser was lost at work", extra={"reason": str(error)})
            if (self._clock() - began_s) * 1000 >= task.answer_timeout_ms:
                self._dispatch.not_answered()
            return None
        else:
            self._dispatch.answered(task, (self._clock() - began_s) * 1000)
            for place, transcript in zip(task.batch, answer.transcripts, strict=True):
                place.item.model_name = member.model_name
                place.item.answer(
                    transcript or TranscriptionFailed("the segment cannot be decoded")
                )
            return answer.resident_bytes
        finally:
            self._in_hand.difference_update(task.batch)
            for place in task.batch:
                self._put_back(place)

    async def _next_task(self, member: Member) -> Task[_Job] | None:
        """Wait for work; ``None`` when *member* has retired."""
        self._idle += 1
        try:
            while not member.retired:
                coming = self._dispatch.next(
                    member.recogniser.max_batch,
                    idle=self._idle,
                    warm=len(self._crew.warm),
                    now_ms=self._now_ms(),
                )
                self._give_up(coming.expired, "the words would have come too late")
                if coming.task is not None:
                    return coming.task
                await self._arrived.wait()
            return None
        finally:
            self._idle -= 1

    def _put_back(self, place: Waiting[_Job]) -> None:
        job = place.item
        if job.outcome is not None:
            return
        job.tries += 1
        if place.urgency.rank is Rank.PARTIAL:
            job.answer(TranscriptionShed("the recogniser was lost"))
        elif job.tries >= MAX_TRIES:
            job.answer(TranscriptionFailed("recogniser after recogniser died over this segment"))
        else:
            self._dispatch.put_back(place)
            self._announce_work()

    # --- when nothing works -------------------------------------------------------------------

    async def _watch_availability(self) -> None:
        """Give waiting segments up when no recogniser has been warm for too long."""
        while True:
            await self._until(lambda: not self._crew.warm)
            with anyio.move_on_after(self._config.unavailable_after_ms / 1000):
                await self._until(lambda: bool(self._crew.warm or self._crew.gave_up_reason))
            if not self._crew.warm:
                self._unavailable = True
                self._announce_change()
                self._give_up_waiting()
                await self._until(lambda: bool(self._crew.warm))
                self._unavailable = False
                self._announce_change()

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self._changed.wait()

    def _give_up(self, places: Sequence[Waiting[_Job]], reason: str) -> None:
        for place in places:
            self._shed += place.urgency.rank is not Rank.PARTIAL
            place.item.answer(TranscriptionShed(reason))

    def _give_up_waiting(self) -> None:
        for place in self._dispatch.drain():
            place.item.answer(self._unavailable_error())

    def _unavailable_error(self) -> TranscriberUnavailable:
        if not self._open:
            return TranscriberUnavailable("recognition has been shut down")
        return TranscriberUnavailable(
            self._crew.gave_up_reason or "no recogniser process is running"
        )

    def _announce_work(self) -> None:
        arrived, self._arrived = self._arrived, anyio.Event()
        arrived.set()

    def _announce_change(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()
        self._announce_work()  # a recogniser that waits for work may have retired

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
