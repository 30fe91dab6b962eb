"""Glue: an office full of calls on a simulated clock, to see what the schedule makes of it.

``python -m tests.asr.simulated_office`` prints how late words come and what is shed, by the number
of calls. Recognisers share the cores with the socket loop; nothing here takes real time.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asr.dispatch import Dispatch, DispatchConfig, Task
from asr.types import Effort, Rank, Shedding, Urgency

PAUSE_MS = 450
"""A sentence is over when so much silence has followed; only then is it a segment."""
PARTIAL_AFTER_MS = 2_500


@dataclass(frozen=True, slots=True)
class Machine:
    """What the work costs, in milliseconds of one core."""

    workers: int = 2
    cores: int = 2
    loop_cores_per_call: float = 0.01
    segment_ms: float = 30.0
    """In a batch of eight of similar length, one reading."""
    second_ms: float = 17.0
    thorough: float = 1.6
    single: float = 1.45
    """How much more one by one costs than in batches of eight."""
    padding: float = 0.35
    """How much of the difference to the longest of its batch a segment pays for."""

    def cost_ms(self, durations_ms: Sequence[int], effort: Effort) -> float:
        longest_ms = max(durations_ms)
        sound_ms = sum(d + self.padding * (longest_ms - d) for d in durations_ms)
        work_ms = self.segment_ms * len(durations_ms) + self.second_ms * sound_ms / 1000
        alone = 1 + (self.single - 1) * max(0.0, (1 / len(durations_ms) - 1 / 8) / (7 / 8))
        return work_ms * alone * (self.thorough if effort is Effort.THOROUGH else 1.0)


@dataclass(frozen=True, slots=True)
class Arrival:
    at_ms: int
    duration_ms: int
    urgency: Urgency


@dataclass(slots=True)
class Seen:
    """What happened to everybody's words."""

    delays_ms: dict[Rank, list[int]] = field(default_factory=lambda: {rank: [] for rank in Rank})
    lost: Counter[Rank] = field(default_factory=Counter)
    quick: Counter[Rank] = field(default_factory=Counter)
    steps_ms: Counter[Shedding] = field(default_factory=Counter)
    batches: list[int] = field(default_factory=list)

    def delays_of(self, *ranks: Rank) -> list[int]:
        return sorted(delay for rank in ranks for delay in self.delays_ms[rank])

    def lost_share(self, *ranks: Rank) -> float:
        lost = sum(self.lost[rank] for rank in ranks)
        return lost / max(1, lost + len(self.delays_of(*ranks)))

    def quick_share(self, *ranks: Rank) -> float:
        return sum(self.quick[rank] for rank in ranks) / max(1, len(self.delays_of(*ranks)))


def conversations(calls: int, seconds: int, seed: int) -> list[Arrival]:
    """Return the segments of *calls* two-track calls: people take turns, callers talk more."""
    rng = random.Random(seed)
    heard: list[Arrival] = []
    for call in range(calls):
        heard += _conversation(call, seconds * 1000, rng)
    return sorted(heard, key=lambda arrival: arrival.at_ms)


def _conversation(call: int, end_ms: int, rng: random.Random) -> Iterator[Arrival]:
    flagged = rng.random() < 0.06
    now_ms, caller = rng.randrange(8_000), True
    while now_ms < end_ms:
        line = f"{call}.{'caller' if caller else 'operator'}"
        rank = Rank.FLAGGED if flagged else Rank.CALLER
        if not caller:
            rank = Rank.CALLER if flagged else Rank.OPERATOR
        for _ in range(rng.choice((1, 1, 2, 3) if caller else (1, 1, 2))):
            duration_ms = min(8_000, max(500, round(rng.lognormvariate(math.log(2_700), 0.7))))
            if duration_ms > PARTIAL_AFTER_MS + 500:
                partial = Urgency(line, Rank.PARTIAL)
                yield Arrival(now_ms + PARTIAL_AFTER_MS, PARTIAL_AFTER_MS, partial)
            now_ms += duration_ms
            yield Arrival(now_ms + PAUSE_MS, duration_ms, Urgency(line, rank))
            now_ms += rng.randrange(PAUSE_MS, 1_200)
        caller = not caller


@dataclass(slots=True, eq=False)
class _Worker:
    task: Task[Arrival] | None = None
    started_ms: float = 0.0
    left_ms: float = 0.0
    """Milliseconds of one core that its batch still needs."""


class Office:
    """Feeds *arrivals* to a dispatch and works its tasks off on *machine*."""

    def __init__(
        self, dispatch: Dispatch[Arrival], machine: Machine, calls: int, arrivals: Sequence[Arrival]
    ) -> None:
        self._dispatch = dispatch
        self._machine = machine
        self._workers = [_Worker() for _ in range(machine.workers)]
        self._free_cores = machine.cores - machine.loop_cores_per_call * calls
        self._coming = list(reversed(arrivals))
        self._now_ms = 0.0
        self.seen = Seen()
        self._step = Shedding.NOTHING

    def run(self) -> Seen:
        while self._coming or any(w.task for w in self._workers) or len(self._dispatch):
            self._advance()
            while self._coming and self._coming[-1].at_ms <= self._now_ms:
                self._arrive(self._coming.pop())
            for worker in self._workers:
                if worker.task is None:
                    self._start(worker)
        return self.seen

    def _rate(self) -> float:
        busy = sum(worker.task is not None for worker in self._workers)
        return min(1.0, self._free_cores / busy) if busy else 1.0

    def _advance(self) -> None:
        rate, busy = self._rate(), [w for w in self._workers if w.task is not None]
        ends = [self._now_ms + worker.left_ms / rate for worker in busy]
        if self._coming:
            ends.append(float(self._coming[-1].at_ms))
        now_ms = max(self._now_ms, min(ends))
        passed_ms, self._now_ms = now_ms - self._now_ms, now_ms
        self.seen.steps_ms[self._step] += round(passed_ms)
        for worker in busy:
            worker.left_ms -= passed_ms * rate
            if worker.left_ms <= 1e-6:
                self._finish(worker)

    def _arrive(self, arrival: Arrival) -> None:
        idle = sum(worker.task is None for worker in self._workers)
        _, given_up = self._dispatch.submit(
            arrival,
            arrival.urgency,
            duration_ms=arrival.duration_ms,
            idle=idle,
            warm=len(self._workers),
            now_ms=round(self._now_ms),
        )
        for place in given_up:
            self.seen.lost[place.item.urgency.rank] += 1

    def _start(self, worker: _Worker) -> None:
        idle = sum(other.task is None for other in self._workers)
        now_ms, warm = round(self._now_ms), len(self._workers)
        next_ = self._dispatch.next(64, idle=idle, warm=warm, now_ms=now_ms)
        for place in next_.expired:
            self.seen.lost[place.item.urgency.rank] += 1
        self._step = self._dispatch.shedding(idle=idle, warm=warm, now_ms=now_ms)
        if next_.task is not None:
            durations = [place.duration_ms for place in next_.task.batch]
            worker.task, worker.started_ms = next_.task, self._now_ms
            worker.left_ms = self._machine.cost_ms(durations, next_.task.effort)

    def _finish(self, worker: _Worker) -> None:
        task, worker.task = worker.task, None
        assert task is not None
        took_ms = self._now_ms - worker.started_ms
        self._dispatch.answered(task, took_ms)
        self.seen.batches.append(len(task.batch))
        for place in task.batch:
            rank = place.item.urgency.rank
            self.seen.delays_ms[rank].append(round(self._now_ms) - place.arrived_ms)
            self.seen.quick[rank] += task.effort is Effort.QUICK


def simulate(
    calls: int,
    seconds: int,
    *,
    seed: int = 1,
    config: DispatchConfig | None = None,
    machine: Machine | None = None,
) -> Seen:
    dispatch = Dispatch[Arrival](config or DispatchConfig())
    arrivals = conversations(calls, seconds, seed)
    return Office(dispatch, machine or Machine(), calls, arrivals).run()


CALLERS = (Rank.FLAGGED, Rank.CALLER)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[16, 32, 48, 64, 96])
    parser.add_argument("--seconds", type=int, default=300)
    options = parser.parse_args()
    columns = (
        "callers p50   p95   max  lost quick",
        "operators p50   p95  lost quick",
        "partials",
        "steps 0/1/2/3 %",
        "batch",
    )
    sys.stdout.write("calls | " + " | ".join(columns) + "\n")
    for calls in options.calls:
        sys.stdout.write(_row(calls, simulate(calls, options.seconds)) + "\n")


def _row(calls: int, seen: Seen) -> str:
    mine, theirs = seen.delays_of(*CALLERS), seen.delays_of(Rank.OPERATOR)
    total = sum(seen.steps_ms.values())
    steps = "/".join(f"{100 * seen.steps_ms[step] / total:.0f}" for step in Shedding)
    cells = (
        (
            f"{_at(mine, 0.5):11} {_at(mine, 0.95):5} {mine[-1]:5}"
            f" {seen.lost_share(*CALLERS):5.1%} {seen.quick_share(*CALLERS):5.0%}"
        ),
        (
            f"{_at(theirs, 0.5):13} {_at(theirs, 0.95):5}"
            f" {seen.lost_share(Rank.OPERATOR):5.1%} {seen.quick_share(Rank.OPERATOR):5.0%}"
        ),
        f"{1 - seen.lost_share(Rank.PARTIAL):8.0%}",
        f"{steps:>15}",
        f"{statistics.fmean(seen.batches):5.1f}",
    )
    return f"{calls:5} | " + " | ".join(cells)


def _at(delays_ms: Sequence[int], share: float) -> int:
    return delays_ms[int(share * (len(delays_ms) - 1))] if delays_ms else -1


if __name__ == "__main__":
    main()
