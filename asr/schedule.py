"""Pure: which waiting segments are recognised next, and which are given up when there are too many.

Earliest deadline first, with three rules on top. A *line* (one track of one call) is served in
its own order, and its deadlines follow its sound: whoever sends a minute at once is due minute
by minute. Who is still in time goes before who is late already, except at one take in four.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, Generic, NamedTuple, TypeVar

from asr.types import MODEL_RATE_HZ, Rank, Urgency
from asr.windowing import WindowLimits, window_frames

Item = TypeVar("Item")

LATE_AFTER_MS: Final = 1_000
"""So long past its deadline a segment lets those pass that can still come in time."""
LATE_SHARE: Final = 4
"""Every so many takes are for the oldest late one, so that a backlog is worked off."""
OPERATORS_AT_ONCE: Final = 4
"""Without a caller among them, when they come last: who speaks up meanwhile waits half as long.

With callers they fill the batch, whose weights are read anyway: 64 live calls lost 6 stretches in
116 s that way and 129 in 126 s when none shared a batch with a caller (alerts p95 2.8 and 2.4 s).
"""
AHEAD_MS: Final = 2_000
"""So much sound may come faster than it was spoken: a forced cut is found up to 2 s later."""

_CHOICE: Final = 3
"""How many times a batch's size of the most urgent are looked at for similar lengths."""


@dataclass(frozen=True, slots=True, order=True)
class Waiting(Generic[Item]):
    """One segment in the queue; sorted by who is most urgent, then by who came first."""

    deadline_ms: int
    number: int
    arrived_ms: int = field(compare=False)
    duration_ms: int = field(compare=False)
    urgency: Urgency = field(compare=False)
    item: Item = field(compare=False)
    alone: bool = field(default=False, compare=False)
    """It was in hand when a recogniser died: it must not take others with it again."""


@dataclass(frozen=True, slots=True)
class Taken(Generic[Item]):
    batch: tuple[Waiting[Item], ...]
    """Most urgent first; to be decoded together."""
    expired: tuple[Waiting[Item], ...]
    """So late that the words would help nobody."""


class _Order(NamedTuple, Generic[Item]):
    """Those among whom the next is chosen, each part by deadline."""

    in_time: list[Waiting[Item]]
    late: list[Waiting[Item]]
    """Also who stands behind a late one of the same line."""


class DeadlineQueue(Generic[Item]):
    """Push with a budget, take the most urgent; bounded.

    Everything that was pushed comes out once: in a batch, as expired, as shed or discarded.
    No segment comes out in a batch before an older one of its line.
    """

    def __init__(self, capacity: int | None, *, limits: WindowLimits | None = None) -> None:
        """*capacity* is ``None`` where nothing may be given up."""
        if capacity is not None and capacity < 1:
            raise ValueError("capacity must be at least 1")
        self._capacity = capacity
        self._limits = limits or WindowLimits()
        self._waiting: list[Waiting[Item]] = []
        self._lines: defaultdict[str, list[Waiting[Item]]] = defaultdict(list)
        self._clocks = _LineClocks()
        self._pushed = 0
        self._takes_in_time = 0
        self._sound_ms = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def sound_ms(self) -> int:
        """How much sound is waiting."""
        return self._sound_ms

    def push(
        self, item: Item, urgency: Urgency, *, now_ms: int, budget_ms: int, duration_ms: int
    ) -> tuple[Waiting[Item], tuple[Waiting[Item], ...]]:
        """Queue *item*; return its place and those shed for it, which may be itself."""
        self._pushed += 1
        due_ms = self._clocks.spoken_ms(urgency.line, duration_ms, now_ms) + budget_ms
        place = Waiting(due_ms, self._pushed, now_ms, duration_ms, urgency, item)
        self._hurry(self._lines.get(urgency.line, ()), place)
        self._add(place)
        shed: tuple[Waiting[Item], ...] = ()
        if self._capacity is not None and len(self) > self._capacity:
            shed = (self._least_wanted(now_ms),)
            self._remove(shed[0])
        return place, shed

    def put_back(self, place: Waiting[Item]) -> None:
        """Queue again what a recogniser could not finish, with its old deadline, on its own.

        Sheds nobody: what is in hand is bounded by the recognisers, not by this queue.
        """
        again = replace(place, alone=True)
        behind = [p for p in self._lines.get(place.urgency.line, ()) if p.number > place.number]
        self._add(_as_urgent_as(again, behind[0]) if behind else again)

    def discard(self, place: Waiting[Item]) -> bool:
        """Forget *place*; false when it is not waiting any more."""
        for waiting in self._lines.get(place.urgency.line, ()):
            if waiting.number == place.number:
                self._remove(waiting)
                return True
        return False

    def drain(self) -> tuple[Waiting[Item], ...]:
        """Take everything out, most urgent first."""
        drained = tuple(self._waiting)
        self._remove(*drained)
        return drained

    def take(
        self,
        max_batch: int,
        *,
        now_ms: int,
        late_limit_ms: int | None = None,
        operators_last: bool = False,
    ) -> Taken[Item]:
        """Take the most urgent segment and up to *max_batch* - 1 that go well with it.

        Who is further than *late_limit_ms* past its deadline comes out as expired.
        With *operators_last* every caller goes before every operator, who only fills
        the places that callers leave in a batch.
        """
        expired = () if late_limit_ms is None else self._due_before(now_ms - late_limit_ms)
        self._remove(*expired)
        if not self._waiting:
            return Taken((), expired)
        order = self._order(now_ms, operators_last)
        first = self._first(order)
        if operators_last and first.urgency.rank is Rank.OPERATOR:
            max_batch = min(max_batch, OPERATORS_AT_ONCE)
        batch = self._filled([first], (*order.in_time, *order.late), max_batch)
        if operators_last:
            batch = self._filled(batch, self._waiting, max_batch)
        self._remove(*batch)
        return Taken(tuple(sorted(batch)), expired)

    def oldest_wait_ms(self, now_ms: int, *, operators_too: bool = True) -> int:
        """Return how long the segment that came first has been waiting; 0 when none does."""
        arrived_ms = (
            place.arrived_ms
            for place in self._waiting
            if operators_too or place.urgency.rank is not Rank.OPERATOR
        )
        return now_ms - min(arrived_ms, default=now_ms)

    # --- who is next --------------------------------------------------------------------------

    def _order(self, now_ms: int, operators_last: bool) -> _Order[Item]:  # noqa: FBT001 - as ``take`` has it
        among: Sequence[Waiting[Item]] = self._waiting
        if operators_last:
            callers = [place for place in among if place.urgency.rank is not Rank.OPERATOR]
            among = callers or among
        order = _Order[Item]([], [])
        late_lines = set[str]()
        for place in among:
            line = place.urgency.line
            if line in late_lines or now_ms - place.deadline_ms > LATE_AFTER_MS:
                late_lines.add(line)
                order.late.append(place)
            else:
                order.in_time.append(place)
        return order

    def _first(self, order: _Order[Item]) -> Waiting[Item]:
        if not order.late or not order.in_time:
            return (order.in_time or order.late)[0]
        self._takes_in_time = (self._takes_in_time + 1) % LATE_SHARE
        return order.in_time[0] if self._takes_in_time else order.late[0]

    def _filled(
        self, batch: Sequence[Waiting[Item]], order: Sequence[Waiting[Item]], most: int
    ) -> list[Waiting[Item]]:
        """Return *batch* with those of *order* that go well with its first, up to *most*."""
        near = self._like(batch[0], order, _CHOICE * most)
        chosen = {place.number: place for place in batch}
        grown = True
        while grown and len(chosen) < most:
            grown = False
            for place in near:
                if place.number not in chosen and self._follows(place, chosen):
                    chosen[place.number] = place
                    grown = True
                    if len(chosen) == most:
                        break
        return list(chosen.values())

    def _like(
        self, first: Waiting[Item], among: Iterable[Waiting[Item]], choice: int
    ) -> list[Waiting[Item]]:
        """Return who of the *choice* most urgent may share *first*'s window, the likest first."""
        others = (place for place in islice(among, choice) if place.number != first.number)
        like = [place for place in others if self._fits(place, first)]
        return sorted(like, key=lambda place: abs(place.duration_ms - first.duration_ms))

    def _follows(self, place: Waiting[Item], chosen: Iterable[int]) -> bool:
        """Say whether all that stands before *place* in its line is *chosen*."""
        for waiting in self._lines[place.urgency.line]:
            if waiting.number == place.number:
                return True
            if waiting.number not in chosen:
                return False
        return False

    def _fits(self, place: Waiting[Item], first: Waiting[Item]) -> bool:
        """Say whether *place* may share *first*'s window, for which all of a batch pay.

        Batches of similar lengths cost 0.017 core-seconds per second, mixed ones 0.025.
        """
        if place.alone or first.alone:
            return False
        shorter, longer = sorted(
            window_frames(w.duration_ms * MODEL_RATE_HZ // 1000, self._limits)
            for w in (place, first)
        )
        return longer * 4 <= shorter * 5

    # --- who is given up ----------------------------------------------------------------------

    def _due_before(self, deadline_ms: int) -> tuple[Waiting[Item], ...]:
        end = bisect_left(self._waiting, deadline_ms, key=lambda place: place.deadline_ms)
        return tuple(self._waiting[:end])

    def _least_wanted(self, now_ms: int) -> Waiting[Item]:
        """Return the operator who is late for longest, else the operator, else anyone, due last."""
        operators = [p for p in self._waiting if p.urgency.rank is Rank.OPERATOR]
        if operators and now_ms - operators[0].deadline_ms > LATE_AFTER_MS:
            return operators[0]
        return (operators or self._waiting)[-1]

    # --- places -------------------------------------------------------------------------------

    def _hurry(self, line: Iterable[Waiting[Item]], place: Waiting[Item]) -> None:
        """Make those who stand before *place* in its line as urgent as it is."""
        for waiting in tuple(line):
            hurried = _as_urgent_as(waiting, place)
            if hurried is not waiting:
                self._remove(waiting)
                self._add(hurried)

    def _add(self, place: Waiting[Item]) -> None:
        insort(self._waiting, place)
        insort(self._lines[place.urgency.line], place, key=lambda waiting: waiting.number)
        self._sound_ms += place.duration_ms

    def _remove(self, *places: Waiting[Item]) -> None:
        for place in places:
            del self._waiting[bisect_left(self._waiting, place)]
            line = self._lines[place.urgency.line]
            del line[bisect_left(line, place.number, key=lambda waiting: waiting.number)]
            if not line:
                del self._lines[place.urgency.line]
            self._sound_ms -= place.duration_ms


def _as_urgent_as(place: Waiting[Item], other: Waiting[Item]) -> Waiting[Item]:
    """Return *place*, at least as urgent as *other*."""
    rank = min(place.urgency.rank, other.urgency.rank)
    if place.deadline_ms <= other.deadline_ms and place.urgency.rank == rank:
        return place
    return replace(
        place,
        deadline_ms=min(place.deadline_ms, other.deadline_ms),
        urgency=Urgency(place.urgency.line, rank),
    )


class _LineClocks:
    """When each line's sound was spoken, as far as its arrival tells."""

    _FEW = 64

    def __init__(self) -> None:
        self._spoken_ms: dict[str, int] = {}
        self._forget_at = self._FEW

    def spoken_ms(self, line: str, duration_ms: int, now_ms: int) -> int:
        """Return when *duration_ms* more of *line*, which came just now, would have been spoken."""
        before_ms = self._spoken_ms.get(line, now_ms - AHEAD_MS - duration_ms)
        spoken_ms = max(now_ms - AHEAD_MS, before_ms + duration_ms)
        self._spoken_ms[line] = spoken_ms
        if len(self._spoken_ms) > self._forget_at:
            # Whose sound was spoken longer ago than that is remembered as well by forgetting.
            self._spoken_ms = {k: v for k, v in self._spoken_ms.items() if v > now_ms - AHEAD_MS}
            self._forget_at = max(self._FEW, 2 * len(self._spoken_ms))
        return max(now_ms, spoken_ms)
