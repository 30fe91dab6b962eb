"""Glue: records live calls. A call puts its sound into an intake and goes on; all else happens beside it.

Twice a second what has come of every call is sealed and written, in a thread, each file brought to
the disk: a crash costs less than a second. What cannot be written is lost, and said to be: the call
goes on, its screens say so in red, and recording is tried again until there is room.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import structlog
from anyio.abc import TaskGroup
from sqlalchemy.exc import SQLAlchemyError

from app.calls.live_call import LiveCall
from app.errors import AppError
from app.events import Event, EventType
from app.ledger import Ledger
from app.ports import Clock, EventBus
from app.recordings.chunks import Run
from app.recordings.intake import Intake
from app.recordings.library import KEY_MISSING, RecordingLibrary
from app.recordings.live import Failure, LiveRecording
from app.recordings.models import Recording
from app.recordings.notes import paused_by, told_failure
from app.recordings.opening import (
    begin_tape,
    close_left_behind,
    close_tape,
    go_on_tape,
    left_behind,
    store_lost,
)
from app.recordings.sealed_file import Damaged
from app.recordings.settings import RecordingSettings
from app.recordings.tape import Tape

ROUND_SECONDS: Final = 0.5
RETRY_MS: Final = 5_000
WATCH_SECONDS: Final = 1
STUCK_MS: Final = 5_000
"""A disk that takes longer for half a second of sound is not keeping up."""
SETTLED_SECONDS: Final = 5
LAST_SECONDS: Final = 10
"""At shutdown, the last sound has so long to reach the disk."""
_MB: Final = 1_048_576
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Work:
    """What one call has for the disk; without a tape it is not tried now."""

    recording: LiveRecording
    runs: tuple[Run, ...]
    tape: Tape | None


class RecordingDesk:
    def __init__(
        self,
        settings: RecordingSettings,
        library: RecordingLibrary,
        *,
        ledger: Ledger,
        bus: EventBus,
        clock: Clock,
        round_seconds: float = ROUND_SECONDS,
        retry_ms: int = RETRY_MS,
    ) -> None:
        self._settings = settings
        self._library = library
        self._ledger = ledger
        self._bus = bus
        self._clock = clock
        self._round_seconds = round_seconds
        self._retry_ms = retry_ms
        self._live: dict[str, LiveRecording] = {}
        self._tasks: TaskGroup | None = None
        self._thread = anyio.CapacityLimiter(1)
        self._writing = anyio.Lock()
        self._began_ms: int | None = None
        """When the round began that is being written now."""
        self._news = anyio.Event()
        self._soon = anyio.Event()

    def follow(self, call: LiveCall) -> None:
        """Record *call* from here on, if its section is recorded; returns at once."""
        if self._settings.records(call.facts.audience.section):
            intake = Intake(call.facts.format, call.position_samples, write_soon=self._hurry)
            self._live[call.facts.call_id] = LiveRecording(call, intake)
            call.copy_to(intake)
            self._hurry()

    def find(self, call_id: str) -> LiveRecording | None:
        """Return the recording of a live call; None where it is not recorded, or not live here."""
        return self._live.get(call_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write until the block ends, and then what is left."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.start_soon(self._write_on)
            tasks.start_soon(self._tell_on)
            tasks.start_soon(self._finish_left_behind)
            try:
                yield
            finally:
                with anyio.move_on_after(LAST_SECONDS, shield=True):
                    await self._write_the_last()
                self._tasks = None
                tasks.cancel_scope.cancel()

    async def settled(self, call_id: str) -> None:
        """Wait, for a moment, until the recording of a call that has just ended is finished."""
        recording = self._live.get(call_id)
        if recording is not None:
            with anyio.move_on_after(SETTLED_SECONDS):
                await recording.left.wait()

    # Writing

    def _hurry(self) -> None:
        """Have the next round begin now."""
        self._soon.set()

    async def _write_on(self) -> None:
        while True:
            with anyio.move_on_after(self._round_seconds):
                await self._soon.wait()
            self._soon = anyio.Event()
            try:
                await self._round()
            except Exception:
                log.exception("a round of recording failed")

    async def _write_the_last(self) -> None:
        for one in tuple(self._live.values()):
            if one.opening is not None:
                await one.opening.wait()
            if one.tape is None:
                await self._open(one, anyio.Event())
        await self._round()
        for one in tuple(self._live.values()):
            if one.leaving:
                await one.left.wait()

    async def _round(self) -> None:
        async with self._writing:
            self._began_ms = now_ms = self._clock.monotonic_ms()
            self._open_those_that_wait(now_ms)
            written = [one for one in self._live.values() if not one.leaving]
            over = [one for one in written if one.intake.over and one.opening is None]
            slow = [one for one in written if one.intake.overflowed]
            works = [
                _Work(one, one.intake.take(), one.tape if _may_try(one, now_ms) else None)
                for one in written
                if one.tape is not None or one.failure is not None
            ]
            try:
                await self._write(works, now_ms)
            finally:
                self._began_ms = None
            for one in slow:
                # What was lost is told, and the disk is back: nothing more is given up.
                self._fail(one, Failure.TOO_SLOW, now_ms, wait_ms=0)
            for one in over:
                one.leaving = True
                if self._tasks is not None:
                    # The database may be away, and the others go on.
                    self._tasks.start_soon(self._leave, one)

    async def _write(self, works: Sequence[_Work], now_ms: int) -> None:
        if not works:
            return
        failures = await anyio.to_thread.run_sync(self._append_all, works, limiter=self._thread)
        for work, failure in zip(works, failures, strict=True):
            self._settle(work, failure, now_ms)

    def _open_those_that_wait(self, now_ms: int) -> None:
        for one in self._live.values():
            if one.tape is None and not one.opening and now_ms >= one.retry_ms and self._tasks:
                one.opening = anyio.Event()
                self._tasks.start_soon(self._open, one, one.opening)

    def _append_all(self, works: Sequence[_Work]) -> list[Failure | None]:
        free_bytes = _free_bytes(self._library.folder)
        return [self._append(work, free_bytes) for work in works]

    def _append(self, work: _Work, free_bytes: int) -> Failure | None:
        one, tape = work.recording, work.tape
        if tape is None:
            return one.failure
        reserve_bytes = self._settings.reserve_mb * _MB
        if one.failure is Failure.DISK_FULL:
            reserve_bytes += reserve_bytes // 8  # not to and fro at the very edge
        if free_bytes < reserve_bytes:
            return Failure.DISK_FULL
        try:
            tape.append((*one.unwritten, *work.runs))
        except OSError as error:
            return failure_of(error)
        return None

    def _settle(self, work: _Work, failure: Failure | None, now_ms: int) -> None:
        one = work.recording
        if failure is None:
            one.unwritten.clear()
            one.failure = None
        else:
            one.lose(work.runs)
            if work.tape is not None:
                self._fail(one, failure, now_ms)
        if one.failure is not one.told:
            self._news.set()

    def _fail(
        self, one: LiveRecording, failure: Failure, now_ms: int, wait_ms: int | None = None
    ) -> None:
        if one.failure is not failure:
            log.error("a call is not recorded", call_id=one.call_id, why=failure.value)
        one.failure = failure
        one.retry_ms = now_ms + (self._retry_ms if wait_ms is None else wait_ms)
        self._news.set()

    # Opening and leaving

    async def _open(self, one: LiveRecording, opened: anyio.Event) -> None:
        try:
            # Not cut off in the middle of the database: a stop waits for it.
            with anyio.CancelScope(shield=True):
                async with one.turn:
                    one.tape = await self._tape_of(one)
        except Exception as error:  # whatever it is, the call goes on
            if not isinstance(error, AppError | OSError | SQLAlchemyError):
                log.exception("a recording could not be opened", call_id=one.call_id)
            self._fail(one, failure_of(error), self._clock.monotonic_ms())
        finally:
            one.opening = None
            opened.set()

    async def _tape_of(self, one: LiveRecording) -> Tape:
        facts = one.call.facts
        async with self._library.database.transaction() as session:
            row = await session.get(Recording, facts.call_id)
            paused = await paused_by(session, facts.call_id)
        if paused is not None:
            # Also where nothing of it could be written before: it is not to begin with what must not be kept.
            one.intake.was_paused()
            one.paused_by = paused
        if row is None:
            free_bytes = await anyio.to_thread.run_sync(_free_bytes, self._library.folder)
            if free_bytes < self._settings.reserve_mb * _MB:
                raise OSError(errno.ENOSPC, "only the reserve is left")
            return await begin_tape(self._library, self._ledger, facts)
        return await go_on_tape(self._library, self._ledger, facts, row)

    async def _leave(self, one: LiveRecording) -> None:
        """Nothing more comes of this call: finish its recording, unless another process goes on with it."""
        try:
            with anyio.CancelScope(shield=True):
                if one.tape is not None and one.call.goes_on:
                    await anyio.to_thread.run_sync(one.tape.close)
                elif one.tape is not None:
                    await close_tape(self._ledger, one.call.facts, one.tape, one.unwritten)
                elif one.failure is not None and not one.call.goes_on:
                    await self._leave_lost(one)
        except Exception:
            log.exception("the end of a recording is not stored", call_id=one.call_id)
        finally:
            self._live.pop(one.call_id, None)
            one.left.set()

    async def _leave_lost(self, one: LiveRecording) -> None:
        async with self._library.database.transaction() as session:
            known = await session.get(Recording, one.call_id)
        if known is None and one.intake.position:
            facts = one.call.facts
            await store_lost(self._library, self._ledger, facts, one.intake.position)

    async def _finish_left_behind(self) -> None:
        """Finish what earlier processes could not; those of calls that may come back wait for their end."""
        try:
            with anyio.CancelScope(shield=True):
                unfinished = await left_behind(self._library)
        except (SQLAlchemyError, OSError):
            log.exception("recordings that were left behind wait for the next start")
            unfinished = ()
        for call_id in unfinished:
            await self._finish_one(call_id)
        while True:  # who falls behind is cut off, and comes back
            async with self._bus.subscribe(_is_end) as ends:
                async for event in ends:
                    if event.call_id not in self._live:
                        await self._finish_one(event.call_id)

    async def _finish_one(self, call_id: str) -> None:
        try:
            with anyio.CancelScope(shield=True):
                await close_left_behind(self._library, self._ledger, call_id)
        except (AppError, Damaged, OSError, SQLAlchemyError) as error:
            log.warning("a recording cannot be finished", call_id=call_id, why=type(error).__name__)
        except Exception:
            log.exception("a recording cannot be finished", call_id=call_id)

    # Telling

    async def _tell_on(self) -> None:
        while True:
            with anyio.move_on_after(WATCH_SECONDS):
                await self._news.wait()
            self._news = anyio.Event()
            now_ms = self._clock.monotonic_ms()
            stuck = self._began_ms is not None and now_ms - self._began_ms > STUCK_MS
            for one in tuple(self._live.values()):
                if stuck and one.failure is None:
                    self._fail(one, Failure.TOO_SLOW, now_ms)
                await self._tell(one)

    async def _tell(self, one: LiveRecording) -> None:
        failure = one.failure
        if failure is one.told:
            return
        try:
            await self._ledger.write(told_failure(one.call.facts, failure, one.position_ms))
        except Exception:
            log.exception("screens do not know how a recording stands", call_id=one.call_id)
            return  # the next round says it again
        one.told = failure


def failure_of(error: Exception) -> Failure:
    """Return what *error* means for a recording."""
    if isinstance(error, AppError) and error.code == KEY_MISSING:
        return Failure.NO_KEY
    full = isinstance(error, OSError) and error.errno in _FULL
    return Failure.DISK_FULL if full else Failure.CANNOT_WRITE


def _may_try(one: LiveRecording, now_ms: int) -> bool:
    return one.failure is None or now_ms >= one.retry_ms or one.intake.over


def _free_bytes(folder: Path) -> int:
    """Return how much room is left where *folder* is or would be; 0 where nobody can say."""
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def _is_end(event: Event) -> bool:
    return event.type is EventType.CALL_ENDED
