"""What hearing costs is measured in parts that make up the whole."""

from __future__ import annotations

import pytest

from app.bench.listening import listening_table, measure_listening, track_counts
from app.errors import BadRequest


def test_every_number_of_tracks_has_a_row_whose_parts_make_up_the_whole() -> None:
    steps: list[float] = []

    result = measure_listening([2, 16], steps.append, repeats=1, windows=100)

    assert [row["tracks"] for row in result["rows"]] == [2, 16]
    assert steps == [1, 2]
    for row in result["rows"]:
        cost = row["core_us_per_window"]
        parts = [cost[name] for name in ("framing", "voice_activity", "segmenting")]
        assert cost["all"] == pytest.approx(sum(parts), abs=0.05)
        assert 0 < cost["voice_activity"] < cost["all"]
    assert listening_table(result).count("\n") == 3


def test_numbers_of_tracks_are_read_between_commas() -> None:
    assert track_counts("2, 16,128") == [2, 16, 128]


@pytest.mark.parametrize("written", ["", "0", "3", "two", "2,,4", "-2", "1024"])
def test_what_is_no_number_of_tracks_is_refused(written: str) -> None:
    with pytest.raises(BadRequest):
        track_counts(written)
