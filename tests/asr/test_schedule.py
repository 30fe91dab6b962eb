"""The queue of waiting segments: urgency, batches, shedding, and that nobody starves."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from asr.schedule import DeadlineQueue

SECOND_MS = 1_000


def push(
    queue: DeadlineQueue[str], item: str, at_ms: int, budget_ms: int = 2_000, long_ms: int = 3_000
) -> list[str]:
    _, shed = queue.push(item, now_ms=at_ms, budget_ms=budget_ms, duration_ms=long_ms)
    return [place.item for place in shed]


def take(queue: DeadlineQueue[str], max_batch: int = 8, at_ms: int = 0) -> list[str]:
    return [place.item for place in queue.take(max_batch, now_ms=at_ms).batch]


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


def test_a_full_queue_gives_up_what_is_least_urgent_even_if_it_is_the_newcomer() -> None:
    queue = DeadlineQueue[str](2)
    push(queue, "first", 0, budget_ms=4_000)
    push(queue, "second", 0, budget_ms=3_000)

    for_an_urgent_one = push(queue, "urgent", 0, budget_ms=1_000)
    for_a_patient_one = push(queue, "patient", 0, budget_ms=9_000)

    assert (for_an_urgent_one, for_a_patient_one) == (["first"], ["patient"])


def test_what_is_hopelessly_late_is_not_recognised() -> None:
    queue = DeadlineQueue[str](10, late_limit_ms=20_000)
    push(queue, "late", 0, budget_ms=1_000)
    push(queue, "in time", 0, budget_ms=1_001)

    taken = queue.take(8, now_ms=21_001)

    assert [place.item for place in taken.batch] == ["in time"]
    assert [place.item for place in taken.expired] == ["late"]


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


def test_what_was_in_hand_at_a_death_comes_back_first_and_alone() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "unlucky", 0)
    push(queue, "other", 1)
    (unlucky,) = queue.take(1, now_ms=0).batch
    queue.put_back(unlucky)

    first, second = take(queue), take(queue)

    assert (first, second) == (["unlucky"], ["other"])


def test_a_call_that_ended_is_not_recognised() -> None:
    queue = DeadlineQueue[str](10)
    place, _ = queue.push("ended", now_ms=0, budget_ms=1, duration_ms=1)

    first, second = queue.discard(place), queue.discard(place)

    assert (first, second) == (True, False)
    assert take(queue) == []


def test_the_delay_is_that_of_who_waits_longest() -> None:
    queue = DeadlineQueue[str](10)
    push(queue, "patient", 100, budget_ms=9_000)
    push(queue, "urgent", 400, budget_ms=10)

    assert queue.oldest_wait_ms(now_ms=500) == 400


def test_nobody_starves_beside_a_caller_who_talks_without_a_pause() -> None:
    queue = DeadlineQueue[str](64)
    served: Counter[str] = Counter()
    given_up: Counter[str] = Counter()

    # One flagged caller sends two segments a second with the smallest budget, nine others one in
    # eight seconds; one recogniser takes one segment a half second: just too little for all.
    for half_second in range(2 * 120):
        at_ms = half_second * SECOND_MS // 2
        given_up.update(push(queue, "loud", at_ms, budget_ms=500))
        if half_second % 16 == 0:
            for caller in range(9):
                given_up.update(push(queue, f"quiet {caller}", at_ms, budget_ms=2_000))
        served.update(take(queue, max_batch=1, at_ms=at_ms))

    fewest_served = min(served[f"quiet {caller}"] for caller in range(9))

    assert fewest_served >= 3
    assert served["loud"] > 9 * fewest_served


@given(
    pushes=st.lists(
        st.tuples(st.integers(0, 3_000), st.integers(0, 9_000), st.integers(0, 30_000)),
        max_size=60,
    ),
    capacity=st.integers(1, 20),
    max_batch=st.integers(1, 9),
    takes_every=st.integers(1, 9),
)
def test_everything_comes_out_exactly_once(
    pushes: list[tuple[int, int, int]], capacity: int, max_batch: int, takes_every: int
) -> None:
    queue = DeadlineQueue[int](capacity, late_limit_ms=5_000)
    out: list[int] = []
    now_ms = 0

    def take_one_batch() -> None:
        taken = queue.take(max_batch, now_ms=now_ms)
        assert len(taken.batch) <= max_batch
        out.extend(place.item for place in (*taken.batch, *taken.expired))

    for number, (later_ms, budget_ms, duration_ms) in enumerate(pushes):
        now_ms += later_ms
        _, shed = queue.push(number, now_ms=now_ms, budget_ms=budget_ms, duration_ms=duration_ms)
        out.extend(place.item for place in shed)
        assert len(queue) <= capacity
        if number % takes_every == 0:
            take_one_batch()
    while len(queue):
        take_one_batch()

    assert sorted(out) == list(range(len(pushes)))


@given(
    pushes=st.lists(
        st.tuples(st.integers(0, 2_000), st.integers(0, 9_000)), min_size=2, max_size=40
    )
)
def test_a_segment_is_overtaken_only_within_the_difference_of_the_budgets(
    pushes: list[tuple[int, int]],
) -> None:
    queue = DeadlineQueue[int](100, late_limit_ms=10**9)
    arrived_ms: list[int] = []
    now_ms = 0
    for number, (later_ms, budget_ms) in enumerate(pushes):
        now_ms += later_ms
        arrived_ms.append(now_ms)
        queue.push(number, now_ms=now_ms, budget_ms=budget_ms, duration_ms=3_000)

    order = [queue.take(1, now_ms=now_ms).batch[0].item for _ in pushes]

    for place, late in enumerate(order):
        for early in order[place + 1 :]:
            if arrived_ms[early] < arrived_ms[late]:
                lead_ms = arrived_ms[late] - arrived_ms[early]
                assert lead_ms <= pushes[early][1] - pushes[late][1]
