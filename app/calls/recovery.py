"""Glue: hears a call again from the tables, so that its conversation goes on after a crash.

The words are stored, the judgement is a fold over them: the same rules give the same
standing, those left out that were switched off when the call began. Dismissals by people
are part of the story and are told in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import anyio.lowlevel
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.protocol import Track
from app.calls.repository import (
    actions_of,
    alerts_of,
    call_by_id,
    events_of_call,
    tracks_of,
    utterances_as_judged,
)
from app.calls.standing import Early, Standing
from app.events import EventType
from app.feedback.repository import switched_off_at
from app.feedback.reviews import SwitchedOff
from app.models import AlertRow, StaffAction, UtteranceRow
from app.responses.scripts import shown_key
from detection.ports import Conversation, Detector
from detection.talk_so_far import TalkSoFar
from detection.types import Decision, Outcome, Severity, Speaker, Utterance


@dataclass(frozen=True, slots=True)
class Recovered:
    """A call as it stood when its last words were stored."""

    conversation: Conversation
    decision: Decision | None
    """The last one; None when nothing was said yet."""
    standing: Standing
    judged_ms: dict[Track, int]
    switched_off: SwitchedOff
    talk: TalkSoFar


async def recover(
    session: AsyncSession,
    call_id: str,
    *,
    detector: Detector,
    new_conversation: Callable[[], Conversation],
) -> Recovered:
    call = await call_by_id(session, call_id)
    if call is None:
        raise LookupError(call_id)
    switched_off = await switched_off_at(session, call.started_at)
    utterances = await utterances_as_judged(session, call_id)
    dismissals = standing_dismissals(await actions_of(session, call_id))
    conversation, talk = new_conversation(), TalkSoFar()
    decision: Decision | None = None
    for row in utterances:
        while dismissals and dismissals[0].at < row.heard_at:
            decision = conversation.dismiss(dismissals.pop(0).detail["key"])
        utterance = _utterance(row)
        # An hour of talk is some 600 sentences: other calls are heard in between.
        await anyio.lowlevel.checkpoint()
        assessment = switched_off.without(detector.assess(utterance))
        decision = conversation.hear(utterance, assessment)
        talk = talk.after(utterance, assessment)
    for dismissal in dismissals:
        decision = conversation.dismiss(dismissal.detail["key"])
    scripts = await events_of_call(session, call_id, EventType.SCRIPT_SUGGESTED)
    alerts = await alerts_of(session, call_id)
    standing = Standing(
        level=Severity(call.level),
        top_level=Severity(call.top_level),
        outcome=Outcome(call.outcome),
        content=Severity(call.content),
        manner=Severity(call.manner),
        warnings_spoken=call.warnings_spoken,
        script_shown=shown_key(scripts[-1].data) if scripts else "",
        stalemate_told_ms=decision.stalemate_ms if decision else 0,
        alert_ids=MappingProxyType({alert.key: alert.id for alert in alerts}),
        early=_early(alerts),
    )
    judged_ms = {Track(name): at_ms for name, at_ms in (await tracks_of(session, call_id)).items()}
    return Recovered(conversation, decision, standing, judged_ms, switched_off, talk)


def standing_dismissals(actions: Sequence[StaffAction]) -> list[StaffAction]:
    """Return the dismissals that nobody has taken back, in order."""
    standing: dict[str, StaffAction] = {}
    for action in actions:
        if action.kind == "false_alarm":
            standing[action.detail["key"]] = action
        elif action.kind == "false_alarm_undone":
            standing.pop(action.detail["key"], None)
    return sorted(standing.values(), key=lambda action: action.id)


def _early(alerts: Sequence[AlertRow]) -> Early | None:
    """Return the alert whose sentence was still being spoken; it is heard again from its beginning."""
    return next(
        (
            Early(alert.key, Severity(alert.level), alert.start_ms, alert.end_ms)
            for alert in alerts
            if alert.unconfirmed is not None and alert.closed_at is None
        ),
        None,
    )


def _utterance(row: UtteranceRow) -> Utterance:
    return Utterance(
        utterance_id=row.id,
        speaker=Speaker(row.track),
        text=row.text,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        confidence=row.confidence,
        hypotheses=tuple(row.hypotheses),
    )
