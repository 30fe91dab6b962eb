"""Pure: what a free recogniser does next, and what is left out to keep up.

The queue (``schedule``) and the measured load (``load``) behind one door. Partial
segments never queue: they are for a recogniser that has nothing else to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from asr.load import DecodeCost, SheddingLadder
from asr.schedule import DeadlineQueue, Waiting
from asr.types import Effort, Rank, Shedding, Urgency

Item = TypeVar("Item")

BUDGETS_MS: Final[Mapping[Rank, int]] = {
    Rank.FLAGGED: 500,
    Rank.CALLER: 1_500,
    Rank.OPERATOR: 3_000,
}
"""How soon the words are wanted. A partial is for at once or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchConfig:
    max_batch: int = 8
    capacity: int = 512
    """Segments that may wait; at 3.5 s each, half an hour of speech and 115 MB."""
    budgets_ms: Mapping[Rank, int] = field(default_factory=lambda: BUDGETS_MS)
    late_limit_ms: int = 20_000
    """How long after its deadline a segment is still worth recognising."""
    lasting_overload_ms: int = 60_000
    """After so long at the last step of ``Shedding`` the backlog will not be worked off."""
    lasting_late_limit_ms: int = 5_000
    """The late limit from then on: as much is lost, and what is left comes in time."""
    partials: bool = True
    """Recognise sentences that are still being spoken, when there is nothing else to do."""
    may_shed: bool = True
    """False: read everything thoroughly however long it takes, and give nothing up."""
    shed_above_ms: tuple[int, int, int] = (300, 800, 1_200)
    """Time to clear the queue above which each step of ``Shedding`` is taken."""
    calm_ms: tuple[int, int, int] = (500, 5_000, 5_000)
    """Below half of it for so long, a step is taken back."""
    first_answer_timeout_ms: int = 120_000
    """The first batches show how long they take: room for a large model on a slow processor."""
    answer_timeout_ms: int = 5_000
    """A recogniser that takes eight times as long as expected has hung, but not sooner than this."""

    def __post_init__(self) -> None:
        if self.max_batch < 1:
            raise ValueError("max_batch must be at least 1")


@dataclass(frozen=True, slots=True)
class Task(Generic[Item]):
    """What one recogniser is to do next."""

    batch: tuple[Waiting[Item], ...]
    effort: Effort
    answer_timeout_ms: int


@dataclass(frozen=True, slots=True)
class Next(Generic[Item]):
    task: Task[Item] | None
    """``None`` when nothing waits."""
    expired: tuple[Waiting[Item], ...]
    """Given up: their words would have come too late."""


class Dispatch(Generic[Item]):
    """Everything that was submitted comes out once: in a task, expired, shed, or discarded."""

    def __init__(self, config: DispatchConfig) -> None:
        self._config = config
        self._queue = DeadlineQueue[Item](config.capacity if config.may_shed else None)
        self._partials: list[Waiting[Item]] = []
        self._cost = DecodeCost()
        self._ladder = SheddingLadder(config.shed_above_ms, config.calm_ms)

    def __len__(self) -> int:
        return len(self._queue) + len(self._partials)

    def delay_ms(self, in_hand: Iterable[Waiting[Item]], now_ms: int) -> int:
        """Return how long the oldest segment has been waiting, in the queue or *in_hand*.

        Those that are left out at present do not count: partials never, operators'
        as long as they wait behind every caller.
        """
        operators_too = self._ladder.current < Shedding.OPERATOR
        last = Rank.OPERATOR if operators_too else Rank.CALLER
        arrived_ms = (place.arrived_ms for place in in_hand if place.urgency.rank <= last)
        oldest_ms = now_ms - min(arrived_ms, default=now_ms)
        return max(oldest_ms, self._queue.oldest_wait_ms(now_ms, operators_too=operators_too))

    def clear_ms(self, *, idle: int, warm: int) -> float:
        """Return how long *warm* recognisers need for all that is waiting, as far as is known.

        What the *idle* ones begin at once does not wait, however long it takes them.
        """
        if len(self._queue) <= idle:
            return 0.0
        brief = self._ladder.current >= Shedding.THOROUGHNESS
        effort = Effort.QUICK if brief else Effort.THOROUGH
        expected_ms = self._cost.expected_ms(len(self._queue), self._queue.sound_ms, effort)
        return expected_ms / max(1, warm)

    def shedding(self, *, idle: int, warm: int, now_ms: int) -> Shedding:
        """Return what is being left out when *idle* of the *warm* recognisers have nothing to do."""
        if not self._config.may_shed:
            return Shedding.NOTHING
        return self._ladder.step(self.clear_ms(idle=idle, warm=warm), now_ms)

    def submit(
        self, item: Item, urgency: Urgency, *, duration_ms: int, idle: int, warm: int, now_ms: int
    ) -> tuple[Waiting[Item], tuple[Waiting[Item], ...]]:
        """Take *item* in; return its place and those given up for it, which may be itself."""
        if urgency.rank is Rank.PARTIAL:
            partial = Waiting(now_ms, 0, now_ms, duration_ms, urgency, item)
            step = self.shedding(idle=idle, warm=warm, now_ms=now_ms)
            if not self._config.partials or len(self) >= idle or step is not Shedding.NOTHING:
                return partial, (partial,)
            self._partials.append(partial)
            return partial, ()
        place, shed = self._queue.push(
            item,
            urgency,
            now_ms=now_ms,
            budget_ms=self._config.budgets_ms[urgency.rank],
            duration_ms=duration_ms,
        )
        withdrawn, self._partials = self._partials, []
        return place, (*shed, *withdrawn)

    def put_back(self, place: Waiting[Item]) -> None:
        """Take in again what a recogniser could not finish; not for partial segments."""
        self._queue.put_back(place)

    def discard(self, place: Waiting[Item]) -> bool:
        """Forget *place*; false when it is not waiting any more."""
        for index, partial in enumerate(self._partials):
            if partial is place:
                del self._partials[index]
                return True
        return self._queue.discard(place)

    def drain(self) -> tuple[Waiting[Item], ...]:
        """Take everything out."""
        partials, self._partials = self._partials, []
        return (*self._queue.drain(), *partials)

    def next(self, max_batch: int, *, idle: int, warm: int, now_ms: int) -> Next[Item]:
        """Return what a recogniser does that takes *max_batch* segments at most.

        It takes its share of what waits, so that none of the *idle* ones, itself
        among them, has nothing to do.
        """
        step = self.shedding(idle=idle, warm=warm, now_ms=now_ms)
        share = -(-len(self._queue) // max(1, idle))
        taken = self._queue.take(
            max(1, min(max_batch, self._config.max_batch, share)),
            now_ms=now_ms,
            late_limit_ms=self._late_limit_ms(now_ms),
            operators_last=step >= Shedding.OPERATOR,
        )
        if taken.batch:
            return Next(self._task(taken.batch, _effort(taken.batch, step)), taken.expired)
        if self._partials:
            return Next(self._task((self._partials.pop(0),), Effort.QUICK), taken.expired)
        return Next(None, taken.expired)

    def answered(self, task: Task[Item], took_ms: float) -> None:
        """Learn how long a recogniser took over *task*."""
        self._cost.answered(_durations_ms(task.batch), task.effort, took_ms)

    def not_answered(self) -> None:
        """Learn that a recogniser hung over its task."""
        self._cost.not_answered()

    def _late_limit_ms(self, now_ms: int) -> int | None:
        if not self._config.may_shed:
            return None
        if self._ladder.top_for_ms(now_ms) >= self._config.lasting_overload_ms:
            return min(self._config.late_limit_ms, self._config.lasting_late_limit_ms)
        return self._config.late_limit_ms

    def _task(self, batch: tuple[Waiting[Item], ...], effort: Effort) -> Task[Item]:
        timeout_ms = self._cost.answer_timeout_ms(
            _durations_ms(batch),
            effort,
            first_ms=self._config.first_answer_timeout_ms,
            least_ms=self._config.answer_timeout_ms,
        )
        return Task(batch, effort, timeout_ms)


def _effort(batch: Sequence[Waiting[Item]], step: Shedding) -> Effort:
    if step >= Shedding.THOROUGHNESS:
        return Effort.QUICK
    operators_only = all(place.urgency.rank is Rank.OPERATOR for place in batch)
    if step is Shedding.OPERATOR and operators_only:
        return Effort.QUICK
    return Effort.THOROUGH


def _durations_ms(batch: Sequence[Waiting[Item]]) -> list[int]:
    return [place.duration_ms for place in batch]
