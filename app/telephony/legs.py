"""Glue: the records of one telephone call: each leg that somebody answers is a call of its own there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from app.calls.protocol import CallStarted, Refusal, StreamRefused
from app.calls.registry import Attached, CallRegistry
from app.telephony.messages import call_name

MOST_LEGS: Final = 20
MOST_BEHIND_MS: Final = 60_000
"""So much of what nobody heard is filled with silence when a call is taken up again."""
_NAME_CHARACTERS: Final = 60
"""Leaves room for the number of a leg."""


class Legs:
    """Begins one leg after the other, and takes up again what was lost."""

    def __init__(
        self,
        started: CallStarted,
        call_id: str,
        *,
        registry: CallRegistry,
        token_id: int,
        section: str,
        missing_ms: Callable[[str, int], Awaitable[int]],
    ) -> None:
        """*call_id*: of the first leg. *missing_ms* knows how far the clock has gone on since a call stood at a
        position."""
        self._first = started
        self._name = call_id
        self._registry = registry
        self._token_id = token_id
        self._section = section
        self._missing_ms = missing_ms
        self._number = 1

    @property
    def call_id(self) -> str:
        """Of the leg that is live, or will be."""
        return leg_name(self._name, self._number)

    def close(self) -> None:
        """What begins next is another leg."""
        self._number += 1

    async def begin(self, operator: str) -> tuple[Attached, int]:
        """Return the leg, and how many milliseconds of it nobody heard.

        A call that the tables know already is one that an earlier run of the server was hearing, or has ended:
        then the exchange uses its id again, for another leg.

        Raises:
            StreamRefused: with the documented reason.
        """
        while True:
            try:
                return await self._begin_or_resume(operator)
            except StreamRefused as refused:
                if refused.refusal is not Refusal.CALL_ENDED or self._number >= MOST_LEGS:
                    raise
                self._number += 1

    async def again(self, operator: str) -> Attached:
        """Go on with the live leg over a new socket.

        Raises:
            StreamRefused: with the documented reason.
        """
        return await self._attach(operator, resume=True)

    async def _begin_or_resume(self, operator: str) -> tuple[Attached, int]:
        try:
            return await self._attach(operator, resume=False), 0
        except StreamRefused as refused:
            if refused.refusal is not Refusal.CALL_EXISTS:
                raise
        resumed = await self._attach(operator, resume=True)
        missing_ms = await self._missing_ms(self.call_id, resumed.call.position_ms)
        return resumed, min(missing_ms, MOST_BEHIND_MS)

    async def _attach(self, operator: str, *, resume: bool) -> Attached:
        metadata: Mapping[str, object] = self._first.metadata
        if self._number > 1:
            metadata = {**metadata, "leg": self._number, "first_leg": self._name}
        started = replace(
            self._first, call_id=self.call_id, resume=resume, operator=operator, metadata=metadata
        )
        return await self._registry.attach(started, token_id=self._token_id, section=self._section)


def leg_name(call_id: str, number: int) -> str:
    """Return the id of a leg: two calls never share one, however much of their names is the same."""
    if number == 1:
        return call_id
    if len(call_id) > _NAME_CHARACTERS:
        call_id = call_name(call_id.partition(".")[0], call_id)
    return f"{call_id}.{number}"
