"""Glue: supervisors come to calls and leave them: each change is a record, an event and a row, in one transaction.

Memory follows the tables: a change that could not be written did not happen, and nobody hears a
call unrecorded. Who gives no sign of life is taken to have left.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import anyio
import structlog
from sqlalchemy import select, update

from app.calls.lifecycle import facts_of
from app.calls.turns import Turns
from app.errors import Conflict
from app.events import Audience, EventType
from app.joining.models import JoinRequestRow, JoinRow
from app.joining.presence import BUTTON, Joined, Left, Person, Presence, Way
from app.joining.sound_tap import SoundTaps
from app.ledger import Entry, KeepsRecords
from app.models import Call, StaffAction

log = structlog.get_logger()

SILENCE_SECONDS: Final = 30
"""Without a sign of life for so long somebody has left. Screens give one every 10 s."""
RECHECK_SECONDS: Final = 30
"""How soon who was disabled or signed out hears nothing any more."""
OPEN: Final = "open"
WITHDRAWN: Final = "withdrawn"


class Because(StrEnum):
    """Why somebody left."""

    LEFT = "left"
    CLOSED = "closed"
    SILENT = "silent"
    CALL_ENDED = "call_ended"
    RESTARTED = "restarted"


_LEFT_WORDS: Final = {
    Because.LEFT: "通話から抜けました",
    Because.CLOSED: "画面を閉じ、通話から抜けました",
    Because.SILENT: "画面との接続が切れ、通話から抜けました",
    Because.CALL_ENDED: "通話が終わり、抜けました",
    Because.RESTARTED: "サーバーが再開したため、通話から抜けました",
}


@dataclass(slots=True)
class _AtCall:
    audience: Audience
    presence: Presence = field(default_factory=Presence)
    alive_ms: dict[tuple[str, str], int] = field(default_factory=dict)
    sockets: dict[tuple[str, str], anyio.CancelScope] = field(default_factory=dict)


class Attendance:
    """Who is at the live calls of this process."""

    def __init__(self, records: KeepsRecords, *, silence_seconds: float = SILENCE_SECONDS) -> None:
        self._records = records
        self._silence_ms = int(silence_seconds * 1000)
        self._calls: dict[str, _AtCall] = {}
        self._turns = Turns()
        self.recheck_seconds: float = RECHECK_SECONDS
        self.taps = SoundTaps()

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Tell what a restart ended, then notice who leaves without a word, until the block ends."""
        await self.close_left_over()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    def alive(self, call_id: str, login: str, way_id: str) -> bool:
        """Note a sign of life; say whether this person is at the call by that way."""
        at_call = self._calls.get(call_id)
        if at_call is None or (login, way_id) not in at_call.alive_ms:
            return False
        at_call.alive_ms[login, way_id] = self._records.clock.monotonic_ms()
        return True

    async def arrive(self, call: Call, way: Way, socket: anyio.CancelScope | None = None) -> None:
        """Record that a person is at *call* by *way*, and a sign of life; *socket* is cut when they leave.

        Raises:
            Conflict: the call has ended meanwhile (``call_ended``).
        """
        key = (way.login, way.way_id)
        async with self._turns.of(call.id):
            at_call = self._calls.get(call.id) or _AtCall(facts_of(call).audience)
            await self._become(call.id, at_call, at_call.presence.with_way(way), None)
            self._calls[call.id] = at_call
            at_call.alive_ms[key] = self._records.clock.monotonic_ms()
            if socket is not None:
                at_call.sockets[key] = socket

    async def depart(self, call_id: str, login: str, way_id: str | None, because: Because) -> None:
        """Record that a way of a person is closed, or all of them; nothing where none was open."""
        async with self._turns.of(call_id):
            at_call = self._calls.get(call_id)
            if at_call is None:
                return
            after = at_call.presence.without(login, way_id)
            gone = [way for way in at_call.presence.ways if way not in after.ways]
            # Cut before it is written: nobody hears on who has asked to leave.
            for way in gone:
                socket = at_call.sockets.pop((way.login, way.way_id), None)
                if socket is not None and way.way_id != way_id:
                    socket.cancel()
            await self._become(call_id, at_call, after, because)
            for way in gone:
                at_call.alive_ms.pop((way.login, way.way_id), None)
            if not after.ways:
                del self._calls[call_id]

    async def end(self, call_id: str) -> None:
        """The call is over: who was at it by the button has left. Sockets close by themselves, after the last word."""
        at_call = self._calls.get(call_id)
        for login in at_call.presence.people if at_call is not None else ():
            await self.depart(call_id, login, BUTTON, Because.CALL_ENDED)

    async def expire(self) -> None:
        """Have those leave who gave no sign of life for too long."""
        latest_ms = self._records.clock.monotonic_ms() - self._silence_ms
        overdue = [
            (call_id, login, way_id, at_call.sockets.get((login, way_id)))
            for call_id, at_call in self._calls.items()
            for (login, way_id), alive_ms in at_call.alive_ms.items()
            if alive_ms < latest_ms
        ]
        for call_id, login, way_id, socket in overdue:
            await self.depart(call_id, login, way_id, Because.SILENT)
            if socket is not None:
                socket.cancel()

    async def close_left_over(self) -> None:
        """End the stays that an earlier run could not end."""
        async with self._records.database.transaction() as session:
            left_over = select(JoinRow.call_id).where(JoinRow.left_at.is_(None)).distinct()
            call_ids = (await session.scalars(left_over)).all()
        for call_id in call_ids:
            await self._records.ledger.write(_end_of_stays(call_id))

    async def _watch(self) -> None:
        while True:
            await anyio.sleep(self._silence_ms / 6_000)
            try:
                await self.expire()
            except Exception:
                # The tables are away; whoever is overdue still is when they are back.
                log.exception("who left a call could not be recorded")

    async def _become(
        self, call_id: str, at_call: _AtCall, after: Presence, because: Because | None
    ) -> None:
        """Write and tell what changes; *because* says why somebody leaves, None where somebody comes."""
        told = at_call.presence.changes_to(after)
        if told:
            await self._records.ledger.write(_changes(call_id, at_call.audience, told, because))
        at_call.presence = after


def _changes(
    call_id: str, audience: Audience, told: list[Joined | Left], because: Because | None
) -> Callable[[Entry], Awaitable[None]]:
    async def change(entry: Entry) -> None:
        call = await entry.session.get(Call, call_id)
        if because is None and (call is None or call.ended_at is not None):
            raise over()  # who is recorded as coming after the end could not leave with it
        if call is None:
            return  # its call was removed meanwhile, with everything about it
        for one in told:
            if isinstance(one, Joined):
                await _joined(entry, call_id, audience, one)
            else:
                await _left(entry, call_id, audience, one.person, because or Because.LEFT)

    return change


async def _joined(entry: Entry, call_id: str, audience: Audience, one: Joined) -> None:
    person = one.person
    row = await open_stay(entry, call_id, person.login)
    if row is None:
        entry.session.add(
            JoinRow(
                call_id=call_id,
                login=person.login,
                display_name=person.display_name,
                listening=person.listening,
                joined_at=entry.now,
            )
        )
    else:
        row.listening = person.listening
    words = _joined_words(one)
    _record(entry, call_id, "supervisor_joined", person, words, listening=person.listening)
    entry.tell(EventType.SUPERVISOR_JOINED, call_id, audience, _fields(person, words))


async def _left(
    entry: Entry, call_id: str, audience: Audience, person: Person, because: Because
) -> None:
    row = await open_stay(entry, call_id, person.login)
    if row is not None:
        row.left_at, row.left_because = entry.now, because.value
    await entry.session.execute(
        update(JoinRequestRow)
        .where(
            JoinRequestRow.call_id == call_id,
            JoinRequestRow.by_login == person.login,
            JoinRequestRow.state == OPEN,
        )
        .values(state=WITHDRAWN, answered_at=entry.now)
    )
    words = _LEFT_WORDS[because]
    _record(entry, call_id, "supervisor_left", person, words, because=because.value)
    entry.tell(
        EventType.SUPERVISOR_LEFT,
        call_id,
        audience,
        {**_fields(person, words), "listening": False, "because": because.value},
    )


def _end_of_stays(call_id: str) -> Callable[[Entry], Awaitable[None]]:
    async def change(entry: Entry) -> None:
        call = await entry.session.get(Call, call_id)
        if call is None:
            return
        stays = select(JoinRow).where(JoinRow.call_id == call_id, JoinRow.left_at.is_(None))
        for row in (await entry.session.scalars(stays)).all():
            person = Person(row.login, row.display_name, row.listening)
            await _left(entry, call_id, facts_of(call).audience, person, Because.RESTARTED)

    return change


def over() -> Conflict:
    return Conflict("call_ended", "この通話は終了しています。記録をご覧ください。")


async def open_stay(entry: Entry, call_id: str, login: str) -> JoinRow | None:
    query = select(JoinRow).where(
        JoinRow.call_id == call_id, JoinRow.login == login, JoinRow.left_at.is_(None)
    )
    return (await entry.session.scalars(query.order_by(JoinRow.id).limit(1))).first()


def _record(
    entry: Entry, call_id: str, kind: str, person: Person, words: str, **detail: object
) -> None:
    entry.session.add(
        StaffAction(
            call_id=call_id,
            kind=kind,
            by_login=person.login,
            at=entry.now,
            detail={"text": words, **detail},
        )
    )


def _fields(person: Person, words: str) -> dict[str, object]:
    return {
        "login": person.login,
        "display_name": person.display_name,
        "listening": person.listening,
        "text": words,
    }


def _joined_words(one: Joined) -> str:
    if one.came:
        return "通話に加わり、音を聞いています" if one.person.listening else "通話に加わりました"
    return "音を聞き始めました" if one.person.listening else "音を聞くのをやめました"
