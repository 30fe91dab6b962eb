"""Which notice follows from which event, how long one waits, and which routes can be set up at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.errors import Unavailable
from app.events import Audience, Event, EventType
from app.notices.backoff import Pace
from app.notices.choosing import NoticeKind, Wanted, wanted
from app.notices.routes import Route, RouteKind, routes_of
from app.notices.settings import NoticeSettings
from tests.fakes_clock import MONDAY_MORNING

LEVELS = st.integers(0, 3)
SECRET = "a secret of the office, long enough"


def event(kind: EventType, /, section: str = "市民課", **data: Any) -> Event:
    return Event(1, kind, "c1", MONDAY_MORNING, data, Audience("sato", section))


def route(**more: Any) -> Route:
    return Route("r", RouteKind.WEBHOOK, **{"from_level": 2, **more})


@given(st.lists(LEVELS, max_size=30), st.integers(1, 3))
def test_a_call_is_told_once_a_level_and_never_on_its_way_down(
    levels: list[int], from_level: int
) -> None:
    subjects, top = [], 0
    for level in levels:
        top = max(top, level)
        told = wanted(
            event(EventType.LEVEL_CHANGED, level=level, top_level=top), route(from_level=from_level)
        )
        if told is not None:
            subjects.append(told.level)

    # What a route was told already is not written a second time: the tables hold the subject once.
    once = list(dict.fromkeys(subjects))
    assert once == sorted(once)
    assert all(level >= from_level for level in once)
    assert max(once, default=0) == (max(levels) if max(levels, default=0) >= from_level else 0)


@given(
    st.sampled_from([kind for kind in EventType if kind not in ("level.changed", "call.ended")]),
    st.sampled_from(["help_withdrawn", "false_alarm", "telephone_end", "", None]),
)
def test_nothing_else_that_happens_is_told(kind: EventType, note: str | None) -> None:
    assert wanted(event(kind, kind=note, level=3, top_level=3), route(ended_from_level=1)) is None


def test_help_is_told_unless_the_route_does_not_want_it() -> None:
    asked = event(EventType.NOTE, kind="help_requested", text="")

    assert wanted(asked, route()) == Wanted(NoticeKind.HELP, 0)
    assert wanted(asked, route(on_help=False)) is None


def test_help_that_was_withdrawn_and_is_asked_for_anew_is_told_anew() -> None:
    help_wanted = Wanted(NoticeKind.HELP, 0)

    assert help_wanted.subject(0) == help_wanted.subject(0)
    assert help_wanted.subject(0) != help_wanted.subject(1)


@given(LEVELS, st.integers(1, 3))
def test_the_end_is_told_of_calls_that_reached_the_level(top: int, from_level: int) -> None:
    ended = event(EventType.CALL_ENDED, top_level=top)

    told = wanted(ended, route(ended_from_level=from_level))

    assert (told is not None) == (top >= from_level)
    assert wanted(ended, route()) is None


def test_other_sections_calls_are_not_told() -> None:
    risen = event(EventType.LEVEL_CHANGED, "税務課", level=3, top_level=3)

    assert wanted(risen, route(sections=frozenset({"市民課"}))) is None
    assert wanted(risen, route(sections=frozenset({"税務課"}))) is not None


@given(st.integers(1, 20), st.floats(0, 1), st.floats(0, 1e9), st.integers(1, 20))
def test_waits_are_bounded_and_end(tried: int, chance: float, asked_s: float, tries: int) -> None:
    pace = Pace(tries=tries, first_s=5, longest_s=600)

    wait_s = pace.wait_s(tried, chance, asked_s)

    assert (wait_s is None) == (tried >= tries)
    assert wait_s is None or 2.5 <= wait_s <= 3_600
    assert wait_s is None or wait_s >= min(asked_s, 3_600)


def test_waits_double_until_the_longest() -> None:
    pace = Pace(tries=9, first_s=5, longest_s=60)

    assert [pace.wait_s(n, 1) for n in range(1, 7)] == [5, 10, 20, 40, 60, 60]


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "webhook", "url": "http://cti.example/in", "secret": SECRET},
        {"kind": "webhook", "url": "https://cti.example/in"},
        {"kind": "webhook", "url": "https://cti.example/in", "secret": "short"},
        {"kind": "slack", "url": "http://hooks.slack.example/x"},
        {"kind": "teams"},
        {"kind": "slack", "url": "https://user:pass@hooks.example/x"},
        {"kind": "mail"},
        {"kind": "mail", "to": ["nobody"]},
        {"kind": "mail", "to": ["a@b.example\r\nBcc: c@d.example"]},
        {"kind": "mail", "to": ["a@b.example"]},
    ],
)
def test_a_route_that_could_not_work_stops_the_start_without_telling_its_secrets(
    broken: dict[str, Any],
) -> None:
    settings = NoticeSettings.model_validate({"routes": {"kacho": broken}})

    with pytest.raises(Unavailable) as refused:
        routes_of(settings)

    assert refused.value.code == "notice_settings"
    assert all(secret not in refused.value.message for secret in ("short", "pass", "slack.example"))


@pytest.mark.parametrize(
    "smtp",
    [
        {"host": "mail.example", "sender": "m@city.example", "security": "none"},
        {"host": "192.0.2.7", "sender": "m@city.example", "security": "none"},
        {"host": "mail.example", "sender": "見守り"},
        {"host": "mail.example", "sender": "m@city.example", "user": "m"},
        {"host": "", "sender": "m@city.example"},
    ],
)
def test_mail_that_would_go_in_clear_or_nowhere_stops_the_start(smtp: dict[str, Any]) -> None:
    routes = {"kacho": {"kind": "mail", "to": ["kacho@city.example"]}}

    with pytest.raises(Unavailable):
        routes_of(NoticeSettings.model_validate({"routes": routes, "smtp": smtp}))


def test_inside_the_office_numbers_may_be_reached_in_clear() -> None:
    settings = NoticeSettings.model_validate(
        {
            "routes": {
                "cti": {"kind": "webhook", "url": "http://192.168.1.9/in", "secret": SECRET},
                "kacho": {"kind": "mail", "to": ["kacho@city.example"]},
            },
            "smtp": {"host": "10.0.0.25", "sender": "m@city.example", "security": "none"},
            "proxy": "http://proxy.city.example:8080",
        }
    )

    routes = routes_of(settings)

    assert routes["cti"].whereto == "192.168.1.9"
    assert SECRET not in repr(routes)


def test_names_of_routes_are_short_and_plain() -> None:
    with pytest.raises(ValidationError):
        NoticeSettings.model_validate({"routes": {"課長 さん": {"kind": "teams"}}})
