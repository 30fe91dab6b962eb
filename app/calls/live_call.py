"""Glue: one live call, from bytes to judged words. The read loop never waits for recognition.

Sound → ears (``listening``) → transcriber → back in order → judge.
Hanging up flushes each stage in turn, so everything accepted is judged before
``finish`` returns. What cannot be kept up with is a visible gap. Beside this road the
caller's unfinished sentence may be recognised (``partials``); nothing here waits for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final, Protocol

import anyio
from anyio.abc import TaskGroup

from app.calls.facts import TICK_MS, CallFacts, GapReason, Heard, Lost, line_of
from app.calls.judge import CallJudge
from app.calls.listening import NewListening
from app.calls.partials import Partials
from app.calls.protocol import Track
from app.calls.release import ReleaseOrder, Ticket
from app.ports import Clock
from asr.errors import TranscriberUnavailable, TranscriptionFailed, TranscriptionShed
from asr.ports import Transcriber
from asr.types import WINDOW_MS, Rank, Shedding, SpeechSegment, Urgency

SEGMENTS_WAITING: Final = 32
"""Of one call; at 8 s each that is more than any call may fall behind."""
HOLD_MS: Final = 500


class SoundCopy(Protocol):
    """Whoever gets a copy of the sound. Each method returns at once and raises nothing."""

    def hear(self, payload: bytes) -> None: ...

    def forget_partial_frame(self) -> None: ...

    def end(self) -> None: ...


class LiveCall:
    """Feed sound with ``hear``, end with ``finish``; ``run`` does the rest until then."""

    def __init__(
        self,
        facts: CallFacts,
        *,
        judge: CallJudge,
        transcriber: Transcriber,
        new_listening: NewListening,
        clock: Clock,
        judged_ms: Mapping[Track, int],
        partials: bool,
    ) -> None:
        self.facts = facts
        self.judge = judge
        self._transcriber = transcriber
        self._clock = clock
        checkpoints_ms = tuple(judged_ms.get(track, 0) for track in facts.tracks)
        self._listening = new_listening(
            facts, checkpoints_ms, accept=self._accept, fail=self._break
        )
        self._partials: dict[int, Partials] = {}
        """By the place of the track; only the caller's sentences are worth it."""
        if partials and Track.CALLER in facts.tracks:
            index = facts.tracks.index(Track.CALLER)
            self._partials[index] = Partials(
                facts,
                segmenter=self._listening.segmenters[index],
                transcriber=transcriber,
                judge=judge,
            )
        self._stored_ms = dict(zip(facts.tracks, checkpoints_ms, strict=True))
        self._order: ReleaseOrder[Heard | Lost] = ReleaseOrder(len(facts.tracks), HOLD_MS)
        self._outbox, self._inbox = anyio.create_memory_object_stream[
            tuple[Ticket[Heard | Lost], SpeechSegment]
        ](SEGMENTS_WAITING)
        self._wake = anyio.Event()
        self._hung_up = False
        self._broken: Exception | None = None
        self._judged = anyio.Event()
        self._ticked_ms = self._listening.position_ms
        self._missing: deque[Lost] = deque()
        self._copies: tuple[SoundCopy, ...] = ()
        self.goes_on = False
        """Whether another process takes it up: this one is stopping."""

    @property
    def position_samples(self) -> int:
        """Samples of each track that were accepted since the call began."""
        return self._listening.position_samples

    @property
    def position_ms(self) -> int:
        return self._listening.position_ms

    def hear(self, payload: bytes) -> None:
        """Accept sound; returns at once. Whole segments go to recognition from here.

        After ``finish`` nothing is accepted: the position stays where it was.
        """
        if self._hung_up:
            return
        self._listening.hear(payload)
        for copy in self._copies:
            copy.hear(payload)
        for partials in self._partials.values():
            partials.look()
        if self.position_ms - self._ticked_ms >= TICK_MS:
            self._wake.set()

    def copy_to(self, copy: SoundCopy) -> None:
        """Give a copy of all sound from now on to *copy*, once; it is told the end."""
        if copy not in self._copies:
            self._copies = (*self._copies, copy)
        if self._hung_up:
            copy.end()

    def stop_copying_to(self, copy: SoundCopy) -> None:
        self._copies = tuple(one for one in self._copies if one is not copy)

    def miss(self, lost: Lost) -> None:
        """Show that a stretch of a track never came; silence was heard in its place."""
        if not self._hung_up:
            self._missing.append(lost)
            self._wake.set()

    @property
    def behind(self) -> bool:
        """Whether more sound waits to be heard than a call may keep: wait until ``caught_up``."""
        return self._listening.behind

    async def caught_up(self) -> None:
        await self._listening.caught_up()

    def forget_partial_frame(self) -> None:
        """A socket was lost: what it had sent of an unfinished frame comes again."""
        self._listening.forget_partial_frame()
        for copy in self._copies:
            copy.forget_partial_frame()

    async def finish(self, *, over: bool = True) -> None:
        """Flush what was accepted and wait until all of it has been judged.

        Unless the call is *over*, another process goes on with it: the last window,
        which is not full yet, is sent again then.
        """
        if not self._hung_up:
            self.goes_on = not over
            self._listening.finish(over=over)
            self._hang_up()
        await self._judged.wait()

    async def run(self) -> None:
        """Recognise and judge until the call is finished and everything accepted is judged."""
        try:
            async with anyio.create_task_group() as stages:
                stages.start_soon(self._recognise_all, stages)
                for partials in self._partials.values():
                    stages.start_soon(partials.run)
                await self._judge_in_order()
        finally:
            self._hang_up()
            self._judged.set()
            self.judge.leave()

    def _hang_up(self) -> None:
        self._hung_up = True
        self._listening.close()
        self._outbox.close()
        for partials in self._partials.values():
            partials.close()
        for copy in self._copies:
            copy.end()
        self._wake.set()

    def _break(self, error: Exception) -> None:
        """Have ``run`` fail: what breaks under a socket ends the call, not only the socket."""
        self._broken = error
        self._hang_up()

    def _accept(self, index: int, segment: SpeechSegment) -> None:
        if index in self._partials:
            self._partials[index].drop()
        ticket = self._order.expect(index, segment.start_ms, segment.end_ms)
        if len(self._order) > SEGMENTS_WAITING:
            # Waiting here would only move the backlog into the socket, unseen.
            self._settle(ticket, self._lost(ticket, GapReason.OVERLOAD))
            return
        self._outbox.send_nowait((ticket, segment))

    async def _recognise_all(self, stages: TaskGroup) -> None:
        async with self._inbox:
            async for ticket, segment in self._inbox:
                stages.start_soon(self._recognise, ticket, segment)

    async def _recognise(self, ticket: Ticket[Heard | Lost], segment: SpeechSegment) -> None:
        track = self.facts.tracks[ticket.track]
        try:
            transcript = await self._transcriber.transcribe(segment, urgency=self._urgency(track))
        except TranscriptionShed:
            self._settle(ticket, self._lost(ticket, GapReason.OVERLOAD))
        except TranscriptionFailed:
            self._settle(ticket, self._lost(ticket, GapReason.FAILED))
        except TranscriberUnavailable:
            self._settle(ticket, self._lost(ticket, GapReason.UNAVAILABLE))
        else:
            self._settle(ticket, Heard(track, segment, transcript))

    def _urgency(self, track: Track) -> Urgency:
        line = line_of(self.facts, track)
        if track is Track.OPERATOR:
            return Urgency(line, Rank.CALLER if self.judge.level else Rank.OPERATOR)
        return Urgency(line, Rank.FLAGGED if self.judge.level else Rank.CALLER)

    def _lost(self, ticket: Ticket[Heard | Lost], reason: GapReason) -> Lost:
        return Lost(self.facts.tracks[ticket.track], ticket.start_ms, ticket.end_ms, reason)

    def _settle(self, ticket: Ticket[Heard | Lost], result: Heard | Lost) -> None:
        self._order.settle(ticket, result, self._clock.monotonic_ms())
        self._wake.set()

    async def _judge_in_order(self) -> None:
        while True:
            if self._broken is not None:
                raise self._broken
            self._wake = anyio.Event()
            now_ms = self._clock.monotonic_ms()
            # The operator's words wait behind every caller's then: they come seconds later.
            behind = self._transcriber.shedding >= Shedding.OPERATOR
            self._order.hold_ms = 0 if behind else HOLD_MS
            ticket = self._order.take(now_ms)
            if ticket is not None and ticket.result is not None:
                await self._judge(ticket.result)
                continue
            if self._missing:
                await self.judge.tell_missing(self._missing.popleft())
                continue
            if self.position_ms - self._ticked_ms >= TICK_MS:
                self._ticked_ms = self.position_ms
                await self.judge.tick(self._ticked_ms, self._new_checkpoints())
                continue
            if self._hung_up and not len(self._order):
                await self.judge.tick(self.position_ms, self._new_checkpoints())
                return
            wait_ms = self._order.wait_ms(now_ms)
            with anyio.move_on_after(None if wait_ms is None else wait_ms / 1000):
                await self._wake.wait()

    async def _judge(self, result: Heard | Lost) -> None:
        if isinstance(result, Heard):
            if result.transcript.text:
                await self.judge.hear(result, self._new_checkpoints())
            else:
                await self.judge.hear_nothing(result)  # the next tick stores how far we are
        else:
            await self.judge.lose(result, self._new_checkpoints())

    def _new_checkpoints(self) -> dict[Track, int]:
        """Return how far each track is judged now, where that is further than last stored."""
        moved: dict[Track, int] = {}
        for index, segmenter in enumerate(self._listening.segmenters):
            pending_ms = self._order.first_pending_ms(index)
            if pending_ms is not None:
                reached_ms = pending_ms
            elif self._hung_up:
                reached_ms = self.position_ms
            else:
                reached_ms = segmenter.checkpoint_ms
            reached_ms = reached_ms // WINDOW_MS * WINDOW_MS
            track = self.facts.tracks[index]
            if reached_ms > self._stored_ms[track]:
                self._stored_ms[track] = moved[track] = reached_ms
        return moved
