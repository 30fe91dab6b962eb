"""What kind of call it is decides how long it is kept; nothing goes before its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.retention.daily import next_due
from app.retention.kinds import (
    CallFacts,
    Kind,
    What,
    Why,
    due,
    kind_of,
    shortest_days,
    shortest_sound_days,
    standing_of,
)
from app.retention.settings import RetentionSettings

ENDED = datetime(2026, 4, 6, 9, 0, tzinfo=UTC)
PLAIN = CallFacts("c-1", "市民課", ENDED, 0)
DAYS = st.none() | st.integers(1, 2_000)
FACTS = st.builds(
    CallFacts,
    call_id=st.just("c-1"),
    section=st.just(""),
    ended_at=st.just(ENDED),
    top_level=st.integers(0, 3),
    verdict=st.sampled_from(["", "harassment", "not_harassment", "undecided"]),
    has_report=st.booleans(),
    report_approved=st.booleans(),
    has_measure=st.booleans(),
)


@st.composite
def periods(draw: st.DrawFn) -> RetentionSettings:
    text = {"ordinary_days": draw(DAYS), "incident_days": draw(DAYS), "report_days": draw(DAYS)}
    sound = {
        f"{kind}_sound_days": draw(st.none() | st.integers(1, text[f"{kind}_days"] or 2_000))
        for kind in ("ordinary", "incident")
    }
    return RetentionSettings(**text, **sound)


@pytest.mark.parametrize(
    ("facts", "kind", "why"),
    [
        (PLAIN, Kind.ORDINARY, Why.NOTHING_SPECIAL),
        (replace(PLAIN, top_level=2), Kind.ORDINARY, Why.NOTHING_SPECIAL),
        (replace(PLAIN, top_level=3), Kind.INCIDENT, Why.LEVEL),
        (replace(PLAIN, top_level=3, verdict="not_harassment"), Kind.ORDINARY, Why.NOTHING_SPECIAL),
        (replace(PLAIN, verdict="harassment"), Kind.INCIDENT, Why.JUDGED),
        (replace(PLAIN, verdict="undecided"), Kind.INCIDENT, Why.UNDECIDED),
        (replace(PLAIN, has_measure=True), Kind.INCIDENT, Why.MEASURE),
        (replace(PLAIN, has_report=True, verdict="not_harassment"), Kind.INCIDENT, Why.REPORT),
        (replace(PLAIN, has_report=True, report_approved=True), Kind.REPORT, Why.APPROVED_REPORT),
    ],
)
def test_what_makes_a_call_an_incident(facts: CallFacts, kind: Kind, why: Why) -> None:
    assert kind_of(facts) == (kind, why)


@given(FACTS, periods(), st.integers(0, 3_000))
def test_nothing_is_due_before_its_days_are_over_and_held_or_live_calls_never(
    facts: CallFacts, settings: RetentionSettings, days: int
) -> None:
    now = ENDED + timedelta(days=days)
    standing = standing_of(facts, settings)

    what = due(facts, settings, now)

    assert (what is What.CALL) == (standing.days is not None and days >= standing.days)
    if what is What.SOUND:
        assert standing.sound_days is not None
        assert days >= standing.sound_days
    assert due(replace(facts, held=True), settings, now) is None
    assert due(replace(facts, ended_at=None), settings, now) is None


@given(FACTS, periods(), st.integers(0, 3_000))
def test_no_call_is_due_that_is_younger_than_the_shortest_period(
    facts: CallFacts, settings: RetentionSettings, days: int
) -> None:
    what = due(facts, settings, ENDED + timedelta(days=days))
    shortest, of_sound = shortest_days(settings), shortest_sound_days(settings)

    if shortest is None or days < shortest:
        assert what is not What.CALL
        if of_sound is None or days < of_sound:
            assert what is None


def test_a_preset_is_one_setting_and_keeps_incidents_a_year() -> None:
    days = {
        preset: (
            RetentionSettings(preset=preset).days_of_ordinary,
            RetentionSettings(preset=preset).days_of_incident,
        )
        for preset in ("", "30days", "90days", "1year")
    }

    assert days == {"": (None, None), "30days": (30, 365), "90days": (90, 365), "1year": (365, 365)}
    assert not RetentionSettings().decided


def test_a_recording_cannot_be_kept_longer_than_its_call() -> None:
    with pytest.raises(ValidationError):
        RetentionSettings(preset="30days", ordinary_sound_days=31)


def test_the_hour_of_the_office_is_that_of_japan() -> None:
    settings = RetentionSettings()
    before = datetime(2026, 4, 6, 18, 29, tzinfo=UTC)  # 3:29 in Japan
    after = datetime(2026, 4, 6, 18, 30, tzinfo=UTC)

    assert next_due(before, settings) == after
    assert next_due(after, settings) == after + timedelta(days=1)
