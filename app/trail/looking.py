"""Glue: who looks at a call is on the trail, once in ten minutes for each person and call."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, cast

import anyio
from starlette.requests import HTTPConnection

from app.auth.identity import Identity
from app.db import Database
from app.ports import Clock
from app.services import services_of
from app.trail.chain import Deed
from app.trail.writing import record


class Look(StrEnum):
    """What was looked at."""

    CALL = "call.seen"
    FINDINGS = "findings.seen"
    RECORDING = "recording.heard"
    LIST = "list.seen"
    BOARD = "board.seen"
    SEARCH = "search.made"
    """Never with what was searched for."""
    EVENTS = "events.followed"
    """Of one call, or of all that this person may see."""
    REVIEW = "review.seen"
    JUDGEMENTS = "judgements.seen"
    """Of one call."""
    JUDGEMENT_LIST = "judgements.listed"
    MEASURES = "measure.listed"
    REPORT = "report.seen"
    REPORTS = "reports.listed"
    TRIAL = "trial.seen"
    """Counts of it, or with a call what changed rules would have said of that call's words."""


AGAIN_MS: Final = 600_000
"""A screen that comes back over a bad line is the same look."""
MOST_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class Looks:
    """What this process has written lately. Forgetting writes once more, never less."""

    database: Database
    clock: Clock
    _told_ms: OrderedDict[tuple[str, str, str], int] = field(default_factory=OrderedDict)
    _turn: anyio.Lock = field(default_factory=anyio.Lock)
    """A page asks for all its parts at once: the first writes, the others wait for it."""

    async def note(self, kind: Look, identity: Identity, call_id: str = "") -> None:
        """Write that *identity* looked, before anything is shown to them."""
        key, now_ms = (kind, identity.login, call_id), self.clock.monotonic_ms()
        if self._is_told(key, now_ms):
            return
        async with self._turn:
            if self._is_told(key, now_ms):
                return
            async with self.database.transaction() as session:
                await record(session, Deed(kind, call_id=call_id))
            self._told_ms[key] = now_ms
            self._told_ms.move_to_end(key)
            if len(self._told_ms) > MOST_REMEMBERED:
                self._told_ms.popitem(last=False)

    def _is_told(self, key: tuple[str, str, str], now_ms: int) -> bool:
        told_ms = self._told_ms.get(key)
        return told_ms is not None and now_ms - told_ms < AGAIN_MS


def looks_of(connection: HTTPConnection) -> Looks:
    """Return the process's looks, made at the first of them."""
    state = connection.app.state
    if not hasattr(state, "looks"):
        services = services_of(connection)
        state.looks = Looks(services.database, services.clock)
    return cast("Looks", state.looks)
