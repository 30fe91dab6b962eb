"""Pure: what a dialect says back whose exchange expects no answer: nothing."""

from __future__ import annotations

from collections.abc import Sequence

from app.calls.protocol import StreamRefused
from app.telephony.messages import Reply, Step


class OneWay:
    """For dialects (``app.telephony.ports.Dialect``) in which only the exchange speaks."""

    __slots__ = ()

    def attached(self, call_id: str, position_samples: int) -> Sequence[Reply]:
        return ()

    def judged(self) -> Sequence[Reply]:
        return ()

    def refused(self, refused: StreamRefused) -> Sequence[Reply]:
        return ()

    def rest(self, now_ms: int) -> Sequence[Step]:
        return ()
