"""Glue: one call as its doors bring it: from a dialect's steps to a live call that hears.

A call may come over several sockets, wait for its answer, be held, be handed on; each leg that somebody
answers is a call of its own in the records. Sound never waits here for anything but memory (``behind``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from app.calls.facts import GapReason, Lost
from app.calls.protocol import Refusal, StreamRefused, Track
from app.calls.registry import Attached, CallRegistry
from app.ports import Clock
from app.telephony.door_access import Admitted
from app.telephony.legs import Legs
from app.telephony.messages import (
    Answered,
    CallBegan,
    CallOver,
    Held,
    Missed,
    TrackSound,
    Transferred,
    Unheld,
    WovenSound,
)
from app.telephony.part import Part, SoundStep
from app.telephony.placing import Placed, PlacingRules, operator_at, place
from app.telephony.weaving import LAG_MS, Weave, silence

MOST_AHEAD_MS: Final = 60_000
"""An exchange's own times may run ahead of the clock by so much; more is a defect, and costs memory."""
ENDED_TRANSFERRED: Final = "transferred"

StateStep = Answered | Held | Unheld | Transferred | CallOver
Finish = Callable[[Attached, str], Awaitable[None]]


class CarriedCall:
    """Sockets come with ``join`` and go with ``leave``; the last one to go decides what becomes of the call."""

    def __init__(
        self,
        began: CallBegan,
        *,
        rules: PlacingRules,
        registry: CallRegistry,
        clock: Clock,
        admitted: Admitted,
        waits: bool,
        missing_ms: Callable[[str, int], Awaitable[int]],
        finish_soon: Finish,
    ) -> None:
        """*waits*: judge nothing before ``Answered``. *missing_ms* knows how far the clock has gone on since a
        call stood at a position; *finish_soon* ends a leg while its sockets go on reading."""
        self._began = began
        self._placed: Placed = place(began, rules)
        self._rules = rules
        self._registry = registry
        self._clock = clock
        self.admitted = admitted
        self._legs = Legs(
            self._placed.started,
            began.call_id,
            registry=registry,
            token_id=admitted.token_id,
            section=admitted.section,
            missing_ms=missing_ms,
        )
        self._finish_soon = finish_soon
        self._waits = waits
        self._turn = anyio.Lock()
        self._attached: Attached | None = None
        self._weave = Weave(began.format)
        self._comes_woven = False
        """One socket brings whole frames: they need no weave of ours."""
        self._base_samples = 0
        """Where in the live call the weave began."""
        self._origin: int | None = None
        """What the exchange calls the first sample that is judged."""
        self._begun_ms = 0
        self._last_ms = 0
        self._held_from: int | None = None
        self._parts: list[Part] = []
        self._coming = 0
        """Sockets that wait for ``join``."""
        self._said_over = ""
        self._operator = self._placed.started.operator

    @property
    def call_id(self) -> str:
        """Of the leg that is live, or will be."""
        return self._legs.call_id

    @property
    def position_samples(self) -> int:
        return self._attached.call.position_samples if self._attached is not None else 0

    @property
    def began(self) -> CallBegan:
        return self._began

    @property
    def behind(self) -> bool:
        return self._attached is not None and self._attached.call.behind

    async def caught_up(self) -> None:
        if self._attached is not None:
            await self._attached.call.caught_up()

    @property
    def over(self) -> bool:
        """Nobody brings it any more, and nobody can come back to it."""
        if self._parts or self._coming:
            return False
        return self._attached is None or self._registry.find(self.call_id) is None

    # Sockets

    async def join(self, began: CallBegan) -> Part:
        """Let another socket bring its tracks.

        Raises:
            StreamRefused: the call is refused, or another format was agreed with the first socket.
        """
        self._coming += 1
        try:
            async with self._turn:
                return await self._join(began)
        finally:
            self._coming -= 1

    async def leave(self, part: Part, over: str | None) -> None:
        """A socket is gone: for good, as its exchange said (*over* is the reason), or lost.

        Returns when everything accepted was judged, where that was the end of the call.
        """
        async with self._turn:
            if part not in self._parts:
                return
            self._parts.remove(part)
            self._said_over = over or self._said_over
            if self._parts or self._attached is None:
                return
            attached = self._attached
            if not self._said_over:
                self._last_ms = self._clock.monotonic_ms()
                self._registry.detach(attached)
                return
            self._flush()
            await self._registry.stop(attached, self._said_over)
            self._registry.detach(attached)

    # What the exchange says

    async def tell(self, step: StateStep) -> None:
        async with self._turn:
            match step:
                case Held():
                    if self._held_from is None and self._attached is not None:
                        self._held_from = self._attached.call.position_ms
                case Unheld():
                    self._end_hold()
                case Answered(operator=named):
                    self._name_operator(named)
                    self._waits = False
                    if self._parts:
                        await self._attach()
                case CallOver(reason=reason):
                    await self._hand_on("", reason)
                case Transferred(operator=named, answered=answered):
                    await self._hand_on(named, ENDED_TRANSFERRED)
                    if answered and self._parts:
                        self._waits = False
                        await self._attach()

    def carry(self, step: SoundStep, part: Part) -> None:
        if part.replaced:
            raise StreamRefused(Refusal.REPLACED, "この通話は新しい接続に引き継がれました。")
        attached, brings = self._attached, part.brings
        part.heard_ms = self._clock.monotonic_ms()
        if attached is None:
            return  # nobody has answered yet
        if attached.refusal is not None:
            raise StreamRefused(
                attached.refusal,
                "この通話の処理を続けられなくなりました。管理者に連絡してください。",
            )
        match step:
            case WovenSound(payload=payload) if len(brings) == self._began.format.track_count:
                if not self._comes_woven:
                    self._comes_woven = True
                    self._hear(self._weave.flush())  # what was missing before its first sound
                    self._tell_lost()
                self._hear(self._quiet(payload))
                return
            case WovenSound(payload=payload):
                self._weave.feed(brings[0], self._quiet(payload))
            case TrackSound():
                self._feed(step)
            case Missed():
                self._skip(step, brings)
        self._hear(self._weave.take())
        self._tell_lost()

    # Inside

    async def _join(self, began: CallBegan) -> Part:
        if (began.tracks, began.format) != (self._began.tracks, self._began.format):
            raise StreamRefused(
                Refusal.FORMAT_CHANGED,
                "同じ通話の音声は、どの接続でも同じ形式とトラックで送ってください。",
            )
        brings = tuple(began.tracks.index(track) for track in began.brings)
        part = Part(self, brings, self._clock.monotonic_ms())
        self._replace(brings)
        if not self._waits:
            await self._attach()
        self._said_over = ""
        for track in part.brings:
            self._weave.begin(track, self._weave.end_sample)
        self._parts.append(part)
        return part

    def _replace(self, brings: tuple[int, ...]) -> None:
        """Give up sockets that brought the same tracks: a line that died without a word comes back like this."""
        replaced = [part for part in self._parts if set(part.brings) & set(brings)]
        for part in replaced:
            part.replaced = True
            self._parts.remove(part)
        if not replaced or self._attached is None:
            return
        heard_ms = max(part.heard_ms for part in (*replaced, *self._parts))
        away_ms = self._clock.monotonic_ms() - heard_ms
        if not self._parts:
            self._last_ms = heard_ms
            self._registry.detach(self._attached)
        elif away_ms > LAG_MS:  # the other leg is as dead, and has not come back yet
            self._miss(away_ms)

    def _feed(self, step: TrackSound) -> None:
        first = step.first_sample
        if first is not None:
            if self._origin is None:
                self._origin = first - self._weave.end_sample
            first = max(0, first - self._origin)
            self._check_ahead(first)
        self._weave.feed(self._began.tracks.index(step.track), self._quiet(step.payload), first)

    def _skip(self, step: Missed, brings: tuple[int, ...]) -> None:
        told = step.told and self._held_from is None
        if self._comes_woven:
            self._check_ahead(self.position_samples - self._base_samples + step.samples)
            self._skip_woven(step.samples, told=told)
            return
        self._check_ahead(self._weave.end_sample + step.samples)
        places = brings if step.track is None else (self._began.tracks.index(step.track),)
        for place_of_track in places:
            if told:
                self._weave.miss(place_of_track, step.samples)
            else:
                quiet = silence(self._began.encoding, step.samples)
                self._weave.feed(place_of_track, quiet)

    def _skip_woven(self, samples: int, *, told: bool) -> None:
        attached = self._attached
        if attached is None:
            return
        begin_ms = attached.call.position_ms
        self._hear(silence(self._began.encoding, samples * self._began.format.track_count))
        if told:
            for track in self._facts_tracks:
                attached.call.miss(Lost(track, begin_ms, attached.call.position_ms, GapReason.LINE))

    def _check_ahead(self, sample: int) -> None:
        rate_hz = self._began.rate_hz
        elapsed_ms = self._clock.monotonic_ms() - self._begun_ms
        if sample * 1000 // rate_hz > elapsed_ms + MOST_AHEAD_MS:
            raise StreamRefused(
                Refusal.BAD_SEQUENCE, "音声の時刻が、実際の経過時間より大きく進んでいます。"
            )

    def _quiet(self, payload: bytes) -> bytes:
        """Return silence of the same length while the caller is on hold."""
        if self._held_from is None:
            return payload
        encoding = self._began.encoding
        return silence(encoding, len(payload) // encoding.sample_bytes)

    def _hear(self, payload: bytes) -> None:
        if payload and self._attached is not None:
            self._attached.call.hear(payload)

    @property
    def _facts_tracks(self) -> tuple[Track, ...]:
        return self._placed.started.tracks

    def _tell_lost(self) -> None:
        if self._attached is None:
            return
        for stretch in self._weave.lost():
            if self._held_from is not None:
                continue
            begin_ms, end_ms = (
                (self._base_samples + sample) * 1000 // self._began.rate_hz
                for sample in (stretch.begin_sample, stretch.end_sample)
            )
            track = self._facts_tracks[stretch.track]
            self._attached.call.miss(Lost(track, begin_ms, end_ms, GapReason.LINE))

    def _end_hold(self) -> None:
        begin_ms, self._held_from = self._held_from, None
        if begin_ms is None or self._attached is None:
            return
        end_ms = self._attached.call.position_ms
        if end_ms > begin_ms:
            # Once, beside the caller: it is the same on both tracks.
            track = Track.CALLER if Track.CALLER in self._facts_tracks else self._facts_tracks[0]
            self._attached.call.miss(Lost(track, begin_ms, end_ms, GapReason.HELD))

    def _flush(self) -> None:
        self._hear(self._weave.flush())
        self._tell_lost()
        self._end_hold()

    def _name_operator(self, named: str) -> None:
        if named:
            self._operator = operator_at(named, named, self._rules)

    async def _hand_on(self, operator: str, reason: str) -> None:
        """End this leg; its sockets may go on to bring what nobody judges, or the next leg."""
        attached = self._attached
        if attached is not None:
            self._flush()
            self._attached = None
            await self._finish_soon(attached, reason)
            self._legs.close()
        self._operator = ""
        self._name_operator(operator)
        self._waits = True

    async def _attach(self) -> None:
        """Begin the leg, or take it up again after its sockets were lost."""
        if self._attached is not None and self._parts:
            return
        if self._attached is not None:
            if await self._take_up():
                return
            self._legs.close()
        await self._begin()

    async def _take_up(self) -> bool:
        """Go on with the leg, unless it ended while nobody was there, or is ending now."""
        if self._registry.find(self.call_id) is None:
            return False
        try:
            self._attached = await self._legs.again(self._operator)
        except StreamRefused as refused:
            if refused.refusal is not Refusal.CALL_ENDED:
                raise
            return False
        # Whatever numbers a new socket brings count from its own beginning.
        self._origin = None
        self._miss(self._clock.monotonic_ms() - self._last_ms)
        return True

    async def _begin(self) -> None:
        self._attached, missing_ms = await self._legs.begin(self._operator)
        self._weave = Weave(self._began.format)
        self._origin = self._held_from = None
        self._base_samples = self._attached.call.position_samples
        self._begun_ms = self._clock.monotonic_ms() - missing_ms
        if missing_ms:
            self._miss(missing_ms)

    def _miss(self, missing_ms: int) -> None:
        """Nobody heard the call for so long."""
        everything = tuple(range(self._began.format.track_count))
        self._skip(Missed(missing_ms * self._began.rate_hz // 1000), everything)
        self._tell_lost()
