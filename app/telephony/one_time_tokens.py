"""Pure: tokens that bind a stream to the call for which it was asked: each for one call, once, for ten minutes.

An exchange's signature proves the address only, not the call: who has seen one could stream anything under any
name. The token is given away over the signed voice request and comes back in the stream's ``start``.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LIFETIME_MS: Final = 600_000
"""The stream begins seconds after the answer that names the token; ten minutes outlast every queue before that."""
MOST_CALLS: Final = 10_000
MOST_PER_CALL: Final = 4
"""The exchange asks again when an answer was lost, and may then use either."""


@dataclass(frozen=True, slots=True)
class _Issued:
    token: str
    until_ms: int


class OneTimeTokens:
    """Issue a token for a call, redeem it once. No more than *most_calls* calls wait: the oldest give way."""

    def __init__(self, new_token: Callable[[], str], *, most_calls: int = MOST_CALLS) -> None:
        """*new_token* returns a secret that nobody can guess, and never the same twice."""
        self._new_token = new_token
        self._most_calls = most_calls
        self._waiting: dict[str, tuple[_Issued, ...]] = {}
        """By call, that which was issued for longest ago first."""

    def __len__(self) -> int:
        """Return how many calls wait for their stream."""
        return len(self._waiting)

    def issue(self, call_id: str, now_ms: int) -> str:
        self._forget_old(now_ms)
        issued = _Issued(self._new_token(), now_ms + LIFETIME_MS)
        # At the end again, so that the first is always the oldest.
        before = self._waiting.pop(call_id, ())
        self._waiting[call_id] = (*before[-(MOST_PER_CALL - 1) :], issued)
        if len(self._waiting) > self._most_calls:
            del self._waiting[next(iter(self._waiting))]
        return issued.token

    def redeem(self, token: str, call_id: str, now_ms: int) -> bool:
        """Say whether *token* was issued for this very call and is still good. It is not afterwards."""
        given = token.encode("utf-8", "surrogatepass")
        left: list[_Issued] = []
        found = False
        for issued in self._waiting.get(call_id, ()):
            same = hmac.compare_digest(issued.token.encode(), given)
            if same and now_ms < issued.until_ms:
                found = True
            elif now_ms < issued.until_ms:
                left.append(issued)
        if left:
            self._waiting[call_id] = tuple(left)
        else:
            self._waiting.pop(call_id, None)
        return found

    def _forget_old(self, now_ms: int) -> None:
        while self._waiting:
            oldest = next(iter(self._waiting))
            if self._waiting[oldest][-1].until_ms > now_ms:
                return
            del self._waiting[oldest]
