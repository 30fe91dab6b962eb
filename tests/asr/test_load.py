"""What decoding is found to cost, and in which order things are left out."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from asr.load import SEGMENT_EXTRA_MS, DecodeCost, SheddingLadder
from asr.types import Effort, Shedding

THRESHOLDS_MS = (300, 800, 1_200)
CALMS_MS = (500, 5_000, 5_000)
LEAST_MS, FIRST_MS = 5_000, 120_000


def ladder() -> SheddingLadder:
    return SheddingLadder(THRESHOLDS_MS, CALMS_MS)


def measured(took_ms: float, *, batches: int = 50, duration_ms: int = 3_200) -> DecodeCost:
    """Return the cost after *batches* of one segment, each worth five seconds of sound."""
    cost = DecodeCost()
    for _ in range(batches):
        cost.answered([duration_ms], Effort.THOROUGH, took_ms)
    return cost


def timeout_ms(cost: DecodeCost, durations_ms: list[int], effort: Effort = Effort.THOROUGH) -> int:
    return cost.answer_timeout_ms(durations_ms, effort, first_ms=FIRST_MS, least_ms=LEAST_MS)


# What it costs


def test_nothing_is_expected_before_something_was_measured() -> None:
    assert DecodeCost().expected_ms(10, 30_000, Effort.THOROUGH) == 0


def test_what_is_expected_grows_with_sound_and_with_segments() -> None:
    cost = measured(100)

    one_ms = cost.expected_ms(1, 3_200, Effort.THOROUGH)
    ten_ms = cost.expected_ms(10, 10 * 3_200, Effort.THOROUGH)
    pieces_ms = cost.expected_ms(4, 3_200, Effort.THOROUGH)

    assert round(one_ms) == 100
    assert round(ten_ms) == 1_000
    assert round(pieces_ms - one_ms) == round(100 * 3 * SEGMENT_EXTRA_MS / 5_000)


def test_a_machine_that_becomes_slower_is_believed_after_a_while() -> None:
    cost = measured(100)

    for _ in range(50):
        cost.answered([3_200], Effort.THOROUGH, 300)

    assert cost.expected_ms(1, 3_200, Effort.THOROUGH) > 270


def test_one_reading_is_measured_apart() -> None:
    cost = measured(160)
    unknown_ms = cost.expected_ms(1, 3_200, Effort.QUICK)

    cost.answered([3_200], Effort.QUICK, 100)

    assert round(unknown_ms) == 160
    assert round(cost.expected_ms(1, 3_200, Effort.QUICK)) == 100
    assert round(cost.expected_ms(1, 3_200, Effort.THOROUGH)) == 160


# When a recogniser has hung


def test_the_first_batches_may_take_long() -> None:
    assert timeout_ms(measured(100, batches=2), [8_000] * 8) == FIRST_MS


def test_one_reading_is_never_expected_to_take_longer_than_several() -> None:
    assert timeout_ms(measured(10_000), [3_200], Effort.QUICK) == 80_000


def test_a_small_batch_is_given_seconds_all_the_same() -> None:
    assert timeout_ms(measured(100), [500]) == LEAST_MS


def test_a_slow_model_is_given_eight_times_what_it_takes() -> None:
    assert timeout_ms(measured(10_000), [3_200]) == 80_000


def test_who_did_not_answer_may_have_been_slow_only() -> None:
    cost = measured(1_000)

    patience = [timeout_ms(cost, [3_200])]
    for _ in range(5):
        cost.not_answered()
        patience.append(timeout_ms(cost, [3_200]))
    cost.answered([3_200], Effort.THOROUGH, 1_000)

    assert patience == [8_000, 16_000, 32_000, 64_000, 64_000, 64_000]
    assert timeout_ms(cost, [3_200]) == 8_000


# What is left out


def test_each_step_is_taken_at_once_above_its_threshold() -> None:
    steps = [ladder().step(clear_ms, 0) for clear_ms in (300, 301, 801, 1_201)]

    assert steps == [
        Shedding.NOTHING,
        Shedding.PARTIALS,
        Shedding.OPERATOR,
        Shedding.THOROUGHNESS,
    ]


def test_steps_are_taken_back_one_by_one_and_only_after_calm() -> None:
    load = ladder()
    load.step(2_000, 0)
    load.step(0, 1_000)

    steps = {at_ms: load.step(0, at_ms) for at_ms in (5_999, 6_000, 10_999, 11_000, 11_500)}

    assert steps == {
        5_999: Shedding.THOROUGHNESS,
        6_000: Shedding.OPERATOR,
        10_999: Shedding.OPERATOR,
        11_000: Shedding.PARTIALS,
        11_500: Shedding.NOTHING,
    }


def test_whoever_looks_late_sees_the_same() -> None:
    load = ladder()
    load.step(2_000, 0)
    load.step(0, 1_000)

    assert load.step(0, 60_000) is Shedding.NOTHING


def test_half_calm_is_no_calm() -> None:
    load = ladder()
    load.step(2_000, 0)

    steps = [load.step(700, at_ms) for at_ms in range(1_000, 60_000, 1_000)]

    assert set(steps) == {Shedding.THOROUGHNESS}


def test_a_moment_of_load_begins_the_calm_anew() -> None:
    load = ladder()
    load.step(1_000, 0)
    load.step(0, 1_000)
    load.step(700, 5_000)
    load.step(0, 5_100)

    steps = [load.step(0, at_ms) for at_ms in (10_099, 10_100)]

    assert steps == [Shedding.OPERATOR, Shedding.PARTIALS]


def test_it_is_known_how_long_nothing_more_could_be_left_out() -> None:
    load = ladder()
    load.step(1_000, 0)
    load.step(2_000, 3_000)
    load.step(2_000, 9_000)

    lasted_ms = load.top_for_ms(9_000)
    load.step(0, 10_000)
    load.step(0, 20_000)

    assert (lasted_ms, load.top_for_ms(20_000)) == (6_000, 0)


@given(st.lists(st.tuples(st.integers(0, 9_000), st.floats(0, 3_000)), min_size=1, max_size=80))
def test_steps_go_up_with_the_load_and_down_only_after_calm(
    loads: list[tuple[int, float]],
) -> None:
    load, now_ms = ladder(), 0
    seen: list[tuple[int, float, Shedding]] = []

    for later_ms, clear_ms in loads:
        now_ms += later_ms
        seen.append((now_ms, clear_ms, load.step(clear_ms, now_ms)))

    for _, clear_ms, step in seen:
        assert step >= sum(clear_ms > threshold_ms for threshold_ms in THRESHOLDS_MS)
    for (_, _, before), (at_ms, _, after) in pairwise(seen):
        if after < before:
            busy = [
                when_ms
                for when_ms, clear_ms, _ in seen
                if when_ms < at_ms and clear_ms > THRESHOLDS_MS[before - 1] / 2
            ]
            assert at_ms - busy[-1] >= CALMS_MS[before - 1]
