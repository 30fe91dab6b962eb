"""Glue: one socket's share in a call: sound goes in here, at the pace at which the call can hear it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.calls.protocol import StreamRefused
from app.telephony.messages import Missed, Step, TrackSound, WovenSound

if TYPE_CHECKING:
    from app.telephony.carrying import CarriedCall

PIECE_MS: Final = 10_000
"""The silence of a long pause is heard in pieces: a recording takes no more than a minute at once."""

SoundStep = WovenSound | TrackSound | Missed


@dataclass(slots=True, eq=False)
class Part:
    """What one socket brings."""

    call: CarriedCall
    brings: tuple[int, ...]
    """Places of its tracks among the call's."""
    heard_ms: int
    """When it last brought sound, or came."""
    replaced: bool = False
    """A newer socket brings its tracks: this one is dead, or set up twice."""

    def carry(self, step: SoundStep) -> None:
        """Take sound; returns at once. Raise StreamRefused where the call was taken away."""
        self.call.carry(step, self)

    async def carry_patiently(self, step: SoundStep) -> None:
        """Take sound as ``carry`` does, and wait while the call has more of it than it may keep."""
        if isinstance(step, Missed) and not step.told:
            # What is told is one gap, and stays in one piece.
            step = await self._carry_pieces(step)
        self.carry(step)
        if self.call.behind:
            await self.call.caught_up()

    def carry_rest(self, steps: Sequence[Step]) -> None:
        """Take what was kept back of a socket that is gone; a call that was taken away hears nothing more."""
        with suppress(StreamRefused):
            for step in steps:
                if isinstance(step, SoundStep):
                    self.carry(step)

    async def _carry_pieces(self, pause: Missed) -> Missed:
        """Carry all of *pause* but the last piece, which is returned."""
        piece_samples = PIECE_MS * self.call.began.rate_hz // 1000
        while pause.samples > piece_samples:
            self.carry(replace(pause, samples=piece_samples))
            await self.call.caught_up()
            pause = replace(pause, samples=pause.samples - piece_samples)
        return pause
