"""Glue: one call's words to one decision to one transaction to the screens.

Everything that changes the standing of a call goes through here, one at a time, so the
conversation in memory and the tables say the same. After a crash the conversation is
heard again from the tables (``app.calls.recovery``). What half a sentence shows is no
part of the conversation: the whole sentence confirms it or takes it back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial

import anyio

from app.calls import records
from app.calls.conclusion import Conclusion
from app.calls.explaining import Explainer
from app.calls.facts import CallFacts, Heard, Lost, utterance_id
from app.calls.protocol import Track
from app.calls.recovery import Recovered, said_by_press
from app.calls.standing import Early, Standing
from app.events import EventType
from app.feedback.reviews import SwitchedOff
from app.ledger import Entry, Ledger
from app.responses.scripts import ScriptSource
from asr.types import Doubt
from detection.ports import Conversation, Detector
from detection.progress import Progress
from detection.talk_so_far import TalkSoFar
from detection.types import Alert, Assessment, Decision, Pressed, Speaker, Utterance


class CallJudge:
    """Judges one call in order. What it returns has been stored and published."""

    def __init__(
        self,
        facts: CallFacts,
        *,
        detector: Detector,
        conversation: Conversation,
        explainer: Explainer,
        scripts: ScriptSource,
        ledger: Ledger,
        warning_limit: int | None = None,
        standing: Standing | None = None,
        switched_off: SwitchedOff | None = None,
        talk: TalkSoFar | None = None,
    ) -> None:
        self._facts = facts
        self._detector = detector
        self._switched_off = switched_off or SwitchedOff()
        self._conversation = conversation
        self._explainer = explainer
        self._talk = talk or TalkSoFar()
        self._conclusion = Conclusion(facts, scripts, warning_limit)
        self._ledger = ledger
        self._standing = standing or Standing()
        self._turn = anyio.Lock()
        self._over_ms: dict[Track, int] = {}
        """Where the last sentence of each track ended."""
        self._shown_partial = ""
        """The utterance of which a partial text stands on the screens."""
        self._settled = anyio.Event()
        self._left = False

    @property
    def level(self) -> int:
        return self._standing.level

    async def hear(self, heard: Heard, judged_ms: Mapping[Track, int]) -> None:
        """Store an utterance and what follows from it."""
        async with self._turn:
            over = self._end_sentence(heard.track, heard.segment.end_ms)
            await self._judge(heard, judged_ms, over)

    async def foresee(self, partial: Heard) -> None:
        """Show the words of a sentence that is not over, and at once what is safe to say of it.

        Does nothing once the sentence is over. Most partials leave no trace in the tables.
        """
        utterance = self._utterance(partial)
        async with self._turn:
            if utterance.start_ms < self._over_ms.get(partial.track, 0):
                return
            self._shown_partial = utterance.utterance_id
            await self._announce(utterance.utterance_id, partial)
            if partial.transcript.doubts:
                return
            assessment = self._assess(utterance)
            decision = self._conversation.foresee(utterance, assessment)
            if decision is None:
                return
            (line,) = decision.alerts
            early = Early(line.key, line.level, utterance.start_ms, utterance.end_ms, partial)
            before = self._standing.early
            if before is not None and line.level <= before.level:
                # Nothing new to show; but more of the words are known, should the rest be lost.
                if line.key == before.key:
                    self._standing = replace(self._standing, early=early)
                return
            explained = self._explainer.explained(
                decision, self._talk, utterance, assessment, early=True
            )

            async def change(entry: Entry) -> Standing:
                return await self._conclusion.early(
                    entry, self._standing, decision, early, explained
                )

            await self._write(change)

    async def hear_nothing(self, nothing: Heard) -> None:
        """Take back what was shown of a sentence that turned out to hold no words."""
        segment = nothing.segment
        name = utterance_id(self._facts.call_id, nothing.track, segment.start_ms)
        async with self._turn:
            if self._shown_partial == name:
                await self._announce(name, nothing)
            over = self._end_sentence(nothing.track, segment.end_ms)
            if over is not None:
                await self._pass_time(segment.end_ms, {}, over)

    async def lose(self, lost: Lost, judged_ms: Mapping[Track, int]) -> None:
        """Make a loss visible: the screens show a gap, and the record keeps it.

        Where an alert rests on the beginning of the lost sentence, that beginning was clearly
        heard: it is kept as an utterance cut short, and only the rest is the gap.
        """
        async with self._turn:
            over = self._end_sentence(lost.track, lost.end_ms)
            part = over.heard if over is not None else None
            if part is not None and part.segment.end_ms < lost.end_ms:
                rest = replace(lost, start_ms=part.segment.end_ms)
                await self._judge(_cut_short(part), judged_ms, over, rest)
            else:
                await self._pass_time(lost.end_ms, judged_ms, over, lost)

    async def tell_missing(self, lost: Lost) -> None:
        """Make sound visible that never came. Unlike a lost segment it is no speech known to have been cut."""
        async with self._turn:

            async def change(entry: Entry) -> Standing:
                records.tell_gap(entry, self._facts, lost)
                return self._standing

            await self._write(change)

    async def tick(self, at_ms: int, judged_ms: Mapping[Track, int]) -> None:
        """Let the conversation notice that time has passed, and remember how far we are."""
        async with self._turn:
            early = self._standing.early
            # Heard again after a crash, its sentence may turn out to be no speech at all.
            over = early if early and early.end_ms <= judged_ms.get(Track.CALLER, 0) else None
            await self._pass_time(at_ms, judged_ms, over)

    async def dismiss(self, alert_key: str, mark: Callable[[Entry], Awaitable[None]]) -> None:
        """Close an alert that a person called false, and let the level follow. What cannot be stored was not said.

        *mark* stores what the person did, in the same transaction and the same place
        among the words: heard again after a crash, the call comes out the same. So an alert
        that rests on half a sentence is closed when the sentence is over, some seconds later.
        """
        alert_id = self._standing.alert_ids.get(alert_key)
        while not self._left and (early := self._standing.early) and early.key == alert_key:
            await self._settled.wait()
        async with self._turn:
            # The whole sentence may have given the line another key, or taken it back.
            keys = (key for key, known in self._standing.alert_ids.items() if known == alert_id)
            before = copy(self._conversation)
            decision = self._conversation.dismiss(next(keys, ""))
            try:
                await self._conclude(decision, mark)
            except BaseException:
                self._conversation = before
                raise

    async def press(self, pressed: Pressed, mark: Callable[[Entry, bool], Awaitable[None]]) -> None:
        """Take in that a person says a sentence was spoken, and let the ladder follow.

        *mark* stores what the person did in the same transaction, and learns whether it
        counted as one more warning. What cannot be stored has not been pressed.
        """
        async with self._turn:
            before = copy(self._conversation)
            decision = self._conversation.press(pressed, self._assess(said_by_press(pressed)))
            counted = decision.warnings_spoken > self._standing.warnings_spoken
            try:
                await self._conclude(decision, partial(_marked, mark, counted))
            except BaseException:
                self._conversation = before
                raise

    def progress(self) -> tuple[Progress, int | None]:
        """Say how far the call has come, and since when it is at its step."""
        return self._conversation.progress(), self._standing.step_since_ms

    async def hear_again(
        self,
        mark: Callable[[Entry], Awaitable[None]],
        read: Callable[[], Awaitable[Recovered]],
    ) -> None:
        """Store *mark* (a dismissal was taken back), then go on with what *read* returns.

        Words that arrive meanwhile wait, so that the conversation that is read misses none. The
        alerts become those that stand in it now: without the dismissal other lines may have been
        opened since, and the one that comes back may long have lapsed.
        """
        async with self._turn:
            await self._ledger.write(mark)
            at_ms = self._conversation.progress().at_ms
            recovered = await read()
            self._conversation, self._talk = recovered.conversation, recovered.talk
            if recovered.decision is not None:
                decision = self._conversation.tick(at_ms)
                await self._conclude(decision, _nothing, self._conversation.lines)

    def leave(self) -> None:
        """No more words will come: let go of whoever waits for the end of a sentence."""
        self._left = True
        self._settled.set()

    async def _judge(
        self,
        heard: Heard,
        judged_ms: Mapping[Track, int],
        over: Early | None,
        rest: Lost | None = None,
    ) -> None:
        utterance = self._utterance(heard)
        assessment = self._assess(utterance)
        decision = self._conversation.hear(utterance, assessment)
        if rest is not None:
            decision = _to_be_checked(decision, utterance.utterance_id)
        self._talk = self._talk.after(utterance, assessment)
        explained = self._explainer.explained(
            decision, self._talk, utterance, assessment, cut_short=rest is not None
        )

        async def change(entry: Entry) -> Standing:
            await records.add_utterance(entry, self._facts, utterance.utterance_id, heard)
            records.add_findings(entry, self._facts, explained)
            records.add_decision(entry, self._facts, utterance, assessment, decision)
            if rest is not None:
                records.tell_gap(entry, self._facts, rest)
            return await self._conclusion.whole(
                entry,
                self._standing,
                decision,
                judged_ms,
                over=over,
                utterance_id=utterance.utterance_id,
                explained=explained,
            )

        await self._write(change)

    def _assess(self, utterance: Utterance) -> Assessment:
        return self._switched_off.without(self._detector.assess(utterance))

    async def _pass_time(
        self,
        at_ms: int,
        judged_ms: Mapping[Track, int],
        over: Early | None,
        lost: Lost | None = None,
    ) -> None:
        decision = self._conversation.tick(at_ms)
        explained = self._explainer.explained(decision, self._talk)

        async def change(entry: Entry) -> Standing:
            if lost is not None:
                records.tell_gap(entry, self._facts, lost)
            # Time itself was found too long: it rests on the last words heard.
            records.add_findings(entry, self._facts, explained)
            return await self._conclusion.whole(
                entry, self._standing, decision, judged_ms, over=over, explained=explained
            )

        await self._write(change)

    async def _conclude(
        self,
        decision: Decision,
        mark: Callable[[Entry], Awaitable[None]],
        lines: Sequence[Alert] | None = None,
    ) -> None:
        async def change(entry: Entry) -> Standing:
            await mark(entry)
            return await self._conclusion.whole(entry, self._standing, decision, {}, lines=lines)

        await self._write(change)

    async def _write(self, change: Callable[[Entry], Awaitable[Standing]]) -> None:
        self._standing = await self._ledger.write(change)
        if self._standing.early is None:
            settled, self._settled = self._settled, anyio.Event()
            settled.set()

    async def _announce(self, name: str, partial: Heard) -> None:
        await self._ledger.announce(
            EventType.TRANSCRIPT_PARTIAL,
            self._facts.call_id,
            self._facts.audience,
            records.words_of(name, partial),
        )

    def _end_sentence(self, track: Track, end_ms: int) -> Early | None:
        """Note that a sentence is over, and return the alert that rested on its beginning."""
        self._over_ms[track] = max(end_ms, self._over_ms.get(track, 0))
        if track is not Track.CALLER:
            return None
        self._shown_partial = ""
        early = self._standing.early
        # After a crash it may begin some windows beside where it was first heard to begin.
        return early if early is not None and early.start_ms < end_ms else None

    def _utterance(self, heard: Heard) -> Utterance:
        segment = heard.segment
        return Utterance(
            utterance_id=utterance_id(self._facts.call_id, heard.track, segment.start_ms),
            speaker=Speaker(heard.track.value),
            text=heard.transcript.text,
            start_ms=segment.start_ms,
            end_ms=segment.end_ms,
            confidence=heard.transcript.confidence,
            hypotheses=heard.transcript.hypotheses,
        )


async def _marked(
    mark: Callable[[Entry, bool], Awaitable[None]],
    counted: bool,  # noqa: FBT001 - bound by place
    entry: Entry,
) -> None:
    await mark(entry, counted)


async def _nothing(_entry: Entry) -> None:
    """Nobody did anything that is to be stored with it."""


def _cut_short(part: Heard) -> Heard:
    return replace(part, transcript=replace(part.transcript, doubts=(Doubt.TRUNCATED,)))


def _to_be_checked(decision: Decision, utterance_id: str) -> Decision:
    alerts = (
        replace(alert, needs_check=True) if alert.utterance_id == utterance_id else alert
        for alert in decision.alerts
    )
    return replace(decision, alerts=tuple(alerts))
