"""Glue: hears a call again from the tables, so that its conversation goes on after a crash.

The words are stored, the judgement is a fold over them: the same rules give the same
standing, those left out that were switched off when the call began. Dismissals by people
are part of the story and are told in their place, and the clock ticks in between as it did:
a limit that was passed before a warning must not be found after it, as if the caller had gone on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

import anyio
import anyio.lowlevel
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.facts import TICK_MS
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
from app.db import Database
from app.events import EventType
from app.feedback.repository import switched_off_at
from app.feedback.reviews import SwitchedOff
from app.models import AlertRow, Call, EventRow, StaffAction, UtteranceRow
from app.responses.scripts import shown_key
from detection.ports import Conversation, Detector
from detection.talk_so_far import TalkSoFar
from detection.types import Decision, Outcome, Pressed, Severity, Speaker, Step, Utterance

L = TypeVar("L")
"""A call that is live."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A call as it stood when its last words were stored."""

    conversation: Conversation
    decision: Decision | None
    """The last one, up to where the call was judged; None when nothing was said yet."""
    standing: Standing
    judged_ms: dict[Track, int]
    switched_off: SwitchedOff
    talk: TalkSoFar


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the tables say of one call."""

    call: Call
    switched_off: SwitchedOff
    utterances: Sequence[UtteranceRow]
    actions: Sequence[StaffAction]
    scripts: Sequence[EventRow]
    alerts: Sequence[AlertRow]
    judged_ms: Mapping[str, int]


async def recover(
    database: Database,
    call_id: str,
    *,
    detector: Detector,
    new_conversation: Callable[[], Conversation],
) -> Recovered:
    """Return the call as its stored words leave it.

    No connection is held while these are judged: an hour of talk takes seconds, and after a
    restart all calls and their screens ask at once.

    Raises:
        LookupError: there is no such call.
    """
    async with database.transaction() as session:
        stored = await _stored(session, call_id)
    call, alerts, switched_off = stored.call, stored.alerts, stored.switched_off
    deeds = standing_deeds(stored.actions)
    replay, talk = _Replay(new_conversation(), detector), TalkSoFar()
    for place, row in enumerate(stored.utterances):
        while deeds and _came_before(deeds[0], row, place):
            await replay.do(deeds.pop(0))
        utterance = _utterance(row)
        assessment = switched_off.without(detector.assess(utterance))
        await replay.let_pass(utterance.end_ms)
        replay.note(replay.conversation.hear(utterance, assessment))
        talk = talk.after(utterance, assessment)
    for deed in deeds:
        await replay.do(deed)
    if replay.decision is not None:
        await replay.let_pass(call.duration_ms)
    conversation, decision = replay.conversation, replay.decision
    standing = Standing(
        level=Severity(call.level),
        top_level=Severity(call.top_level),
        outcome=Outcome(call.outcome),
        content=Severity(call.content),
        manner=Severity(call.manner),
        warnings_spoken=call.warnings_spoken,
        warnings=decision.warnings if decision else (),
        step=decision.step if decision else Step.LISTEN,
        step_since_ms=replay.step_since_ms,
        script_shown=shown_key(stored.scripts[-1].data) if stored.scripts else "",
        stalemate_told_ms=decision.stalemate_ms if decision else 0,
        demand_stated=decision.demand.stated if decision and decision.demand else 0,
        alert_ids=MappingProxyType({alert.key: alert.id for alert in alerts}),
        early=_early(alerts),
    )
    judged_ms = {Track(name): at_ms for name, at_ms in stored.judged_ms.items()}
    return Recovered(conversation, decision, standing, judged_ms, switched_off, talk)


class Rehearing:
    """Hears calls again: at a time one that goes on, and beside it one for a screen that asks.

    Each sentence takes some ms in which nobody else is answered. Were all calls and screens
    of an office heard again together after a restart, everybody would wait for all of them at each.
    """

    def __init__(
        self,
        database: Database,
        detector: Detector,
        new_conversation: Callable[[], Conversation],
    ) -> None:
        self._database = database
        self._detector = detector
        self._new_conversation = new_conversation
        self._to_go_on = anyio.Lock()
        self._to_be_shown = anyio.Lock()

    async def to_go_on(self, call_id: str) -> Recovered:
        """Return a call that goes on, or about which somebody did something; raise as ``recover`` does."""
        async with self.in_turn() as heard_again:
            return await heard_again(call_id)

    @asynccontextmanager
    async def in_turn(self) -> AsyncIterator[Callable[[str], Awaitable[Recovered]]]:
        """Give what hears a call that goes on again, once nobody else does.

        For who will hold a live call's words up meanwhile: not for the whole line, only for its own hearing.
        """
        async with self._to_go_on:
            yield self._recovered

    async def to_be_shown(self, call_id: str, live: Callable[[], L | None]) -> Recovered | L:
        """Return a call for a screen, or what *live* gives when its turn has come; raise as ``recover`` does."""
        async with self._to_be_shown:
            found = live()
            return await self._recovered(call_id) if found is None else found

    async def _recovered(self, call_id: str) -> Recovered:
        return await recover(
            self._database,
            call_id,
            detector=self._detector,
            new_conversation=self._new_conversation,
        )


async def _stored(session: AsyncSession, call_id: str) -> _Stored:
    call = await call_by_id(session, call_id)
    if call is None:
        raise LookupError(call_id)
    return _Stored(
        call=call,
        switched_off=await switched_off_at(session, call.started_at),
        utterances=await utterances_as_judged(session, call_id),
        actions=await actions_of(session, call_id),
        scripts=await events_of_call(session, call_id, EventType.SCRIPT_SUGGESTED),
        alerts=await alerts_of(session, call_id),
        judged_ms=await tracks_of(session, call_id),
    )


def standing_deeds(actions: Sequence[StaffAction]) -> list[StaffAction]:
    """Return what people did that moves the call, in order: dismissals nobody took back, and 「言った」."""
    dismissed: dict[str, StaffAction] = {}
    pressed: list[StaffAction] = []
    for action in actions:
        if action.kind == "false_alarm":
            dismissed[action.detail["alert_id"]] = action
        elif action.kind == "false_alarm_undone":
            dismissed.pop(action.detail["alert_id"], None)
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


class _Replay:
    """One call on its way through what is stored of it."""

    def __init__(self, conversation: Conversation, detector: Detector) -> None:
        self.conversation = conversation
        self.decision: Decision | None = None
        self.step_since_ms: int | None = None
        self._detector = detector
        self._ticked_ms = 0

    def note(self, decision: Decision) -> None:
        before = Step.LISTEN if self.decision is None else self.decision.step
        if decision.step is not before:
            self.step_since_ms = decision.at_ms
        self.decision = decision

    async def let_pass(self, until_ms: int) -> None:
        """Let the clock tick, as often as it does in a live call."""
        # An hour of talk is some 600 sentences: other calls are heard in between.
        await anyio.lowlevel.checkpoint()
        while self._ticked_ms + TICK_MS <= until_ms:
            self._ticked_ms += TICK_MS
            self.note(self.conversation.tick(self._ticked_ms))
            await anyio.lowlevel.checkpoint()

    async def do(self, deed: StaffAction) -> None:
        await self.let_pass(deed.detail.get("at_ms", 0))
        pressed = pressed_by(deed)
        if pressed is None:
            self.note(self.conversation.dismiss(deed.detail["key"]))
            return
        assessment = self._detector.assess(said_by_press(pressed))
        self.note(self.conversation.press(pressed, assessment))


def _came_before(deed: StaffAction, row: UtteranceRow, place: int) -> bool:
    """Say whether *deed* was done before *row*, the utterance number *place*, was judged."""
    # By count where it is known: the time of day may be set back in the middle of a call.
    heard: int | None = deed.detail.get("heard")
    return deed.at < row.heard_at if heard is None else heard <= place


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
