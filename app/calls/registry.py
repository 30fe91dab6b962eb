"""Glue: the live calls of this process. A call outlives its socket, for a while.

A socket attaches to a call and detaches from it. A call without a socket waits
``resume_seconds`` for another one and then ends as *interrupted*, with everything
that was accepted judged. A call that fails ends by itself; no other call notices.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import uuid4

import anyio
import structlog
from anyio.abc import TaskGroup

from app.auth.names import normal_login
from app.callers.number import HashAtStart, no_hash
from app.calls.explaining import Explainer
from app.calls.facts import CallFacts
from app.calls.judge import CallJudge
from app.calls.lifecycle import facts_of, record_end, record_start
from app.calls.live_call import LiveCall
from app.calls.protocol import MAX_FIELD_CHARACTERS, CallStarted, Refusal, StreamRefused
from app.calls.recovery import Recovered, Rehearing
from app.calls.repository import call_by_id, unfinished_calls
from app.calls.rounds import GATHER_MS, Rounds
from app.calls.standing import Standing
from app.calls.turned_away import check_same, ended, not_yours, stopping
from app.calls.turns import Turns
from app.db import Database
from app.events import Audience
from app.feedback.repository import switched_off_at
from app.feedback.reviews import SwitchedOff
from app.ledger import Entry, Ledger, is_passing
from app.models import Call
from app.ports import Clock
from app.privacy.numbers import SealNumber, left_plain
from app.responses.scripts import ScriptSource
from app.settings import StreamSettings
from asr.ports import SharedVoiceActivity, Transcriber
from detection.ports import Conversation, Detector

log = structlog.get_logger()

ENDED_INTERRUPTED: Final = "interrupted"
ENDED_ERROR: Final = "error"
END_RETRY_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class CallParts:
    """What every live call is made of."""

    settings: StreamSettings
    clock: Clock
    database: Database
    ledger: Ledger
    transcriber: Transcriber
    voice_activity: SharedVoiceActivity
    detector: Detector
    new_conversation: Callable[[], Conversation]
    explainer: Explainer
    scripts: ScriptSource
    warning_limit: int | None
    """How many warnings the policy wants before the end; None where it fixes no number."""
    partials: bool
    """Recognise the caller's sentences before they are over, too."""
    hash_at_start: HashAtStart = no_hash
    seal_number: SealNumber = left_plain
    record: Callable[[LiveCall], None] = lambda _call: None
    """Told of every live call before its first sound: records it, or does not."""


@dataclass(slots=True)
class Attached:
    """One socket's hold on a call. Listen inside ``hold``: it is cancelled when the call is taken away."""

    call: LiveCall
    hold: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    refusal: Refusal | None = None
    """Why it was taken away."""


@dataclass(slots=True)
class _Entry:
    call: LiveCall
    token_id: int
    started: CallStarted
    attached: Attached | None = None
    waiting: anyio.CancelScope | None = None
    """The wait for another socket, while there is none."""
    ending: bool = False
    failed: bool = False


class CallRegistry:
    def __init__(
        self,
        parts: CallParts,
        *,
        end_retry_seconds: float = END_RETRY_SECONDS,
        gather_ms: int = GATHER_MS,
    ) -> None:
        self._parts = parts
        self._rounds = Rounds(parts.voice_activity, gather_ms=gather_ms)
        self._end_retry_seconds = end_retry_seconds
        self._entries: dict[str, _Entry] = {}
        self._tasks: TaskGroup | None = None
        self._open = False
        self._turns = Turns()
        self.rehearing = Rehearing(parts.database, parts.detector, parts.new_conversation)
        self._beginning = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep calls alive until the block ends; then judge what was accepted, end nothing.

        Calls that are cut off by the end of the process stay unfinished in the tables:
        the next start takes them up again.
        """
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.start_soon(self._rounds.run)
            async with self._parts.database.transaction() as session:
                left_behind = tuple(call.id for call in await unfinished_calls(session))
            self._open = True
            if left_behind:
                tasks.start_soon(self._close_abandoned, left_behind)
            try:
                yield
            finally:
                self._open = False
                with anyio.move_on_after(self._parts.settings.drain_seconds, shield=True):
                    async with anyio.create_task_group() as draining:
                        for entry in tuple(self._entries.values()):
                            draining.start_soon(partial(entry.call.finish, over=False))
                self._tasks = None
                tasks.cancel_scope.cancel()

    @property
    def live_calls(self) -> tuple[LiveCall, ...]:
        return tuple(entry.call for entry in self._entries.values())

    def find(self, call_id: str) -> LiveCall | None:
        entry = self._entries.get(call_id)
        return entry.call if entry is not None else None

    @asynccontextmanager
    async def settled(self, call_id: str) -> AsyncIterator[LiveCall | None]:
        """Give the live call, or None: then nobody takes it up from the tables until the block ends.

        Not to be held while a live call is waited for: its next socket needs the same turn.
        """
        async with self._turns.of(call_id):
            yield self.find(call_id)

    async def attach(self, started: CallStarted, *, token_id: int, section: str) -> Attached:
        """Begin the call, or go on with it over a new socket.

        Raises:
            StreamRefused: with the documented reason; nothing was changed.
        """
        call_id = started.call_id or uuid4().hex
        # Two sockets that resume the same call must not both recover it; but to recover a
        # call of an hour takes 3 s, and no other call may wait for that.
        async with self._turns.of(call_id):
            if not self._open or self._tasks is None:
                raise stopping()
            if started.resume:
                entry = await self._resume(started, token_id)
            else:
                entry = await self._begin(call_id, started, token_id, section)
            if entry.waiting is not None:
                entry.waiting.cancel()
                entry.waiting = None
            if entry.attached is not None:
                _take_away(entry.attached, Refusal.REPLACED)
            entry.attached = Attached(entry.call)
            return entry.attached

    def detach(self, attached: Attached) -> None:
        """The socket is gone without a stop: wait for it to come back."""
        entry = self._entries.get(attached.call.facts.call_id)
        if entry is None or entry.attached is not attached:
            return
        entry.attached = None
        if entry.ending:
            return
        entry.call.forget_partial_frame()
        if self._tasks is not None and self._open:
            # Known before the wait begins: the next socket may come before that.
            entry.waiting = anyio.CancelScope()
            self._tasks.start_soon(self._wait_for_resume, entry, entry.waiting)

    async def stop(self, attached: Attached, reason: str) -> None:
        """End the call; returns when everything accepted has been judged and the end is stored."""
        entry = self._entries.get(attached.call.facts.call_id)
        if entry is not None:
            await self._end(entry, reason)

    async def _begin(
        self, call_id: str, started: CallStarted, token_id: int, section: str
    ) -> _Entry:
        if len(self._entries) + self._beginning >= self._parts.settings.max_calls:
            raise StreamRefused(
                Refusal.TOO_MANY_CALLS,
                f"同時に扱える通話の上限({self._parts.settings.max_calls} 件)に達しています。",
            )
        named = started.metadata.get("section", "")
        facts = CallFacts(
            call_id=call_id,
            audience=Audience(
                # Half-width names can be longer than what was sent.
                operator=normal_login(started.operator)[:MAX_FIELD_CHARACTERS],
                # A token of one section cannot speak for another.
                section=section or (named[:MAX_FIELD_CHARACTERS] if isinstance(named, str) else ""),
            ),
            tracks=started.tracks,
            format=started.format,
        )
        self._beginning += 1
        try:
            switched_off = await self._record_start(facts, started, token_id)
        finally:
            self._beginning -= 1
        return self._enter(facts, started, token_id, None, switched_off)

    async def _record_start(
        self, facts: CallFacts, started: CallStarted, token_id: int
    ) -> SwitchedOff:
        async with self._parts.database.transaction() as session:
            known = await call_by_id(session, facts.call_id)
        if known is not None:
            if known.token_id != token_id:
                raise not_yours()
            raise StreamRefused(
                Refusal.CALL_EXISTS,
                "この call_id の通話はすでにあります。続ける場合は resume を true にしてください。",
            )

        async def change(entry: Entry) -> SwitchedOff:
            await record_start(
                entry,
                facts,
                started,
                token_id,
                self._parts.hash_at_start,
                self._parts.seal_number,
            )
            await self._parts.scripts.catch_up(entry.session)
            return await switched_off_at(entry.session, entry.now)

        return await self._parts.ledger.write(change)

    async def _resume(self, started: CallStarted, token_id: int) -> _Entry:
        if started.call_id is None:
            raise StreamRefused(Refusal.BAD_CALL_ID, "再開には call_id が必要です。")
        entry = self._entries.get(started.call_id)
        if entry is not None:
            check_same(started, entry.call.facts, token_id, entry.token_id)
            if entry.ending:
                raise ended()
            return entry
        async with self._parts.database.transaction() as session:
            call = await call_by_id(session, started.call_id)
            if call is None:
                raise StreamRefused(
                    Refusal.CALL_UNKNOWN,
                    "この call_id の通話はありません。resume を付けずに始めてください。",
                )
            facts = facts_of(call)
            check_same(started, facts, token_id, call.token_id)
            if call.ended_at is not None:
                raise ended()
        recovered = await self.rehearing.to_go_on(call.id)
        return self._enter(facts, started, token_id, recovered, recovered.switched_off)

    def _enter(
        self,
        facts: CallFacts,
        started: CallStarted,
        token_id: int,
        recovered: Recovered | None,
        switched_off: SwitchedOff,
    ) -> _Entry:
        parts = self._parts
        judge = CallJudge(
            facts,
            detector=parts.detector,
            conversation=recovered.conversation if recovered else parts.new_conversation(),
            explainer=parts.explainer,
            scripts=parts.scripts,
            ledger=parts.ledger,
            warning_limit=parts.warning_limit,
            standing=recovered.standing if recovered else Standing(),
            switched_off=switched_off,
            talk=recovered.talk if recovered else None,
        )
        call = LiveCall(
            facts,
            judge=judge,
            transcriber=parts.transcriber,
            new_listening=self._rounds.listen,
            clock=parts.clock,
            judged_ms=recovered.judged_ms if recovered else {},
            partials=parts.partials,
        )
        entry = self._entries[facts.call_id] = _Entry(call, token_id, started)
        if self._tasks is None:
            self._entries.pop(facts.call_id)
            raise stopping()
        parts.record(call)
        self._tasks.start_soon(self._live, entry)
        return entry

    async def _live(self, entry: _Entry) -> None:
        """The call boundary: whatever breaks inside ends this call, loudly, and no other."""
        try:
            await entry.call.run()
        except Exception:
            entry.ending = entry.failed = True
            log.exception("call failed", call_id=entry.call.facts.call_id)
            if entry.attached is not None:
                _take_away(entry.attached, Refusal.INTERNAL)
            await self._store_end(entry, ENDED_ERROR)

    async def _wait_for_resume(self, entry: _Entry, waiting: anyio.CancelScope) -> None:
        with waiting:
            await anyio.sleep(self._parts.settings.resume_seconds)
        # A socket may have come in the very moment in which the patience ended.
        if entry.waiting is waiting and not entry.ending:
            await self._end(entry, ENDED_INTERRUPTED)

    async def _end(self, entry: _Entry, reason: str) -> None:
        entry.ending = True
        await entry.call.finish()
        if not entry.failed:
            await self._store_end(entry, reason)

    async def _store_end(self, entry: _Entry, reason: str) -> None:
        call = entry.call

        async def change(writing: Entry) -> None:
            await record_end(writing, call.facts, reason, call.position_ms)

        try:
            await self._write_at_last(change)
        finally:
            # Not before: who resumed it meanwhile would find it unfinished in the tables.
            self._entries.pop(call.facts.call_id, None)

    async def _write_at_last(self, change: Callable[[Entry], Awaitable[None]]) -> None:
        """Write, however long the database is away: an end that is not stored is a call for ever."""
        while True:
            try:
                await self._parts.ledger.write(change)
            except Exception as error:
                log.exception("the end of a call is not stored")
                if not is_passing(error):
                    return  # not worth the calls that go on
            else:
                return
            await anyio.sleep(self._end_retry_seconds)

    async def _close_abandoned(self, left_behind: Sequence[str]) -> None:
        """End the calls that an earlier run left behind and nobody came back for."""
        await anyio.sleep(self._parts.settings.resume_seconds)
        for call_id in left_behind:

            async def change(entry: Entry, call_id: str = call_id) -> None:
                call = await entry.session.get(Call, call_id)
                if call is not None:
                    await record_end(entry, facts_of(call), ENDED_INTERRUPTED, None)

            # Nobody may be taking it up again while it is ended.
            async with self._turns.of(call_id):
                if call_id not in self._entries:
                    await self._write_at_last(change)


def _take_away(attached: Attached, refusal: Refusal) -> None:
    attached.refusal = refusal
    attached.hold.cancel()
