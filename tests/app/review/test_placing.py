"""Where in the sound of a call a moment of the clock lies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.review.placing import HeardAt, SoundPlaces

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HOUR_MS = 3_600_000
heard_moments = st.lists(
    st.tuples(st.integers(0, 2 * HOUR_MS), st.integers(0, HOUR_MS)), max_size=30
)


def after(ms: int) -> datetime:
    return START + timedelta(milliseconds=ms)


def test_while_the_sound_comes_as_it_is_spoken_the_two_agree() -> None:
    places = SoundPlaces(
        START, HOUR_MS, [HeardAt(after(9_100), 8_000), HeardAt(after(15_000), 14_000)]
    )

    assert places.of(after(10_000)) == 10_000


def test_after_a_line_was_away_for_a_minute_the_sound_runs_behind_the_clock() -> None:
    heard = [HeardAt(after(ms + 61_000), ms) for ms in range(30_000, 90_000, 5_000)]
    places = SoundPlaces(START, HOUR_MS, heard)

    assert places.of(after(121_000)) == 60_000


def test_where_a_recorded_call_was_played_in_at_ten_times_its_speed_deeds_stand_in_its_sound() -> (
    None
):
    heard = [HeardAt(after(ms // 10), ms) for ms in range(0, HOUR_MS, 10_000)]
    places = SoundPlaces(START, HOUR_MS, heard)

    assert abs(places.of(after(60_000)) - 600_000) <= 10_000


def test_one_sentence_that_was_known_late_moves_nothing() -> None:
    heard = [HeardAt(after(12_000), 3_000), HeardAt(after(13_000), 12_000)]
    places = SoundPlaces(START, HOUR_MS, heard)

    assert places.of(after(12_500)) == 12_500


@given(
    heard=heard_moments, asked=st.integers(-HOUR_MS, 3 * HOUR_MS), duration=st.integers(0, HOUR_MS)
)
def test_every_moment_lies_within_the_call(
    heard: list[tuple[int, int]], asked: int, duration: int
) -> None:
    places = SoundPlaces(START, duration, [HeardAt(after(at), end) for at, end in heard])

    assert 0 <= places.of(after(asked)) <= duration
