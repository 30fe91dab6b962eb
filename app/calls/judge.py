"""Glue: one call's words to one decision to one transaction to the screens.

Everything that changes the standing of a call goes through here, one at a time, so the
conversation in memory and the tables say the same. After a crash the conversation is
heard again from the tables (``app.calls.recovery``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import anyio

from app.calls import records
from app.calls.facts import CallFacts, Heard, Lost, utterance_id
from app.calls.protocol import Track
from app.calls.recovery import Recovered
from app.calls.repository import advance_tracks
from app.calls.standing import Standing
from app.events import EventType
from app.ledger import Entry, Ledger
from app.responses.scripts import Scripts, suggest
from detection.ports import Conversation, Detector
from detection.types import Decision, Speaker, Utterance

STALEMATE_TICK_MS = 30_000
"""How often a screen is told that the talk still does not move."""


class CallJudge:
    """Judges one call in order. What it returns has been stored and published."""

    def __init__(
        self,
        facts: CallFacts,
        *,
        detector: Detector,
        conversation: Conversation,
        scripts: Scripts,
        ledger: Ledger,
        warning_limit: int | None = None,
        standing: Standing | None = None,
    ) -> None:
        self._facts = facts
        self._detector = detector
        self._conversation = conversation
        self._scripts = scripts
        self._ledger = ledger
        self._warning_limit = warning_limit
        self._standing = standing or Standing()
        self._turn = anyio.Lock()

    @property
    def level(self) -> int:
        return self._standing.level

    async def hear(self, heard: Heard, judged_ms: Mapping[Track, int]) -> None:
        """Store an utterance and what follows from it."""
        utterance = self._utterance(heard)
        async with self._turn:
            assessment = self._detector.assess(utterance)
            decision = self._conversation.hear(utterance, assessment)

            async def change(entry: Entry) -> Standing:
                await records.add_utterance(entry, self._facts, utterance.utterance_id, heard)
                records.add_findings(entry, self._facts, utterance.utterance_id, decision)
                records.add_decision(entry, self._facts, utterance, assessment, decision)
                return await self._conclude(entry, decision, judged_ms)

            self._standing = await self._ledger.write(change)

    async def lose(self, lost: Lost, judged_ms: Mapping[Track, int]) -> None:
        """Make a loss visible: the screens show a gap, and the record keeps it."""

        async def change(entry: Entry) -> None:
            records.tell_gap(entry, self._facts, lost)
            await advance_tracks(entry.session, self._facts.call_id, _by_name(judged_ms))

        async with self._turn:
            await self._ledger.write(change)

    async def tick(self, at_ms: int, judged_ms: Mapping[Track, int]) -> None:
        """Let the conversation notice that time has passed, and remember how far we are."""
        async with self._turn:
            decision = self._conversation.tick(at_ms)

            async def change(entry: Entry) -> Standing:
                if decision.findings and decision.alerts:
                    # Time itself was found too long: it rests on the last words heard.
                    last_words = decision.alerts[0].utterance_id
                    records.add_findings(entry, self._facts, last_words, decision)
                return await self._conclude(entry, decision, judged_ms)

            self._standing = await self._ledger.write(change)

    async def dismiss(self, alert_key: str, mark: Callable[[Entry], Awaitable[None]]) -> None:
        """Close an alert that a person called false, and let the level follow.

        *mark* stores what the person did, in the same transaction and the same place
        among the words: heard again after a crash, the call comes out the same.
        """
        async with self._turn:
            decision = self._conversation.dismiss(alert_key)

            async def change(entry: Entry) -> Standing:
                await mark(entry)
                return await self._conclude(entry, decision, {})

            self._standing = await self._ledger.write(change)

    async def hear_again(
        self,
        mark: Callable[[Entry], Awaitable[None]],
        read: Callable[[], Awaitable[Recovered]],
    ) -> None:
        """Store *mark* (a dismissal was taken back), then go on with what *read* returns.

        Words that arrive meanwhile wait, so that the conversation that is read misses none.
        """
        async with self._turn:
            await self._ledger.write(mark)
            recovered = await read()
            self._conversation = recovered.conversation
            decision = recovered.decision
            if decision is None:
                return

            async def change(entry: Entry) -> Standing:
                return await self._conclude(entry, decision, {})

            self._standing = await self._ledger.write(change)

    async def _conclude(
        self, entry: Entry, decision: Decision, judged_ms: Mapping[Track, int]
    ) -> Standing:
        """Write what *decision* changes about the call and tell it; return the new standing."""
        facts, before = self._facts, self._standing
        await advance_tracks(entry.session, facts.call_id, _by_name(judged_ms))
        alert_ids = await records.put_alerts(entry, facts, before.alert_ids, decision)
        script = suggest(decision, self._scripts)
        after = before.after(decision, alert_ids, script.id if script else "", STALEMATE_TICK_MS)
        if (after.level, after.outcome) != (before.level, before.outcome):
            entry.tell(
                EventType.LEVEL_CHANGED,
                facts.call_id,
                facts.audience,
                {"level": after.level, "outcome": after.outcome.value},
            )
        if after.warnings_spoken > before.warnings_spoken:
            records.tell_warning(entry, facts, decision, self._warning_limit)
        if after.script_id != before.script_id:
            records.tell_script(entry, facts, script)
        if after.stalemate_told_ms != before.stalemate_told_ms:
            kind = (
                EventType.STALEMATE_TICK
                if before.stalemate_told_ms
                else EventType.STALEMATE_STARTED
            )
            entry.tell(kind, facts.call_id, facts.audience, {"stalemate_ms": decision.stalemate_ms})
        if after != before or judged_ms:
            await records.update_call(entry, facts, decision, after)
        return after

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


def _by_name(judged_ms: Mapping[Track, int]) -> dict[str, int]:
    return {track.value: at_ms for track, at_ms in judged_ms.items()}
