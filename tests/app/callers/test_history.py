"""What is shown of earlier calls: as much as the person may see, and counted no further."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.auth.identity import Identity, Role
from app.auth.visibility import may_see
from app.callers.history import (
    MOST_LISTED,
    PastCall,
    Sight,
    may_read_number,
    sight_of,
    summed_up,
)

NOW = datetime(2026, 4, 6, 9, 0, tzinfo=UTC)
SATO = Identity("sato", "佐藤", Role.OPERATOR, "市民課", user_id=1)
MORI = Identity("mori", "森", Role.SUPERVISOR, "市民課", user_id=2)

SECTIONS = st.sampled_from(["", "市民課", "税務課"])
CALLS = st.builds(
    PastCall,
    call_id=st.text("abc", min_size=1, max_size=8),
    operator=st.sampled_from(["", "sato", "ito"]),
    section=SECTIONS,
    started_at=st.integers(-10, 100 * 24 * 60).map(
        lambda minutes: NOW - timedelta(minutes=minutes)
    ),
    ended_at=st.sampled_from([None, NOW]),
    top_level=st.integers(0, 3),
    outcome=st.just("ordinary"),
    duration_ms=st.just(60_000),
)
PEOPLE = st.builds(
    Identity,
    login=st.sampled_from(["sato", "mori"]),
    display_name=st.just("人"),
    role=st.sampled_from(list(Role)),
    section=SECTIONS,
)


def past(call_id: str, ago: timedelta, operator: str = "ito", section: str = "市民課") -> PastCall:
    began = NOW - ago
    return PastCall(call_id, operator, section, began, began, 1, "ordinary", 60_000)


def test_calls_of_a_day_and_of_90_days_are_counted() -> None:
    earlier = [
        past("in a day", timedelta(hours=24)),
        past("after it", timedelta(hours=24, seconds=1)),
        past("in 90 days", timedelta(days=90)),
        past("after them", timedelta(days=90, seconds=1)),
    ]

    history = summed_up(earlier, MORI, call_began_at=NOW, colleagues_answers=False)

    assert (history.last_24_hours, history.last_90_days) == (1, 3)
    assert [one.call.call_id for one in history.calls] == ["in a day", "after it", "in 90 days"]


def test_many_calls_are_counted_and_the_latest_listed() -> None:
    earlier = [past(f"c{hour}", timedelta(hours=hour)) for hour in range(1, 101)]

    history = summed_up(earlier, MORI, call_began_at=NOW, colleagues_answers=False)

    assert (history.last_24_hours, history.last_90_days) == (24, 100)
    assert len(history.calls) == MOST_LISTED
    assert history.calls[0].call.call_id == "c1"


def test_an_operator_is_told_of_colleagues_calls_by_date_and_level() -> None:
    own, colleagues = past("own", timedelta(1), "sato"), past("theirs", timedelta(2))

    history = summed_up([own, colleagues], SATO, call_began_at=NOW, colleagues_answers=False)

    assert [one.whole for one in history.calls] == [True, False]


def test_an_office_may_let_operators_read_what_colleagues_of_their_section_noted() -> None:
    colleagues = past("theirs", timedelta(2))

    sight = sight_of(SATO, colleagues, colleagues_answers=True)

    assert sight is Sight.WHOLE


def test_calls_of_other_sections_are_neither_listed_nor_counted() -> None:
    elsewhere = past("elsewhere", timedelta(hours=1), section="税務課")

    for person in (SATO, MORI):
        history = summed_up([elsewhere], person, call_began_at=NOW, colleagues_answers=True)
        assert (history.last_24_hours, history.last_90_days, history.calls) == (0, 0, ())


@given(PEOPLE, CALLS, st.booleans())
def test_nobody_is_shown_less_of_a_call_than_they_may_see(
    person: Identity, call: PastCall, colleagues_answers: bool
) -> None:
    may = may_see(person, operator=call.operator, section=call.section, live=call.ended_at is None)

    sight = sight_of(person, call, colleagues_answers=colleagues_answers)

    assert not may or sight is Sight.WHOLE
    if sight is not Sight.NOTHING and not may:
        assert person.role is Role.OPERATOR
        assert person.section == call.section
        assert call.ended_at is not None


@given(PEOPLE, st.lists(CALLS, max_size=20), st.booleans())
def test_a_count_says_no_more_than_its_list(
    person: Identity, earlier: list[PastCall], colleagues_answers: bool
) -> None:
    history = summed_up(earlier, person, call_began_at=NOW, colleagues_answers=colleagues_answers)

    assert 0 <= history.last_24_hours <= history.last_90_days == len(history.calls)
    assert all(one.call in earlier for one in history.calls)


def test_only_the_sections_supervisors_and_auditors_read_a_whole_number() -> None:
    readers = {
        (role, section)
        for role in Role
        for section in ("", "市民課", "税務課")
        if may_read_number(Identity("x", "x", role, section), "市民課")
    }

    assert readers == {
        (Role.SUPERVISOR, "市民課"),
        (Role.AUDITOR, "市民課"),
        (Role.AUDITOR, ""),
    }
