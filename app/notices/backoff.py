"""Pure: how long a notice waits for its next try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Waits double from ``first_s`` to ``longest_s``, each shortened by chance to no less than half."""

    tries: int = 8
    first_s: float = 5
    longest_s: float = 600

    def wait_s(self, tried: int, chance: float, at_least_s: float = 0) -> float | None:
        """Return the wait after *tried* vain tries, *chance* in 0..1; None where it was the last.

        A server that names a time itself (*at_least_s*) is not asked before, but within an hour.
        """
        if tried >= self.tries:
            return None
        full_s = min(self.longest_s, self.first_s * 2.0 ** min(max(0, tried - 1), 32))
        return max(full_s * (0.5 + chance / 2), min(at_least_s, 3_600))
