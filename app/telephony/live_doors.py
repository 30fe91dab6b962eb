"""Glue: the calls that telephone doors bring to this process, and the way to each of them.

Sockets find here the call that they share, clicks find the way back into it, and whatever knows more than the
stream itself (an exchange's dialplan, a webhook) tells here that a call was answered, held or handed on.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import anyio
import structlog
from anyio.abc import TaskGroup
from starlette.requests import HTTPConnection

from app.calls.protocol import Refusal, StreamRefused
from app.calls.registry import Attached, CallRegistry
from app.calls.repository import call_by_id
from app.db import Database
from app.ports import Clock
from app.services import services_of
from app.telephony.audiohook_signature import NonceCache
from app.telephony.carrying import CarriedCall, StateStep
from app.telephony.door_access import Admitted
from app.telephony.early_answers import EarlyAnswers
from app.telephony.messages import Answered, CallBegan
from app.telephony.one_time_tokens import OneTimeTokens
from app.telephony.part import Part
from app.telephony.placing import PlacingRules
from app.telephony.ports import CallAudio
from app.telephony.settings import TelephonySettings

log = structlog.get_logger()


class LiveDoors:
    def __init__(
        self,
        settings: TelephonySettings,
        *,
        registry: CallRegistry,
        database: Database,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._rules = PlacingRules(
            settings.sections_by_number, settings.operators_by_extension, settings.outbound_from
        )
        self._registry = registry
        self._database = database
        self._clock = clock
        self._calls: dict[str, CarriedCall] = {}
        self._audio: dict[str, tuple[Part, CallAudio]] = {}
        """By the exchange's name of the call."""
        self._tasks: TaskGroup | None = None
        self._early_answers = EarlyAnswers()
        self.one_time_tokens = OneTimeTokens(lambda: secrets.token_urlsafe(24))
        """Given to calls whose webhook was signed, asked of their streams."""
        self.admitting = anyio.Lock()
        """Held while a door's own token is looked for and made."""
        self.nonces = NonceCache()
        """Of signed sessions, against replay."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let legs that were handed on be judged to their end beside the sockets."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                self._tasks = None

    async def join(self, began: CallBegan, admitted: Admitted, door: str) -> Part:
        """Begin the call, or let another socket bring its tracks.

        Raises:
            StreamRefused: with the documented reason; nothing was changed.
        """
        self._forget_ended()
        call = self._calls.get(began.call_id)
        if call is None:
            answered = self._early_answers.take(began.call_id, self._clock.monotonic_ms())
            call = self._calls[began.call_id] = CarriedCall(
                began,
                rules=self._rules,
                registry=self._registry,
                clock=self._clock,
                admitted=admitted,
                waits=not answered
                and (not began.answered or door in self._settings.wait_for_answer),
                missing_ms=self._missing_ms,
                finish_soon=self._finish_soon,
            )
        elif call.admitted.token_id != admitted.token_id:
            raise StreamRefused(Refusal.NOT_ALLOWED, "この call_id の通話は別の接続元のものです。")
        return await call.join(began)

    async def tell(self, call_id: str, step: StateStep) -> bool:
        """Tell a live call what its exchange says of it; False where there is none such.

        Raises:
            StreamRefused: it was answered and cannot be taken.
        """
        call = self._live(call_id)
        if call is None:
            return False
        await call.tell(step)
        return True

    async def answer(self, call_id: str) -> bool:
        """Tell a call that the office has picked up; False where its stream is still to come."""
        if await self.tell(call_id, Answered()):
            return True
        self._early_answers.note(call_id, self._clock.monotonic_ms())
        return False

    def is_live(self, call_id: str) -> bool:
        return self._live(call_id) is not None

    def may_tell(self, call_id: str, admitted: Admitted) -> bool:
        """Say whether there is such a call, and whether it is for *admitted* to tell of it.

        Of a call under a door's own token, which nobody holds, any exchange of the whole office may tell.
        """
        call = self._live(call_id)
        if call is None:
            return False
        own = call.admitted.token_id == admitted.token_id
        return own or (call.admitted.by_door and not admitted.section)

    def audio_of(self, call_id: str) -> CallAudio | None:
        """Return the way for sound back into a live call; *call_id* is that of the records."""
        for name, call in self._calls.items():
            if call.call_id == call_id:
                found = self._audio.get(name)
                return found[1] if found is not None else None
        return None

    def offer_audio(self, part: Part, audio: CallAudio) -> None:
        """A socket can play into its call."""
        name = part.call.began.call_id
        offered = self._audio.get(name)
        if offered is None or offered[0].replaced:
            self._audio[name] = part, audio

    def withdraw_audio(self, part: Part, audio: CallAudio) -> None:
        name = part.call.began.call_id
        if self._audio.get(name) == (part, audio):
            del self._audio[name]

    def _live(self, call_id: str) -> CarriedCall | None:
        call = self._calls.get(call_id)
        if call is not None and not call.over:
            return call
        also = (one for one in self._calls.values() if one.began.also_called == call_id)
        return next((one for one in also if not one.over), None)

    def _forget_ended(self) -> None:
        for name in [name for name, call in self._calls.items() if call.over]:
            del self._calls[name]

    async def _missing_ms(self, call_id: str, position_ms: int) -> int:
        async with self._database.transaction() as session:
            call = await call_by_id(session, call_id)
        if call is None:
            return 0
        elapsed = self._clock.now() - call.started_at
        return max(0, elapsed // timedelta(milliseconds=1) - position_ms)

    async def _finish_soon(self, attached: Attached, reason: str) -> None:
        stop = partial(self._finish, attached, reason)
        if self._tasks is None:
            await stop()
        else:
            self._tasks.start_soon(stop)

    async def _finish(self, attached: Attached, reason: str) -> None:
        try:
            await self._registry.stop(attached, reason)
        except Exception:
            log.exception("a leg was not ended", call_id=attached.call.facts.call_id)
        self._registry.detach(attached)


def doors_of(connection: HTTPConnection) -> LiveDoors:
    """Return the telephone doors of the application that serves *connection*."""
    return services_of(connection).doors
