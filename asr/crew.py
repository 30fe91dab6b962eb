"""Glue: keeps as many recognisers warm as are wanted, whatever happens to them.

One that crashes is opened anew; one that has grown works on until its successor is warm.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import anyio
import anyio.abc

from asr.errors import RecogniserGaveUp, RecogniserLost
from asr.ports import Recogniser

OpenRecogniser = Callable[[], AbstractAsyncContextManager[Recogniser]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewConfig:
    open_recogniser: OpenRecogniser
    """Opens one recogniser, and ends it however it is left; may raise ``RecogniserLost``."""
    processes: int = 1
    """Recognisers at work at the same time."""
    start_timeout_ms: int = 120_000
    """Whisper base is warm after 1.2 s; room for far larger models on slow disks."""
    restart_delays_ms: tuple[int, ...] = (0, 200, 1_000, 5_000)
    """How long to wait before the first, second, … start in a row that came to nothing."""
    max_resident_bytes: int = 1 << 31
    """A recogniser that has grown beyond this, and to twice its first size, is replaced."""

    def __post_init__(self) -> None:
        if self.processes < 1 or not self.restart_delays_ms:
            raise ValueError("processes and restart_delays_ms must not be empty")


@dataclass(slots=True, eq=False)
class Member:
    """One warm recogniser."""

    recogniser: Recogniser
    model_name: str
    answers: int = 0
    first_bytes: int = 0
    succeeded: bool = False
    """Another is being opened in its place."""
    retired: bool = False
    """That other is warm: finish what is in hand, and begin nothing new."""


Work = Callable[[Member], Awaitable[int | None]]
"""Has one task done: returns the recogniser's memory, or ``None`` when it must be ended."""


class Crew:
    """Start it in a task group; cancelling that ends every recogniser."""

    def __init__(self, config: CrewConfig, work: Work, on_change: Callable[[], None]) -> None:
        """*on_change* is called when one has become warm, is lost, has retired or gave up."""
        self._config = config
        self._work = work
        self._on_change = on_change
        self._tasks: anyio.abc.TaskGroup | None = None
        self._succession = False
        self.warm: list[Member] = []
        self.restarts = 0
        self.gave_up_reason: str | None = None
        """Why none could be opened the last time, in its own words."""

    def start(self, tasks: anyio.abc.TaskGroup) -> None:
        self._tasks = tasks
        for _ in range(self._config.processes):
            tasks.start_soon(self._keep_running)

    async def _keep_running(self, warm: anyio.Event | None = None) -> None:
        """Run one recogniser after the other, waiting longer after each that came to nothing."""
        delays_ms = self._config.restart_delays_ms
        fruitless = 0
        while True:
            member = await self._run_one(warm or anyio.Event())
            self.restarts += 1
            if member is not None and member.succeeded:
                return
            fruitless = 0 if member is not None and member.answers else fruitless + 1
            await anyio.sleep(delays_ms[min(fruitless, len(delays_ms) - 1)] / 1000)

    async def _run_one(self, warm: anyio.Event) -> Member | None:
        """Run one recogniser until it is lost or has retired; ``None`` when it was never warm."""
        member: Member | None = None
        try:
            async with self._config.open_recogniser() as recogniser:
                model_name = await recogniser.wait_ready(self._config.start_timeout_ms)
                member = Member(recogniser, model_name)
                self.gave_up_reason = None
                self.warm.append(member)
                warm.set()
                self._on_change()
                try:
                    await self._serve(member)
                finally:
                    self.warm.remove(member)
                    self._on_change()
        except RecogniserGaveUp as error:
            _log.error("a recogniser cannot start", extra={"reason": str(error)})
            self.gave_up_reason = str(error)
            self._on_change()
        except RecogniserLost as error:
            _log.warning("a recogniser was lost", extra={"reason": str(error)})
        return member

    async def _serve(self, member: Member) -> None:
        async with anyio.create_task_group() as life:
            # Without this a process that dies while it is idle would be missed until it is asked.
            life.start_soon(_cancel_at_exit, member.recogniser, life.cancel_scope)
            while not member.retired:
                resident_bytes = await self._work(member)
                if resident_bytes is None:
                    break
                member.answers += 1
                self._look_at_size(member, resident_bytes)
            life.cancel_scope.cancel()

    def _look_at_size(self, member: Member, resident_bytes: int) -> None:
        member.first_bytes = member.first_bytes or resident_bytes
        # A large model is beyond any fixed limit before it has recognised a word.
        limit_bytes = max(self._config.max_resident_bytes, 2 * member.first_bytes)
        if resident_bytes <= limit_bytes or self._succession or self._tasks is None:
            return
        self._succession = member.succeeded = True
        _log.info("a recogniser has grown", extra={"resident_bytes": resident_bytes})
        self._tasks.start_soon(self._succeed, member, self._tasks)

    async def _succeed(self, member: Member, tasks: anyio.abc.TaskGroup) -> None:
        """Open another beside *member*, and let *member* go when that is warm."""
        warm = anyio.Event()
        tasks.start_soon(self._keep_running, warm)
        await warm.wait()
        self._succession = False
        member.retired = True
        self._on_change()


async def _cancel_at_exit(recogniser: Recogniser, life: anyio.CancelScope) -> None:
    await recogniser.wait_exit()
    life.cancel()
