"""Glue: ended calls as the tables keep them, with what was said in them, to be searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.auth.identity import Identity, Role
from app.db import Database
from app.models import AccessToken, AlertRow, Call, DecisionRow, FindingRow, UtteranceRow
from app.search.asking import Asked, Facts, Order, Scope, Track, asked
from app.search.filling import fill
from app.search.finding import FoundPage, Search, find
from app.search.paging import Cursor
from app.search.preparing import words_here
from tests.fakes_clock import MONDAY_MORNING, FakeClock

AUDITOR = Identity("kansa", "監査 係", Role.AUDITOR, "")
LINE_MS = 4_000


@dataclass(frozen=True, slots=True)
class Talk:
    """One call. Lines that begin with ``>`` are the operator's."""

    call_id: str
    lines: Sequence[str] = ()
    day: int = 0
    """After the Monday of the tests; calls of one day begin in the order in which they are given."""
    section: str = "市民課"
    level: int = 0
    outcome: str = "ordinary"
    minutes: int = 3
    category: str = ""
    false_alarm: bool = False
    welfare: bool = False
    caller_hash: str | None = None
    number: str = "011-000-1234"
    ended: bool = True


async def keep(database: Database, talks: Sequence[Talk]) -> None:
    """Store the calls, without indexing them."""
    async with database.transaction() as session:
        token = await session.scalar(select(func.min(AccessToken.id)))
        if token is None:
            token = 1
            session.add(
                AccessToken(
                    id=1, name="x", role="stream", secret_hash="x", created_at=MONDAY_MORNING
                )
            )
            await session.flush()
        for place, talk in enumerate(talks):
            began = MONDAY_MORNING + timedelta(days=talk.day, minutes=place)
            session.add(_call(talk, token, began))
            await session.flush()
            session.add_all(_lines(talk, began))
            await session.flush()
            session.add_all(_found(talk, began))


async def keep_and_fill(database: Database, talks: Sequence[Talk]) -> None:
    await keep(database, talks)
    await fill(database, FakeClock())


def wanted(
    typed: str = "",
    *,
    track: Track = Track.BOTH,
    scope: Scope = Scope.CALL,
    by_reading: bool = True,
) -> Asked:
    return asked(typed, words_here, track=track, scope=scope, by_reading=by_reading)


async def found(
    database: Database,
    typed: str = "",
    facts: Facts | None = None,
    *,
    identity: Identity = AUDITOR,
    track: Track = Track.BOTH,
    scope: Scope = Scope.CALL,
    by_reading: bool = True,
    order: Order = Order.NEWEST,
    limit: int = 50,
    after: Cursor | None = None,
) -> FoundPage:
    words = wanted(typed, track=track, scope=scope, by_reading=by_reading)
    search = Search(identity, words, facts or Facts(), order, limit, after)
    async with database.transaction() as session:
        return await find(session, search)


def ids_of(page: FoundPage) -> list[str]:
    return [one.candidate.place.call_id for one in page.calls]


def _call(talk: Talk, token: int, began: datetime) -> Call:
    return Call(
        id=talk.call_id,
        token_id=token,
        operator="sato",
        section=talk.section,
        caller_number=talk.number,
        caller_hash=talk.caller_hash,
        stream_format={
            "encoding": "mulaw",
            "rate": 8_000,
            "tracks": ["caller", "operator"],
            "metadata": {},
        },
        started_at=began,
        ended_at=began + timedelta(minutes=talk.minutes) if talk.ended else None,
        duration_ms=talk.minutes * 60_000,
        top_level=talk.level,
        outcome=talk.outcome,
    )


def _lines(talk: Talk, began: datetime) -> list[UtteranceRow]:
    return [
        UtteranceRow(
            id=f"{talk.call_id}-{place}",
            call_id=talk.call_id,
            track="operator" if line.startswith(">") else "caller",
            start_ms=place * LINE_MS,
            end_ms=place * LINE_MS + 3_000,
            text=line.removeprefix(">"),
            hypotheses=[],
            confidence=0.9,
            doubts=[],
            model="test",
            heard_at=began,
        )
        for place, line in enumerate(talk.lines)
    ]


def _found(talk: Talk, began: datetime) -> list[FindingRow | AlertRow | DecisionRow]:
    first = f"{talk.call_id}-0"
    rows: list[FindingRow | AlertRow | DecisionRow] = []
    if talk.category:
        rows.append(
            FindingRow(
                call_id=talk.call_id,
                utterance_id=first,
                category=talk.category,
                severity=2,
                span_start=0,
                span_end=1,
                quote="",
                rule="r",
                clause="",
                reason="",
                score=1.0,
                explanation=None,
            )
        )
    if talk.false_alarm:
        rows.append(
            AlertRow(
                id=f"a-{talk.call_id}",
                call_id=talk.call_id,
                key="k",
                level=2,
                categories=["mental_attack"],
                utterance_id=first,
                quote="",
                start_ms=0,
                end_ms=1,
                reason="",
                clause="",
                count=1,
                needs_check=False,
                raised_at=began,
                false_alarm=True,
            )
        )
    if talk.welfare:
        rows.append(
            DecisionRow(
                call_id=talk.call_id,
                utterance_id=first,
                at_ms=1,
                level=0,
                outcome="ordinary",
                step="welfare",
                set_aside=[],
                policy_version="p",
                detector_version="d",
                decided_at=began,
            )
        )
    return rows
