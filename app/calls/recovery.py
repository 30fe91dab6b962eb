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
    steps_of,
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
from detection.types import Decision, Outcome, Pressed, Severity, Speaker, Step, Utterance


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
    deeds = standing_deeds(await actions_of(session, call_id))
    conversation, talk = new_conversation(), TalkSoFar()
    decision: Decision | None = None
    for row in utterances:
        while deeds and deeds[0].at < row.heard_at:
            decision = _done(conversation, detector, deeds.pop(0))
        utterance = _utterance(row)
        # An hour of talk is some 600 sentences: other calls are heard in between.
        await anyio.lowlevel.checkpoint()
        assessment = switched_off.without(detector.assess(utterance))
        decision = conversation.hear(utterance, assessment)
        talk = talk.after(utterance, assessment)
    for deed in deeds:
        decision = _done(conversation, detector, deed)
    scripts = await events_of_call(session, call_id, EventType.SCRIPT_SUGGESTED)
    alerts = await alerts_of(session, call_id)
    standing = Standing(
        level=Severity(call.level),
        top_level=Severity(call.top_level),
        outcome=Outcome(call.outcome),
        content=Severity(call.content),
        manner=Severity(call.manner),
        warnings_spoken=call.warnings_spoken,
        warnings=decision.warnings if decision else (),
        step=decision.step if decision else Step.LISTEN,
        step_since_ms=await _step_since_ms(session, call_id, decision),
        script_shown=shown_key(scripts[-1].data) if scripts else "",
        stalemate_told_ms=decision.stalemate_ms if decision else 0,
        demand_stated=decision.demand.stated if decision and decision.demand else 0,
        alert_ids=MappingProxyType({alert.key: alert.id for alert in alerts}),
        early=_early(alerts),
    )
    judged_ms = {Track(name): at_ms for name, at_ms in (await tracks_of(session, call_id)).items()}
    return Recovered(conversation, decision, standing, judged_ms, switched_off, talk)


def standing_deeds(actions: Sequence[StaffAction]) -> list[StaffAction]:
    """Return what people did that moves the call, in order: dismissals nobody took back, and 「言った」."""
    dismissed: dict[str, StaffAction] = {}
    pressed: list[StaffAction] = []
    for action in actions:
        if action.kind == "false_alarm":
            dismissed[action.detail["key"]] = action
        elif action.kind == "false_alarm_undone":
            dismissed.pop(action.detail["key"], None)
        elif pressed_by(action) is not None:
            pressed.append(action)
    return sorted((*dismissed.values(), *pressed), key=lambda action: action.id)


def pressed_by(action: StaffAction) -> Pressed | None:
    """Return what *action* says was spoken; None where it is no 「言った」, or one of before these counted."""
    detail = action.detail
    if action.kind != "script_used" or "at_ms" not in detail:
        return None
    return Pressed(detail["at_ms"], detail["text"], Step(detail["step"]), action.by_login)


def said_by_press(pressed: Pressed) -> Utterance:
    """Return the sentence as if the operator had been heard, so that it is assessed as such."""
    return Utterance("", Speaker.OPERATOR, pressed.words, pressed.at_ms, pressed.at_ms)


def _done(conversation: Conversation, detector: Detector, deed: StaffAction) -> Decision:
    pressed = pressed_by(deed)
    if pressed is None:
        return conversation.dismiss(deed.detail["key"])
    return conversation.press(pressed, detector.assess(said_by_press(pressed)))


async def _step_since_ms(
    session: AsyncSession, call_id: str, decision: Decision | None
) -> int | None:
    """Return when the call came to the step of *decision*, the last one."""
    since_ms: int | None = None
    if decision is None:
        return None
    for step, at_ms in await steps_of(session, call_id):
        if step != decision.step.value:
            return decision.at_ms if since_ms is None else since_ms
        since_ms = at_ms
    return None if decision.step is Step.LISTEN else since_ms


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
