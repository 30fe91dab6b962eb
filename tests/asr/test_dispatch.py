"""What a free recogniser is given: by load, by rank, and nothing lost without being said."""

from __future__ import annotations

from collections.abc import Sequence

from asr.dispatch import Dispatch, DispatchConfig, Task
from asr.types import Effort, Rank, Shedding, Urgency
from tests.asr.simulated_office import CALLERS, Arrival, Machine, Office, Seen, simulate

SEGMENT_MS = 3_200
"""With what a segment costs besides, as much as five seconds of sound."""


class Desk:
    """A dispatch with one recogniser that needs 200 ms for each segment, and a clock."""

    def __init__(self, **config: object) -> None:
        self.dispatch = Dispatch[str](DispatchConfig(**config))  # type: ignore[arg-type]
        self.now_ms = 0
        self.submit("first")
        self.work()
        self.pass_time(60_000)

    def pass_time(self, ms: int) -> None:
        self.now_ms += ms
        self.shedding()

    def submit(self, item: str, rank: Rank = Rank.CALLER, *, idle: int = 0) -> list[str]:
        """Return who was given up for *item*."""
        _, given_up = self.dispatch.submit(
            item,
            Urgency(item, rank),
            duration_ms=SEGMENT_MS,
            idle=idle,
            warm=1,
            now_ms=self.now_ms,
        )
        return [place.item for place in given_up]

    def load(self, segments: int, rank: Rank = Rank.CALLER) -> list[str]:
        return [lost for n in range(segments) for lost in self.submit(f"{rank.name} {n}", rank)]

    def next(self, *, idle: int = 1) -> Task[str] | None:
        return self.dispatch.next(64, idle=idle, warm=1, now_ms=self.now_ms).task

    def work(self, *, takes_time: bool = True) -> tuple[Effort, list[str]] | None:
        task = self.next()
        if task is None:
            return None
        took_ms = 200 * len(task.batch)
        self.now_ms += took_ms if takes_time else 0
        self.dispatch.answered(task, took_ms)
        return task.effort, [place.item for place in task.batch]

    def work_all(self) -> list[tuple[Effort, list[str]]]:
        done = []
        while (work := self.work(takes_time=False)) is not None:
            done.append(work)
        return done

    def shedding(self) -> Shedding:
        return self.dispatch.shedding(idle=0, warm=1, now_ms=self.now_ms)


def efforts_of(work: Sequence[tuple[Effort, list[str]]], rank: Rank) -> set[Effort]:
    return {effort for effort, items in work if any(rank.name in item for item in items)}


# The stated order


def test_the_more_waits_the_more_is_left_out_in_the_stated_order() -> None:
    desk = Desk()
    steps = []

    for _ in range(8):
        steps.append(desk.shedding())
        desk.load(1)

    assert steps == [
        Shedding.NOTHING,
        Shedding.NOTHING,  # 200 ms
        Shedding.PARTIALS,  # 400 ms
        Shedding.PARTIALS,
        Shedding.PARTIALS,
        Shedding.OPERATOR,  # 1,000 ms
        Shedding.OPERATOR,
        Shedding.THOROUGHNESS,  # 1,400 ms
    ]


def test_twice_as_many_recognisers_leave_out_half_as_much() -> None:
    desk = Desk()
    desk.load(6)

    steps = [desk.dispatch.shedding(idle=0, warm=warm, now_ms=0) for warm in (4, 2, 1)]

    assert steps == [Shedding.NOTHING, Shedding.PARTIALS, Shedding.OPERATOR]


def test_what_idle_recognisers_begin_at_once_is_no_load_however_slow_they_are() -> None:
    desk = Desk()
    desk.load(6)

    clear_ms = [desk.dispatch.clear_ms(idle=idle, warm=6) for idle in (6, 5)]

    assert clear_ms == [0, 200]


def test_without_load_everybody_is_read_thoroughly() -> None:
    desk = Desk()
    desk.load(1, Rank.OPERATOR)
    desk.load(1, Rank.CALLER)

    work = desk.work_all()

    assert {effort for effort, _ in work} == {Effort.THOROUGH}


def test_under_load_operators_among_themselves_are_read_once() -> None:
    desk = Desk()
    desk.load(5, Rank.OPERATOR)

    work = desk.work_all()

    assert {effort for effort, _ in work} == {Effort.QUICK}


def test_under_load_operators_who_fill_a_caller_s_batch_are_read_with_it() -> None:
    desk = Desk()
    desk.load(2, Rank.OPERATOR)
    desk.load(3, Rank.CALLER)

    work = desk.work_all()

    assert [(effort, len(items)) for effort, items in work] == [(Effort.THOROUGH, 5)]


def test_operators_who_wait_behind_every_caller_are_no_delay() -> None:
    desk = Desk()
    desk.load(1, Rank.OPERATOR)
    desk.pass_time(3_000)
    before_ms = desk.dispatch.delay_ms((), desk.now_ms)
    desk.load(5, Rank.CALLER)
    desk.pass_time(100)

    assert desk.shedding() is Shedding.OPERATOR
    assert (before_ms, desk.dispatch.delay_ms((), desk.now_ms)) == (3_000, 100)


def test_under_more_load_everybody_is_read_once() -> None:
    desk = Desk()
    desk.load(7, Rank.CALLER)
    desk.load(1, Rank.OPERATOR)

    work = desk.work_all()

    assert efforts_of(work, Rank.CALLER) == efforts_of(work, Rank.OPERATOR) == {Effort.QUICK}


def test_a_full_queue_gives_up_operators_and_says_so() -> None:
    desk = Desk(capacity=4)
    desk.load(3, Rank.OPERATOR)

    lost = desk.load(3, Rank.CALLER)

    assert lost == ["OPERATOR 2", "OPERATOR 1"]


def test_in_a_lasting_overload_words_come_in_time_or_not_at_all() -> None:
    desk = Desk(late_limit_ms=20_000, lasting_overload_ms=10_000, lasting_late_limit_ms=5_000)
    desk.load(8)
    desk.shedding()

    def expired() -> int:
        return len(desk.dispatch.next(1, idle=1, warm=1, now_ms=desk.now_ms).expired)

    desk.pass_time(9_000)
    not_lasting = expired()
    desk.pass_time(1_000)
    lasting = expired()

    assert (not_lasting, lasting) == (0, 7)


def test_where_nothing_may_be_shed_everything_is_read_thoroughly_however_late() -> None:
    desk = Desk(capacity=1, may_shed=False)
    lost = desk.load(100, Rank.OPERATOR)
    desk.pass_time(10**9)

    work = desk.work_all()

    assert lost == []
    assert sum(len(items) for _, items in work) == 100
    assert {effort for effort, _ in work} == {Effort.THOROUGH}
    assert desk.shedding() is Shedding.NOTHING


# Sentences that are still being spoken


def test_a_partial_is_read_once_when_a_recogniser_has_nothing_else_to_do() -> None:
    desk = Desk()

    refused = desk.submit("partial", Rank.PARTIAL, idle=1)

    assert refused == []
    assert desk.work() == (Effort.QUICK, ["partial"])


def test_a_partial_is_refused_at_once_when_nobody_is_idle() -> None:
    desk = Desk()

    assert desk.submit("partial", Rank.PARTIAL, idle=0) == ["partial"]


def test_a_partial_is_refused_at_once_when_something_waits() -> None:
    desk = Desk()
    desk.submit("words", Rank.OPERATOR, idle=1)

    assert desk.submit("partial", Rank.PARTIAL, idle=1) == ["partial"]


def test_a_partial_is_refused_while_anything_is_shed() -> None:
    desk = Desk()
    desk.load(2)
    desk.work_all()

    assert desk.shedding() is Shedding.PARTIALS
    assert desk.submit("partial", Rank.PARTIAL, idle=1) == ["partial"]


def test_a_partial_is_refused_where_the_settings_say_so() -> None:
    desk = Desk(partials=False)

    assert desk.submit("partial", Rank.PARTIAL, idle=1) == ["partial"]


def test_a_partial_that_waits_is_withdrawn_when_real_work_comes() -> None:
    desk = Desk()
    desk.submit("partial", Rank.PARTIAL, idle=1)

    withdrawn = desk.submit("words", Rank.OPERATOR, idle=1)

    assert withdrawn == ["partial"]
    assert desk.work_all() == [(Effort.THOROUGH, ["words"])]


def test_a_partial_nobody_waits_for_is_forgotten() -> None:
    desk = Desk()
    place, _ = desk.dispatch.submit(
        "partial",
        Urgency("call", Rank.PARTIAL),
        duration_ms=SEGMENT_MS,
        idle=1,
        warm=1,
        now_ms=desk.now_ms,
    )

    first, second = desk.dispatch.discard(place), desk.dispatch.discard(place)

    assert (first, second) == (True, False)
    assert desk.work() is None


# Shares


def test_what_waits_is_shared_among_those_who_are_idle() -> None:
    desk = Desk()
    desk.load(5)

    task = desk.next(idle=2)

    assert task is not None
    assert len(task.batch) == 3


def test_a_recogniser_is_not_given_more_than_it_takes() -> None:
    desk = Desk()
    desk.load(5)

    task = desk.dispatch.next(1, idle=1, warm=1, now_ms=desk.now_ms).task

    assert task is not None
    assert len(task.batch) == 1


# A whole office, on a simulated clock


def lost_anything(seen: Seen) -> bool:
    return seen.lost_share(*CALLERS, Rank.OPERATOR) > 0


def test_thirty_two_calls_lose_nothing_and_wait_little() -> None:
    seen = simulate(32, 120)

    callers = seen.delays_of(*CALLERS)

    assert not lost_anything(seen)
    assert seen.quick_share(*CALLERS) == 0
    assert callers[int(0.95 * len(callers))] < 1_500


def test_with_sixty_four_calls_operators_pay_before_callers_do() -> None:
    seen = simulate(64, 120)

    callers, operators = seen.delays_of(*CALLERS), seen.delays_of(Rank.OPERATOR)

    assert seen.lost_share(*CALLERS) == 0
    assert callers[int(0.95 * len(callers))] < 2_500
    assert operators[len(operators) // 2] > 2 * callers[len(callers) // 2]
    assert seen.quick_share(*CALLERS) > 0.9


def test_beyond_every_limit_most_callers_words_still_come_in_seconds() -> None:
    seen = simulate(96, 180)

    callers = seen.delays_of(*CALLERS)

    assert 0 < seen.lost_share(*CALLERS) < 0.3
    assert callers[len(callers) // 2] < 6_000


def test_an_office_with_few_calls_reads_partials_and_sheds_nothing() -> None:
    seen = simulate(8, 120)

    assert not lost_anything(seen)
    assert seen.lost_share(Rank.PARTIAL) < 0.2
    assert seen.steps_ms[Shedding.OPERATOR] == 0


def test_when_the_load_goes_so_does_the_shedding() -> None:
    dispatch = Dispatch[Arrival](DispatchConfig())
    rush = [
        Arrival(at_ms, SEGMENT_MS, Urgency(f"{at_ms}.caller", Rank.CALLER))
        for at_ms in range(0, 5_000, 25)
    ]
    quiet = [
        Arrival(at_ms, SEGMENT_MS, Urgency("late.caller", Rank.CALLER))
        for at_ms in range(40_000, 60_000, 4_000)
    ]

    seen = Office(dispatch, Machine(), 1, [*rush, *quiet]).run()

    assert seen.steps_ms[Shedding.THOROUGHNESS] > 0
    assert dispatch.shedding(idle=2, warm=2, now_ms=60_000) is Shedding.NOTHING
    assert seen.delays_of(Rank.CALLER)[0] < 300
    assert not lost_anything(seen)
