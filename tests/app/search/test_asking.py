"""What is typed into the search field, and what it means."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.errors import FieldRefused
from app.search.asking import (
    LONGEST_QUERY,
    MOST_TERMS,
    Asked,
    Scope,
    Track,
    asked,
    days_in_japan,
    duration_in_ms,
)
from app.search.preparing import words_here
from tests.app.search.said import wanted


def letters_of(typed: str) -> tuple[list[str], list[str]]:
    made = wanted(typed)
    return [term.letters for term in made.terms], list(made.excluded)


@pytest.mark.parametrize(
    ("typed", "said", "not_said"),
    [
        ("", [], []),
        ("   ", [], []),
        ("税金 泥棒", ["税金", "泥棒"], []),
        ("税金　泥棒", ["税金", "泥棒"], []),
        ("税金 税金", ["税金"], []),
        ("「お前、 馬鹿」 税金", ["お前馬鹿", "税金"], []),
        ("『責任者』", ["責任者"], []),
        ("“責任 者”", ["責任者"], []),
        ("税金 -泥棒", ["税金"], ["泥棒"]),
        ("－「税金 泥棒」", [], ["税金泥棒"]),
        ("ＡＢＣ", ["abc"], []),
        ("「閉じない", ["閉じない"], []),
        ("ー", ["ー"], []),
        ("税金 。 !", ["税金"], []),
        ("税●金", ["税金"], []),
    ],
)
def test_words_phrases_and_exceptions_are_told_apart(
    typed: str, said: list[str], not_said: list[str]
) -> None:
    assert letters_of(typed) == (said, not_said)


def test_a_quoted_phrase_is_looked_for_as_written_only() -> None:
    plain, quoted = wanted("土下座").terms[0], wanted("「土下座」").terms[0]

    assert plain.reading is not None
    assert quoted.reading is None
    assert wanted("土下座", by_reading=False).terms == (quoted,)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("あ" * (LONGEST_QUERY + 1), "search_too_long"),
        ("。。。 !?", "search_nothing_heard"),
        ("●●", "search_nothing_heard"),
        ("-", "search_nothing_heard"),
        (" ".join(f"言葉{n}" for n in range(MOST_TERMS + 1)), "search_too_many_words"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_at_its_field(typed: str, code: str) -> None:
    with pytest.raises(FieldRefused) as refused:
        wanted(typed)

    assert (refused.value.field, refused.value.code) == ("q", code)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_understood_or_refused(typed: str) -> None:
    try:
        made = asked(typed, words_here, track=Track.BOTH, scope=Scope.CALL, by_reading=True)
    except FieldRefused:
        return

    assert isinstance(made, Asked)
    assert all(term.letters and "\n" not in term.letters for term in made.terms)


def test_a_day_of_japan_begins_nine_hours_before_that_of_greenwich() -> None:
    begin, after = days_in_japan(date(2026, 4, 6), date(2026, 4, 6))

    assert begin == datetime(2026, 4, 5, 15, tzinfo=UTC)
    assert after == datetime(2026, 4, 6, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "field", "code"),
    [
        (date(2026, 4, 7), date(2026, 4, 6), "to", "search_days_reversed"),
        (date(1, 1, 1), None, "from", "search_day_unknown"),
        (None, date(9999, 12, 31), "to", "search_day_unknown"),
        (date(2026, 4, 6), date(9999, 12, 31), "to", "search_day_unknown"),
    ],
)
def test_days_that_cannot_be_are_refused_at_their_field(
    first: date | None, last: date | None, field: str, code: str
) -> None:
    with pytest.raises(FieldRefused) as refused:
        days_in_japan(first, last)

    assert (refused.value.field, refused.value.code) == (field, code)


def test_a_duration_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(FieldRefused) as refused:
        duration_in_ms(10, 9)

    assert refused.value.field == "minutes_to"
    assert duration_in_ms(1, 1) == (60_000, 60_000)
    assert duration_in_ms(None, None) == (None, None)
