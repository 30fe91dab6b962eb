"""Facts about comparing two decoders over the same sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bench.certainty import difference
from app.bench.comparison import AT_ONCE, Decode, Hearing, compare, report
from app.bench.recordings import Recording
from asr.types import MODEL_RATE_HZ
from detection.measures import Share, total

SECOND = np.zeros(MODEL_RATE_HZ, dtype=np.float32)


def sentences(count: int) -> list[Recording]:
    """Return a recording of a second each, all of the same sentence."""
    return [Recording(f"{index}", "ゴミの日です", SECOND) for index in range(count)]


class Machine:
    """A processor whose seconds pass only while something is decoded."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.order: list[str] = []

    def decoder(self, name: str, text: str, seconds: Sequence[float]) -> Decode:
        """Cost *seconds* a recording: another number each time, the last from then on."""
        left = list(seconds)

        def decode(recordings: Sequence[Recording]) -> list[Hearing]:
            self.order.append(name)
            self.seconds += (left.pop(0) if len(left) > 1 else left[0]) * len(recordings)
            return [Hearing(text, doubtful=name == "ours") for _ in recordings]

        return decode

    def clock(self) -> float:
        return self.seconds


def nothing(_: float) -> None:
    """A progress bar that nobody looks at."""


# The difference


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9)), min_size=1))
def test_the_difference_lies_in_its_interval_and_turns_round_with_the_decoders(
    counts: list[tuple[int, int, int]],
) -> None:
    first = [Share(a, of) for a, _, of in counts]
    second = [Share(b, of) for _, b, of in counts]

    there, back = difference(first, second), difference(second, first)

    expected = (total(first).rate or 0) - (total(second).rate or 0)
    assert there.rate == pytest.approx(expected)
    assert back.rate == pytest.approx(-there.rate)
    assert back.low == pytest.approx(-there.high)
    assert there.low <= there.high


def test_what_differs_in_every_sentence_is_clear_and_what_differs_by_chance_is_not() -> None:
    worse = [Share(4, 10)] * 40
    better = [Share(2, 10)] * 40
    either = [Share(0, 10), Share(4, 10)] * 20
    other = either[1:] + either[:1]

    clear, chance = difference(worse, better), difference(either, other)

    assert (clear.low, clear.high) == pytest.approx((0.2, 0.2))
    assert clear.is_clear
    assert chance.low < 0 < chance.high
    assert not chance.is_clear


def test_a_hard_sentence_is_hard_for_both_and_widens_nothing() -> None:
    hard = [Share(n % 10, 10) for n in range(40)]

    apart = difference(hard, hard)

    assert (apart.low, apart.rate, apart.high) == (0, 0, 0)


@pytest.mark.parametrize(
    ("first", "second"),
    [([], []), ([Share(0, 0)], [Share(0, 0)]), ([Share(1, 2)], [Share(1, 3)])],
)
def test_other_sentences_cannot_be_compared(first: list[Share], second: list[Share]) -> None:
    with pytest.raises(ValueError, match="same sentences"):
        difference(first, second)


# The comparison


def measure(
    recordings: list[Recording], ours: Sequence[float], stock: Sequence[float], rounds: int
) -> tuple[dict[str, Any], Machine]:
    machine = Machine()
    decoders = {
        "ours": machine.decoder("ours", "ゴミの日です", ours),
        "stock": machine.decoder("stock", "ゴミの", stock),
    }
    progress: Callable[[float], None] = nothing
    measured = compare(recordings, decoders, rounds, progress, machine.clock)
    return report(recordings, measured["ours"], measured["stock"], rounds), machine


def test_costs_are_core_seconds_for_each_second_of_sound() -> None:
    told, _ = measure(sentences(5), ours=[0.02], stock=[0.1], rounds=1)

    assert told["ours"] == {
        "core_seconds_per_second": 0.02,
        "by_round": [0.02],
        "cer": 0.0,
        "cer_capped": 0.0,
        "doubtful": 5,
    }
    assert told["stock"] == {
        "core_seconds_per_second": 0.1,
        "by_round": [0.1],
        "cer": 0.5,
        "cer_capped": 0.5,
    }
    assert told["times_cheaper"] == 5.0


def test_a_round_that_other_work_slowed_does_not_count() -> None:
    told, _ = measure(sentences(4), ours=[0.02, 0.5, 0.02], stock=[0.1], rounds=3)

    assert told["ours"] == {
        "core_seconds_per_second": 0.02,
        "by_round": [0.02, 0.5, 0.02],
        "cer": 0.0,
        "cer_capped": 0.0,
        "doubtful": 4,
    }


def test_decoders_take_turns_and_the_first_changes_with_the_round() -> None:
    _, machine = measure(sentences(AT_ONCE + 1), ours=[1], stock=[1], rounds=2)

    assert machine.order == ["ours", "stock"] * 2 + ["stock", "ours"] * 2


def test_short_and_long_sentences_are_mixed_whatever_the_order_of_the_file() -> None:
    recordings = sentences(2 * AT_ONCE)
    seen: list[list[str]] = []

    def decode(share: Sequence[Recording]) -> list[Hearing]:
        seen.append([recording.utterance_id for recording in share])
        return [Hearing(recording.utterance_id) for recording in share]

    measured = compare(recordings, {"ours": decode}, 1, nothing)

    assert sorted(seen[0] + seen[1]) == sorted(r.utterance_id for r in recordings)
    assert 4 < sum(int(utterance_id) < AT_ONCE for utterance_id in seen[0]) < AT_ONCE - 4
    assert all(measured["ours"].hearings[r.utterance_id].text == r.utterance_id for r in recordings)


def test_the_figures_say_how_sure_the_difference_is() -> None:
    told, _ = measure(sentences(6), ours=[1], stock=[1], rounds=1)

    assert told["cer_difference"] == {
        "ours_minus_stock": -0.5,
        "low": -0.5,
        "high": -0.5,
        "resamples": 2_000,
        "clear": True,
    }


def test_a_decode_that_runs_away_is_one_wrong_sentence_in_the_capped_rate() -> None:
    machine = Machine()
    decoders = {
        "ours": machine.decoder("ours", "ゴミの日です", [1]),
        "stock": machine.decoder("stock", "ゴミ" * 60, [1]),
    }
    recordings = sentences(3)

    measured = compare(recordings, decoders, 1, nothing, machine.clock)
    told = report(recordings, measured["ours"], measured["stock"], 1)

    assert told["stock"]["cer"] > 10
    assert told["stock"]["cer_capped"] == 1.0
    assert told["cer_capped_difference"]["ours_minus_stock"] == -1.0


def test_a_sentence_recorded_in_many_noises_is_one_sentence_for_the_certainty() -> None:
    machine = Machine()
    once = [Recording("a", "はい", SECOND), Recording("b", "いいえ", SECOND)]
    often = [Recording(f"{r.utterance_id}{n}", r.text, SECOND) for r in once for n in range(50)]
    decoders = {
        "ours": machine.decoder("ours", "はい", [1]),
        "stock": machine.decoder("s", "", [1]),
    }

    few, many = (
        report(recordings, measured["ours"], measured["stock"], 1)
        for recordings in (once, often)
        for measured in [compare(recordings, decoders, 1, nothing, machine.clock)]
    )

    assert many["cer_difference"] == few["cer_difference"]
    assert few["cer_difference"]["low"] < few["cer_difference"]["high"]
