"""Glue: ``/v1/events``. What was missed first, then what happens, in one order, nothing twice.

The stream from the bus is opened *before* the tables are read, and numbers decide what
is new: an event is either in the tables when they are read or comes through the bus.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import anyio
from anyio.abc import ObjectReceiveStream
from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect
from sqlalchemy.exc import SQLAlchemyError

from app.auth.access import admits, identify
from app.auth.identity import Identity, Role
from app.auth.visibility import may_see
from app.calls.endpoints import load_seen
from app.calls.protocol import CALL_ID
from app.calls.repository import events_after, last_seq
from app.errors import AppError, BadRequest, NotAllowed, NotFound, NotSignedIn
from app.events import VOLATILE, Event, EventType
from app.health import health_of
from app.ledger import event_of
from app.privacy.events import covered_events
from app.privacy.sight_of_call import reads_covered
from app.services import Services, services_of
from app.trail.looking import Look, looks_of

PAGE_EVENTS: Final = 500
RECHECK_SECONDS: Final = 30
"""How soon a screen of a disabled account or an ended session goes dark."""
SEND_SECONDS: Final = 10
"""A peer that has read nothing for so long is not looking."""
CLOSE_SECONDS: Final = 5
TOO_SLOW: Final = 4408
SEES_CALLS: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR})

router = APIRouter()


@router.websocket("/v1/events", dependencies=[Depends(admits(*SEES_CALLS))])
async def screen_events(websocket: WebSocket) -> None:
    services = services_of(websocket)
    now = services.ledger.last_seq  # before the peer knows that it is connected
    await websocket.accept()
    try:
        identity = _viewer(await identify(websocket))
        after = _after(websocket.query_params.get("after"), now)
        call_id = websocket.query_params.get("call_id")
        if call_id is not None:
            await _refuse_another_sections(services, identity, call_id)
        followed = call_id if call_id is not None and CALL_ID.fullmatch(call_id) else ""
        await looks_of(websocket).note(Look.EVENTS, identity, followed)
        screen = Screen(websocket, services, identity, call_id)
        await screen.show(after, now)
    except AppError as refused:
        await _close(websocket, refused.close_code, refused.code)


@dataclass(frozen=True, slots=True)
class View:
    """What a screen is told of; equal for screens that are told the same."""

    eyes: Identity
    """Only what decides: all supervisors of a section see with the same."""
    call_id: str | None
    """None for every call."""

    def __call__(self, event: Event) -> bool:
        if self.call_id is not None and event.call_id != self.call_id:
            return False
        return may_see(
            self.eyes,
            operator=event.audience.operator,
            section=event.audience.section,
            live=event.type is not EventType.CALL_ENDED,
        )


class Screen:
    """One socket to one pair of eyes."""

    def __init__(
        self, websocket: WebSocket, services: Services, identity: Identity, call_id: str | None
    ) -> None:
        self._websocket = websocket
        self._services = services
        self._identity = identity
        self._view = view_of(identity, call_id)
        self._followed = call_id if call_id is None or CALL_ID.fullmatch(call_id) else ""
        """Of the tables is asked only an id that a call can have."""

    async def show(self, after: int, now: int) -> None:
        """Send events until the peer leaves, is no longer allowed, or is too slow."""
        closing: list[tuple[int, str]] = []
        async with anyio.create_task_group() as tasks:

            async def end_with(code: int, reason: str) -> None:
                closing.append((code, reason))
                tasks.cancel_scope.cancel()

            async def notice_departure() -> None:
                while (await self._websocket.receive())["type"] != "websocket.disconnect":
                    pass  # a screen has nothing to say here
                tasks.cancel_scope.cancel()

            async def notice_revocation() -> None:
                while True:
                    await anyio.sleep(RECHECK_SECONDS)
                    if not await self._still_allowed():
                        await end_with(NotSignedIn.close_code, "not_signed_in")

            async def send_all() -> None:
                try:
                    await self._send_all(after, now)
                except (WebSocketDisconnect, RuntimeError):
                    tasks.cancel_scope.cancel()  # the peer left between two messages
                except TimeoutError:
                    await end_with(TOO_SLOW, "too_slow")
                else:
                    await end_with(TOO_SLOW, "too_slow")

            tasks.start_soon(notice_departure)
            tasks.start_soon(notice_revocation)
            tasks.start_soon(send_all)
        if closing:
            await _close(self._websocket, *closing[0])

    async def _still_allowed(self) -> bool:
        try:
            return _same(self._identity, await identify(self._websocket))
        except (SQLAlchemyError, OSError):
            return True  # the tables are away: nobody was signed out by that

    async def _send_all(self, after: int, now: int) -> None:
        """Return when the bus has cut this screen off for falling behind."""
        async with self._services.bus.subscribe(self._view) as happening:
            last = await self._catch_up(after, now)
            await self._send([event for event in self._health(last) if self._view(event)])
            await self._follow(happening, last)

    async def _catch_up(self, after: int, now: int) -> int:
        # A screen that leaves at once must not tear a connection of the database: reads end, then it goes.
        with anyio.CancelScope(shield=True):
            async with self._services.database.transaction() as session:
                last = await last_seq(session)
        if after > last:
            # A number from the future (the tables were restored) would hide what happens from now on.
            after = min(now, last)
        while True:
            with anyio.CancelScope(shield=True):
                async with self._services.database.transaction() as session:
                    rows = await events_after(
                        session, after, PAGE_EVENTS, eyes=self._view.eyes, call_id=self._followed
                    )
            await self._send([event for event in map(event_of, rows) if self._view(event)])
            if rows:
                after = rows[-1].seq
            if len(rows) < PAGE_EVENTS:
                return after

    def _health(self, last: int) -> Sequence[Event]:
        """Return how recognition does, for each live call: it is told at changes only, never stored."""
        services = self._services
        fields, at = health_of(services.transcriber).fields(), services.clock.now()
        return [
            Event(last, EventType.HEALTH, call.facts.call_id, at, fields, call.facts.audience)
            for call in services.registry.live_calls
        ]

    async def _follow(self, happening: ObjectReceiveStream[Event], last: int) -> None:
        async for event in happening:
            if event.type not in VOLATILE:
                if event.seq <= last:
                    continue
                last = event.seq
            await self._send([event])

    async def _send(self, events: Sequence[Event]) -> None:
        if reads_covered(self._services, self._identity):
            with anyio.CancelScope(shield=True):
                events = await covered_events(self._services, self._identity, events)
        for event in events:
            with anyio.fail_after(SEND_SECONDS):
                await self._websocket.send_text(event.written())


def view_of(identity: Identity, call_id: str | None) -> View:
    """Return what *identity* is told of: of one call, or of every call that they may see."""
    is_operator = identity.role is Role.OPERATOR
    eyes = Identity(
        login=identity.login if is_operator else "",
        display_name="",
        role=identity.role,
        section="" if is_operator else identity.section,
    )
    return View(eyes, call_id)


async def _refuse_another_sections(services: Services, identity: Identity, call_id: str) -> None:
    """Refuse a supervisor of another section; a call that nobody knows yet may still begin."""
    with anyio.CancelScope(shield=True), contextlib.suppress(NotFound):
        await load_seen(services, identity, call_id)


def _viewer(identity: Identity | None) -> Identity:
    if identity is None:
        raise NotSignedIn("not_signed_in", "サインインしてください。")
    if identity.role not in SEES_CALLS or identity.must_change_password:
        raise NotAllowed("not_allowed", "この役割では通話を表示できません。")
    return identity


def _same(before: Identity, now: Identity | None) -> bool:
    return now is not None and (now.login, now.role, now.section) == (
        before.login,
        before.role,
        before.section,
    )


def _after(given: str | None, last_seq: int) -> int:
    if given is None:
        return last_seq
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise BadRequest("bad_after", "after には 0 以上の整数を指定してください。")
    return int(given)


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    with anyio.move_on_after(CLOSE_SECONDS):
        try:
            await websocket.close(code, reason)
        except (RuntimeError, WebSocketDisconnect):
            return
