"""Facts about comparing settings of the decoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from app.bench.comparison import Decode, Hearing, compare
from app.bench.decode_sweep import SETTINGS, STOCK, chosen, rows, takes
from app.bench.recordings import Recording
from asr.types import MODEL_RATE_HZ

SOUND = np.sin(np.arange(MODEL_RATE_HZ, dtype=np.float32))
RECORDINGS = [Recording("a", "ゴミの日です", SOUND), Recording("b", "雪です", SOUND)]


def writing(text: str) -> Decode:
    def decode(recordings: Sequence[Recording]) -> list[Hearing]:
        return [Hearing(text) for _ in recordings]

    return decode


def nothing(_: float) -> None:
    """A progress bar that nobody looks at."""


def test_no_two_settings_have_one_name() -> None:
    names = [setting.name for setting in SETTINGS]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["beam"], {"beam 2", "beam 3", "beam 5"}), (["quick", "thorough"], {"quick", "thorough"})],
)
def test_settings_are_chosen_by_how_their_names_begin(names: list[str], expected: set[str]) -> None:
    assert expected <= {setting.name for setting in chosen(names)}
    assert all(setting.name.startswith(tuple(names)) for setting in chosen(names))


def test_without_a_choice_every_setting_is_measured() -> None:
    assert chosen([]) == SETTINGS


def test_the_first_take_is_the_recording_itself() -> None:
    assert takes(RECORDINGS, 1) == RECORDINGS


def test_every_take_says_the_same_sentence_and_sounds_a_little_different() -> None:
    heard = takes(RECORDINGS, 3)

    assert [take.utterance_id for take in heard] == ["a", "a#2", "a#3", "b", "b#2", "b#3"]
    assert [take.text for take in heard[:3]] == ["ゴミの日です"] * 3
    assert not np.array_equal(heard[1].samples, heard[2].samples)
    assert all(take.samples.size > SOUND.size - MODEL_RATE_HZ // 100 for take in heard)


def test_takes_are_the_same_on_every_day() -> None:
    first, second = takes(RECORDINGS, 2), takes(RECORDINGS, 2)

    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(first, second, strict=True))


def test_a_row_says_how_a_setting_differs_from_stock() -> None:
    measured = compare(
        RECORDINGS, {STOCK: writing("ゴミの火です"), "quick": writing("ゴミの日です")}, 1, nothing
    )

    table = rows(RECORDINGS, measured)

    assert table[STOCK]["cer_difference"]["ours_minus_stock"] == 0
    assert table["quick"]["cer"] < table[STOCK]["cer"]
    assert table["quick"]["cer_difference"]["ours_minus_stock"] < 0
