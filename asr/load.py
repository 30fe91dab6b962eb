"""Pure: how much work is waiting, measured in time, and what is left out to keep up with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from asr.types import Effort, Shedding

SEGMENT_EXTRA_MS: Final = 1_800
"""A segment costs as much as so much sound more: a window has a floor, a batch a beginning.
About 30 ms each and 17 ms a second, Whisper base."""

_MEMORY_MS: Final = 60_000
"""Sound after which half of what was measured before is forgotten, roughly."""
_MEASURED_AFTER: Final = 3
"""Batches until their cost is believed: the first ones still allocate memory."""
_MOST_PATIENCE: Final = 8


class DecodeCost:
    """What decoding costs on this machine with this model: measured, never assumed."""

    def __init__(self) -> None:
        self._ms_per_ms: dict[Effort, float] = {}
        self._batches = 0
        self._patience = 1

    def answered(self, durations_ms: Sequence[int], effort: Effort, took_ms: float) -> None:
        """Learn that a batch of segments so long *took_ms*."""
        work_ms = _work_ms(len(durations_ms), sum(durations_ms))
        measured, before = took_ms / work_ms, self._ms_per_ms.get(effort)
        weight = work_ms / (work_ms + _MEMORY_MS)
        self._ms_per_ms[effort] = (
            measured if before is None else before + (measured - before) * weight
        )
        self._batches += 1
        self._patience = 1

    def not_answered(self) -> None:
        """Learn that a recogniser hung, or that the machine is slower than it was."""
        self._patience = min(_MOST_PATIENCE, 2 * self._patience)

    def expected_ms(self, segments: int, sound_ms: int, effort: Effort) -> float:
        """Return how long one recogniser needs; 0 as long as nothing was measured."""
        known = self._ms_per_ms.get(effort)
        if known is None:
            known = max(self._ms_per_ms.values(), default=0.0)
        return known * _work_ms(segments, sound_ms)

    def answer_timeout_ms(
        self, durations_ms: Sequence[int], effort: Effort, *, first_ms: int, least_ms: int
    ) -> int:
        """Return after how long a recogniser that does not answer this batch has hung.

        *first_ms* as long as little is known, then eight times what is expected, at
        least *least_ms*; twice as long after each that was not answered.
        """
        if self._batches < _MEASURED_AFTER:
            return first_ms
        expected_ms = self.expected_ms(len(durations_ms), sum(durations_ms), effort)
        return self._patience * max(least_ms, round(8 * expected_ms))


class SheddingLadder:
    """Up at once, down one step at a time and only after it has been calm for a while."""

    def __init__(self, thresholds_ms: tuple[int, int, int], calms_ms: tuple[int, int, int]) -> None:
        """Above each of *thresholds_ms* a step of ``Shedding`` is taken, to be taken back after
        so much calm as *calms_ms* has for it."""
        if not 0 < thresholds_ms[0] <= thresholds_ms[1] <= thresholds_ms[2]:
            raise ValueError("thresholds_ms must be positive and ascending")
        self._thresholds_ms = thresholds_ms
        self._calms_ms = calms_ms
        self._step = Shedding.NOTHING
        self._clear_ms = 0.0
        self._calm_since_ms = 0
        self._top_since_ms: int | None = None

    @property
    def current(self) -> Shedding:
        return self._step

    def step(self, clear_ms: float, now_ms: int) -> Shedding:
        """Return what is shed from *now_ms* on, when clearing the queue takes *clear_ms*."""
        if not self._calm():
            self._calm_since_ms = now_ms
        while self._step and self._calm():
            down_at_ms = self._calm_since_ms + self._calms_ms[self._step - 1]
            if now_ms < down_at_ms:
                break
            self._step, self._calm_since_ms = Shedding(self._step - 1), down_at_ms
        self._clear_ms = clear_ms
        reached = Shedding(sum(clear_ms > threshold_ms for threshold_ms in self._thresholds_ms))
        self._step = max(self._step, reached)
        if not self._calm():
            self._calm_since_ms = now_ms
        if self._step < max(Shedding):
            self._top_since_ms = None
        elif self._top_since_ms is None:
            self._top_since_ms = now_ms
        return self._step

    def top_for_ms(self, now_ms: int) -> int:
        """Return for how long there has been no further step to take."""
        return 0 if self._top_since_ms is None else now_ms - self._top_since_ms

    def _calm(self) -> bool:
        return self._clear_ms <= self._thresholds_ms[max(0, self._step - 1)] / 2


def _work_ms(segments: int, sound_ms: int) -> int:
    return max(1, sound_ms + segments * SEGMENT_EXTRA_MS)
