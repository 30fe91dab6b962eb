"""The queue of waiting segments: urgency, lines, batches, shedding, and that nobody starves."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from asr.schedule import (
    AHEAD_MS,
    LATE_AFTER_MS,
    LATE_SHARE,
    OPERATORS_AT_ONCE,
    DeadlineQueue,
)
from asr.types import Rank, Urgency

SECOND_MS = 1_000


def push(
    queue: DeadlineQueue[str],
    item: str,
    at_ms: int,
    budget_ms: int = 2_000,
    long_ms: int = 3_000,
    line: str | None = None,
    rank: Rank = Rank.CALLER,
) -> list[str]:
    """Push a segment, by default the only one of its line."""
    urgency = Urgency(line or item, rank)
    _, shed = queue.push(item, urgency, now_ms=at_ms, budget_ms=budget_ms, duration_ms=long_ms)
    return [place.item for place in shed]


def take(
    queue: DeadlineQueue[str], max_batch: int = 8, at_ms: int = 0, *, operators_last: bool = False
) -> list[str]:
    taken = queue.take(max_batch, now_ms=at_ms, operators_last=operators_last)
    return [place.item for place in taken.batch]


# Who is next


def test_whose_budget_ends_first_goes_first() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "patient", 0, budget_ms=5_000)
    push(queue, "urgent", 100, budget_ms=1_000)
    push(queue, "ordinary", 200, budget_ms=2_000)

    order = [take(queue, max_batch=1) for _ in range(4)]

    assert order == [["urgent"], ["ordinary"], ["patient"], []]


def test_who_came_first_goes_first_among_equals() -> None:
    queue = DeadlineQueue[str](10)
    for item in "abcd":
        push(queue, item, 0)

    assert take(queue, max_batch=3) == ["a", "b", "c"]


def test_who_can_still_come_in_time_goes_before_who_is_late() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "late", 0, budget_ms=1_000)
    now_ms = 1_000 + LATE_AFTER_MS + 1
    push(queue, "in time", now_ms, budget_ms=1_000)

    order = [take(queue, max_batch=1, at_ms=now_ms) for _ in range(2)]

    assert order == [["in time"], ["late"]]


def test_one_take_in_four_is_for_who_is_late_for_longest() -> None:
    queue = DeadlineQueue[str](100)
    for number in range(2):
        push(queue, f"late {number}", number, budget_ms=0)
    now_ms = LATE_AFTER_MS + 10
    for number in range(10):
        push(queue, f"in time {number}", now_ms, budget_ms=1_000)

    order = [take(queue, max_batch=1, at_ms=now_ms)[0] for _ in range(2 * LATE_SHARE)]

    assert order[LATE_SHARE - 1 :: LATE_SHARE] == ["late 0", "late 1"]
    assert sum(item.startswith("in time") for item in order) == 2 * (LATE_SHARE - 1)


def test_operators_wait_behind_every_caller_when_that_is_asked_for() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "operator", 0, budget_ms=0, rank=Rank.OPERATOR)
    push(queue, "late caller", 0, budget_ms=500)
    push(queue, "caller", 3_000, budget_ms=5_000)

    order = [take(queue, 2, at_ms=3_000, operators_last=True) for _ in range(2)]

    assert order == [["late caller", "caller"], ["operator"]]


def test_operators_who_come_last_fill_the_places_that_callers_leave() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "operator", 0, rank=Rank.OPERATOR)
    push(queue, "caller", 1_000)

    together = take(queue, at_ms=1_000, operators_last=True)

    assert sorted(together) == ["caller", "operator"]


def test_operators_who_come_last_take_little_time_at_once() -> None:
    queue = DeadlineQueue[str](100)
    for number in range(20):
        push(queue, f"{number}", 0, rank=Rank.OPERATOR)

    last, as_usual = take(queue, operators_last=True), take(queue)

    assert (len(last), len(as_usual)) == (OPERATORS_AT_ONCE, 8)


# Lines


def test_of_one_line_who_spoke_first_goes_first_however_urgent_the_next_is() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "first", 0, budget_ms=9_000, line="call", rank=Rank.OPERATOR)
    push(queue, "other", 0, budget_ms=5_000)
    push(queue, "second", 10, budget_ms=500, line="call", rank=Rank.FLAGGED)

    order = [take(queue, max_batch=1, at_ms=10) for _ in range(3)]

    assert order == [["first"], ["second"], ["other"]]


def test_a_minute_that_comes_at_once_is_due_as_it_was_spoken() -> None:
    queue = DeadlineQueue[str](100)
    for number in range(12):
        push(queue, f"burst {number}", 0, line="resumed", long_ms=5_000)
    for number in range(5):
        push(queue, f"live {number}", 0, long_ms=5_000)

    first_seven = take(queue, max_batch=7)

    # Two may be ahead: a segment that is cut by force is found two seconds after its end.
    assert sorted(first_seven) == ["burst 0", "burst 1", *(f"live {n}" for n in range(5))]


def test_speech_in_real_time_is_due_when_its_budget_says() -> None:
    queue = DeadlineQueue[str](100)

    places = [
        queue.push(
            "words", Urgency("call", Rank.CALLER), now_ms=at_ms, budget_ms=1_500, duration_ms=3_000
        )[0]
        for at_ms in range(4_000, 40_000, 4_000)
    ]

    assert [place.deadline_ms - place.arrived_ms for place in places] == [1_500] * 9


@given(
    segments=st.lists(
        st.tuples(st.integers(0, 9_000), st.integers(100, 8_000)), min_size=1, max_size=40
    )
)
def test_no_line_is_due_faster_than_anybody_speaks(segments: list[tuple[int, int]]) -> None:
    queue = DeadlineQueue[int](100)
    now_ms, due = 0, list[tuple[int, int]]()

    for later_ms, duration_ms in segments:
        now_ms += later_ms
        urgency = Urgency("call", Rank.CALLER)
        place, _ = queue.push(0, urgency, now_ms=now_ms, budget_ms=0, duration_ms=duration_ms)
        due.append((place.deadline_ms, duration_ms))

    for first, (first_due_ms, _) in enumerate(due):
        for last in range(first + 1, len(due)):
            spoken_ms = sum(duration_ms for _, duration_ms in due[first + 1 : last + 1])
            assert due[last][0] - first_due_ms >= spoken_ms - AHEAD_MS


def test_lines_that_ended_are_forgotten() -> None:
    queue = DeadlineQueue[str](1)

    for call in range(1_000):
        push(queue, f"call {call}", call * SECOND_MS)
        take(queue, at_ms=call * SECOND_MS)

    assert len(queue._clocks._spoken_ms) <= 128


# Batches


def test_a_long_segment_does_not_make_short_ones_pay_for_its_window() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "short", 0, long_ms=1_000)
    push(queue, "long", 1, long_ms=25_000)
    push(queue, "five seconds", 2, long_ms=5_000)

    first, second = take(queue), take(queue)

    assert (first, second) == (["short", "five seconds"], ["long"])


def test_a_batch_is_made_of_those_whose_length_is_nearest() -> None:
    queue = DeadlineQueue[str](20)
    for at_ms, seconds in enumerate((4, 1, 5, 3, 1, 4)):
        push(queue, f"{at_ms}: {seconds} s", at_ms, long_ms=seconds * SECOND_MS)

    first, second = take(queue, max_batch=3), take(queue, max_batch=3)

    assert first == ["0: 4 s", "2: 5 s", "5: 4 s"]
    assert second == ["1: 1 s", "3: 3 s", "4: 1 s"]


def test_a_line_does_not_overtake_itself_by_fitting_better_into_a_batch() -> None:
    queue = DeadlineQueue[str](20)
    push(queue, "four seconds", 0, long_ms=4_000)
    push(queue, "long before", 1, long_ms=20_000, line="call")
    push(queue, "fitting after", 2, long_ms=4_000, line="call")

    order = [take(queue), take(queue), take(queue)]

    assert order == [["four seconds"], ["long before"], ["fitting after"]]


def test_what_was_in_hand_at_a_death_comes_back_first_and_alone() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "unlucky", 0)
    push(queue, "other", 1)
    (unlucky,) = queue.take(1, now_ms=0).batch
    queue.put_back(unlucky)

    first, second = take(queue), take(queue)

    assert (first, second) == (["unlucky"], ["other"])


def test_what_comes_back_goes_before_what_its_line_said_afterwards() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "unlucky", 0, budget_ms=3_000, line="call", rank=Rank.OPERATOR)
    (unlucky,) = queue.take(1, now_ms=0).batch
    push(queue, "afterwards", 100, budget_ms=500, line="call", rank=Rank.FLAGGED)
    push(queue, "other", 100, budget_ms=2_000)
    queue.put_back(unlucky)

    order = [take(queue, max_batch=1, operators_last=True) for _ in range(3)]

    assert order == [["unlucky"], ["afterwards"], ["other"]]


# Giving up


def test_a_full_queue_gives_up_what_is_least_urgent_even_if_it_is_the_newcomer() -> None:
    queue = DeadlineQueue[str](2)
    push(queue, "first", 0, budget_ms=4_000)
    push(queue, "second", 0, budget_ms=3_000)

    for_an_urgent_one = push(queue, "urgent", 0, budget_ms=1_000)
    for_a_patient_one = push(queue, "patient", 0, budget_ms=9_000)

    assert (for_an_urgent_one, for_a_patient_one) == (["first"], ["patient"])


def test_a_full_queue_gives_up_operators_before_callers_whatever_their_deadlines() -> None:
    queue = DeadlineQueue[str](2)
    push(queue, "operator", 0, budget_ms=1_000, rank=Rank.OPERATOR)
    push(queue, "caller", 0, budget_ms=9_000)

    given_up = push(queue, "another caller", 0, budget_ms=9_000)

    assert given_up == ["operator"]


def test_of_operators_who_are_late_the_oldest_words_are_given_up() -> None:
    queue = DeadlineQueue[str](2)
    push(queue, "old", 0, budget_ms=0, rank=Rank.OPERATOR)
    push(queue, "newer", 1_000, budget_ms=0, rank=Rank.OPERATOR)

    given_up = push(queue, "newest", 5_000, budget_ms=0, rank=Rank.OPERATOR)

    assert given_up == ["old"]


def test_what_is_hopelessly_late_is_not_recognised() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "late", 0, budget_ms=1_000)
    push(queue, "in time", 0, budget_ms=1_001)

    taken = queue.take(8, now_ms=21_001, late_limit_ms=20_000)

    assert [place.item for place in taken.batch] == ["in time"]
    assert [place.item for place in taken.expired] == ["late"]


def test_a_queue_without_a_limit_gives_nothing_up() -> None:
    queue = DeadlineQueue[str](None)

    given_up = [push(queue, f"{n}", 0, rank=Rank.OPERATOR) for n in range(1_000)]
    taken = queue.take(8, now_ms=10**9)

    assert not any(given_up)
    assert len(taken.batch) == 8


def test_a_call_that_ended_is_not_recognised() -> None:
    queue = DeadlineQueue[str](10)
    place, _ = queue.push(
        "ended", Urgency("call", Rank.CALLER), now_ms=0, budget_ms=1, duration_ms=1
    )

    first, second = queue.discard(place), queue.discard(place)

    assert (first, second) == (True, False)
    assert take(queue) == []


def test_a_call_that_ends_is_found_although_its_segments_were_hurried() -> None:
    queue = DeadlineQueue[str](10)
    place, _ = queue.push(
        "first", Urgency("call", Rank.CALLER), now_ms=0, budget_ms=9_000, duration_ms=100
    )
    push(queue, "second", 0, budget_ms=10, line="call", rank=Rank.FLAGGED)

    found = queue.discard(place)

    assert found
    assert take(queue) == ["second"]


def test_the_delay_is_that_of_who_waits_longest() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "patient", 100, budget_ms=9_000)
    push(queue, "urgent", 400, budget_ms=10)

    assert queue.oldest_wait_ms(now_ms=500) == 400


def test_the_delay_of_callers_is_known_apart() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "operator", 100, rank=Rank.OPERATOR)
    push(queue, "caller", 400)

    assert queue.oldest_wait_ms(500, operators_too=False) == 100


def test_the_sound_that_waits_is_known() -> None:
    queue = DeadlineQueue[str](2)
    for number, seconds in enumerate((1, 2, 4)):
        push(queue, f"{number}", number, long_ms=seconds * SECOND_MS)

    before_ms = queue.sound_ms
    queue.take(1, now_ms=0)

    assert (before_ms, queue.sound_ms) == (3_000, 2_000)


# Nobody starves


def test_nobody_starves_beside_a_caller_who_talks_without_a_pause() -> None:
    queue = DeadlineQueue[str](64)
    served: Counter[str] = Counter()

    # One flagged caller sends two segments of a second each every second, as if speaking twice
    # as fast as anybody can, with the smallest budget; nine others one in eight seconds. One
    # recogniser takes one segment a half second: just too little for all.
    for half_second in range(2 * 120):
        at_ms = half_second * SECOND_MS // 2
        push(queue, f"loud {at_ms}", at_ms, 500, SECOND_MS, "loud", Rank.FLAGGED)
        if half_second % 16 == 0:
            for caller in range(9):
                push(queue, f"quiet {at_ms}", at_ms, 2_000, 3_000, f"quiet {caller}")
        served.update(item.split()[0] for item in take(queue, max_batch=1, at_ms=at_ms))

    # Each second of the loud one's is due a second after the one before: half of the takes.
    assert served["quiet"] >= 110
    assert served["loud"] >= 100


@dataclass(frozen=True)
class Push:
    later_ms: int
    budget_ms: int
    duration_ms: int
    line: str
    rank: Rank


pushes_of_lines = st.lists(
    st.builds(
        Push,
        later_ms=st.integers(0, 3_000),
        budget_ms=st.integers(0, 9_000),
        duration_ms=st.integers(0, 30_000),
        line=st.sampled_from("abcde"),
        rank=st.sampled_from((Rank.FLAGGED, Rank.CALLER, Rank.OPERATOR)),
    ),
    max_size=60,
)


@given(
    pushes=pushes_of_lines,
    capacity=st.integers(1, 20),
    max_batch=st.integers(1, 9),
    takes_every=st.integers(1, 9),
    dies_every=st.integers(2, 9),
    operators_last=st.booleans(),
)
def test_everything_comes_out_exactly_once_and_each_line_in_its_order(
    pushes: list[Push],
    capacity: int,
    max_batch: int,
    takes_every: int,
    dies_every: int,
    operators_last: bool,
) -> None:
    queue = DeadlineQueue[int](capacity)
    out: list[int] = []
    said: defaultdict[str, list[int]] = defaultdict(list)
    now_ms = takes = 0

    def take_one_batch() -> None:
        nonlocal takes
        takes += 1
        taken = queue.take(
            max_batch, now_ms=now_ms, late_limit_ms=5_000, operators_last=operators_last
        )
        assert len(taken.batch) <= max_batch
        if takes % dies_every == 0:
            for place in taken.batch:
                queue.put_back(place)
        else:
            for place in taken.batch:
                said[place.urgency.line].append(place.number)
            out.extend(place.item for place in taken.batch)
        out.extend(place.item for place in taken.expired)

    for number, one in enumerate(pushes):
        now_ms += one.later_ms
        _, shed = queue.push(
            number,
            Urgency(one.line, one.rank),
            now_ms=now_ms,
            budget_ms=one.budget_ms,
            duration_ms=one.duration_ms,
        )
        out.extend(place.item for place in shed)
        if number % takes_every == 0:
            take_one_batch()
    while len(queue):
        take_one_batch()

    assert sorted(out) == list(range(len(pushes)))
    assert queue.sound_ms == 0
    assert all(numbers == sorted(numbers) for numbers in said.values())


@given(
    pushes=st.lists(
        st.tuples(st.integers(0, 2_000), st.integers(0, 9_000)), min_size=2, max_size=40
    )
)
def test_a_segment_is_overtaken_only_within_the_difference_of_the_budgets(
    pushes: list[tuple[int, int]],
) -> None:
    queue = DeadlineQueue[int](100)
    arrived_ms: list[int] = []
    now_ms = 0
    for number, (later_ms, budget_ms) in enumerate(pushes):
        now_ms += later_ms
        arrived_ms.append(now_ms)
        urgency = Urgency(f"{number}", Rank.CALLER)
        queue.push(number, urgency, now_ms=now_ms, budget_ms=budget_ms, duration_ms=3_000)

    # Before anybody is late.
    order = [queue.take(1, now_ms=0).batch[0].item for _ in pushes]

    for place, late in enumerate(order):
        for early in order[place + 1 :]:
            if arrived_ms[early] < arrived_ms[late]:
                lead_ms = arrived_ms[late] - arrived_ms[early]
                assert lead_ms <= pushes[early][1] - pushes[late][1]


@given(
    late=st.integers(1, 12),
    arrivals=st.lists(st.integers(0, 3), min_size=60, max_size=60),
    max_batch=st.integers(1, 4),
)
def test_whatever_arrives_a_backlog_is_worked_off(
    late: int, arrivals: list[int], max_batch: int
) -> None:
    queue = DeadlineQueue[str](None)
    for number in range(late):
        push(queue, f"late {number}", 0, budget_ms=0)
    taken: list[str] = []

    for turn, newcomers in enumerate(arrivals):
        now_ms = 60_000 + turn
        for number in range(newcomers):
            push(queue, f"new {turn}.{number}", now_ms, budget_ms=5_000)
        taken += take(queue, max_batch, at_ms=now_ms)

    assert sum(item.startswith("late") for item in taken) == late


@given(
    burst=st.integers(1, 30),
    burst_ms=st.integers(500, 8_000),
    others=st.lists(st.integers(500, 8_000), min_size=1, max_size=8),
)
def test_a_burst_of_one_line_delays_another_by_no_more_than_its_spoken_share(
    burst: int, burst_ms: int, others: list[int]
) -> None:
    queue = DeadlineQueue[str](None)
    for number in range(burst):
        push(queue, f"burst {number}", 0, 500, burst_ms, "burst", Rank.FLAGGED)
    for number, long_ms in enumerate(others):
        push(queue, f"other {number}", 0, 1_500, long_ms)

    order = [take(queue, max_batch=1)[0] for _ in range(burst + len(others))]

    last_other = max(order.index(f"other {number}") for number in range(len(others)))
    before = sum(item.startswith("burst") for item in order[:last_other])
    # Due before the others: what fits into the two seconds ahead and the second between budgets.
    assert before <= 1 + (AHEAD_MS + 1_000) // burst_ms
