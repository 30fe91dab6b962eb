"""Glue: what a decision changes about its call: rows through the entry, events to the screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.calls import records
from app.calls.alert_rows import put_alerts, put_early, put_lines, settle_early
from app.calls.explaining import Explained
from app.calls.facts import CallFacts
from app.calls.protocol import Track
from app.calls.repository import advance_tracks
from app.calls.standing import Early, Standing
from app.events import EventType
from app.feedback.alert_rules import note_rules
from app.ledger import Entry
from app.progress.wording import demand_fields
from app.responses.scripts import NO_SUGGESTION, ScriptSource, Suggestion, shown_key
from detection.types import Alert, Decision

STALEMATE_TICK_MS: Final = 30_000
"""How often a screen is told that the talk still does not move."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Writes and tells for one call. Keeps nothing: the standing goes in and comes out."""

    facts: CallFacts
    scripts: ScriptSource
    warning_limit: int | None

    async def whole(
        self,
        entry: Entry,
        before: Standing,
        decision: Decision,
        judged_ms: Mapping[Track, int],
        *,
        over: Early | None = None,
        utterance_id: str = "",
        explained: Sequence[Explained] = (),
        lines: Sequence[Alert] | None = None,
    ) -> Standing:
        """Conclude from what was heard whole, the sentence of *over* among it; return the new standing.

        *lines* are all that stand, where the conversation is not the one that told those stored.
        """
        facts = self.facts
        await advance_tracks(entry.session, facts.call_id, _by_name(judged_ms))
        alert_ids: Mapping[str, str] = before.alert_ids
        kept = before.early
        if over is not None:
            alert_ids = await settle_early(
                entry, facts, alert_ids, over, decision.alerts, utterance_id
            )
        if over is not None or (kept and any(a.key == kept.key for a in decision.alerts)):
            kept = None
        alert_ids = await put_alerts(entry, facts, alert_ids, decision.alerts, explained)
        if lines is not None:
            alert_ids = await put_lines(entry, facts, alert_ids, lines)
        await note_rules(entry, alert_ids, decision, early=False)
        settled = replace(before, early=kept)
        script = await self.scripts.suggestion(entry.session, facts.call_id, decision)
        shown = _shown(script)
        if settled.outweighs(decision):
            shown = before.script_shown
        after = settled.after(decision, alert_ids, shown, STALEMATE_TICK_MS)
        self._tell(entry, before, after, script)
        records.tell_warnings(entry, facts, decision, before, self.warning_limit)
        if after.stalemate_told_ms != before.stalemate_told_ms:
            kind = (
                EventType.STALEMATE_TICK
                if before.stalemate_told_ms
                else EventType.STALEMATE_STARTED
            )
            data = {
                "stalemate_ms": decision.stalemate_ms,
                "demand": demand_fields(decision.demand),
            }
            entry.tell(kind, facts.call_id, facts.audience, data)
        if after != before or judged_ms:
            await records.update_call(entry, facts, decision, after)
        return after

    async def early(
        self,
        entry: Entry,
        before: Standing,
        decision: Decision,
        early: Early,
        explained: Sequence[Explained] = (),
    ) -> Standing:
        """Show what half a sentence foretells; what is counted waits for the whole of it."""
        (line,) = decision.alerts
        alert_ids = await put_early(
            entry, self.facts, before.alert_ids, line, before.early, explained
        )
        await note_rules(entry, alert_ids, decision, early=True)
        script = await self.scripts.suggestion(entry.session, self.facts.call_id, decision)
        after = before.ahead(decision, alert_ids, _shown(script), early)
        self._tell(entry, before, after, script)
        await records.update_call(entry, self.facts, decision, after)
        return after

    def _tell(
        self, entry: Entry, before: Standing, after: Standing, script: Suggestion | None
    ) -> None:
        if after.told != before.told:
            records.tell_level(entry, self.facts, after)
        if after.script_shown != before.script_shown:
            records.tell_script(entry, self.facts, script)


def _shown(script: Suggestion | None) -> str:
    return shown_key(script.fields() if script is not None else NO_SUGGESTION)


def _by_name(judged_ms: Mapping[Track, int]) -> dict[str, int]:
    return {track.value: at_ms for track, at_ms in judged_ms.items()}
