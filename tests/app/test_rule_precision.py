"""How often a rule was right, how sure that is, and when it is suggested for review."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.feedback.precision import Count, Limits, RuleRecord, Tally, records_of, wilson
from app.feedback.wording import reason_for, share_of
from detection.types import Severity
from tests.fakes_clock import MONDAY_MORNING

LIMITS = Limits()
TOTALS = st.integers(0, 400)
COUNTS = TOTALS.flatmap(lambda n: st.builds(Count, st.just(n), st.integers(0, n)))


def tally(count: Count, **fields: Any) -> Tally:
    return Tally(
        rule=fields.get("rule", "mental.fool_at_you"),
        category=fields.get("category", "mental_attack"),
        detector_version=fields.get("detector_version", "d1"),
        policy_version=fields.get("policy_version", "p1"),
        severity=fields.get("severity", Severity.WARNING),
        count=count,
        fresh=fields.get("fresh", count),
        withdrawn=fields.get("withdrawn", 0),
        last_at=fields.get("last_at", MONDAY_MORNING),
    )


def record(*tallies: Tally, limits: Limits = LIMITS) -> RuleRecord:
    (found,) = records_of(tallies, limits)
    return found


TALLIES = st.lists(
    st.builds(
        lambda rule, version, count, severity, minutes: tally(
            count,
            rule=rule,
            detector_version=version,
            severity=severity,
            last_at=MONDAY_MORNING + timedelta(minutes=minutes),
        ),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["d1", "d2", "d3"]),
        COUNTS,
        st.sampled_from([Severity.CAUTION, Severity.WARNING, Severity.STOP]),
        st.integers(0, 99),
    ),
    unique_by=lambda one: (one.rule, one.detector_version),
)


# The interval


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(right: int, total: int, low: float, high: float) -> None:
    interval = wilson(right, total)

    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(COUNTS)
def test_the_interval_holds_the_share_and_stays_between_none_and_all(count: Count) -> None:
    interval = count.interval

    assert 0 <= interval.low <= interval.high <= 1
    if count.share is not None:
        assert interval.low <= count.share <= interval.high


@given(st.integers(1, 200), st.integers(0, 200), st.integers(2, 20))
def test_more_cases_of_the_same_share_make_it_surer(total: int, right: int, times: int) -> None:
    assume(right <= total)

    few, many = wilson(right, total), wilson(right * times, total * times)

    assert many.high - many.low < few.high - few.low


@given(st.integers(1, 300), st.integers(0, 299))
def test_one_more_right_alert_never_lowers_what_a_rule_may_be_worth(total: int, right: int) -> None:
    assume(right < total)

    assert wilson(right + 1, total).high >= wilson(right, total).high


def test_nothing_raised_says_nothing() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1)
    assert Count().share is None
    assert share_of(Count()) == "–"


@pytest.mark.parametrize(("right", "total"), [(3, 2), (-1, 2)])
def test_impossible_counts_are_refused(right: int, total: int) -> None:
    with pytest.raises(ValueError, match="between none and all"):
        wilson(right, total)
    with pytest.raises(ValueError, match="no more alerts"):
        Count(total, total - right)


# Suggested for review


def test_thirty_alerts_of_which_fourteen_were_false_are_suggested_with_a_plain_reason() -> None:
    proposal = record(tally(Count(30, 14))).proposal

    assert proposal is not None
    assert reason_for(proposal) == (
        "30件のうち14件が誤検知でした。ルールの見直しを検討してください。"
    )


@given(COUNTS)
def test_few_cases_condemn_no_rule(count: Count) -> None:
    proposal = record(tally(count)).proposal

    assert proposal is None or (count.raised >= LIMITS.at_least and count.interval.high < 0.7)
    if count.raised < LIMITS.at_least:
        assert proposal is None


@given(COUNTS)
def test_a_rule_that_was_mostly_right_is_left_alone(count: Count) -> None:
    assume(count.share is not None and count.share >= LIMITS.below)

    assert record(tally(count)).proposal is None


@given(st.integers(10, 200), st.integers(0, 200))
def test_one_more_false_alarm_never_clears_a_rule(raised: int, false: int) -> None:
    assume(false < raised and record(tally(Count(raised, false))).proposal is not None)

    assert record(tally(Count(raised, false + 1))).proposal is not None


@given(COUNTS)
def test_a_limit_of_zero_suggests_nothing(count: Count) -> None:
    assert record(tally(count), limits=Limits(below=0.0, at_least=1)).proposal is None


def test_a_rule_about_threats_is_only_to_be_looked_at_and_says_so() -> None:
    proposal = record(tally(Count(40, 30), severity=Severity.STOP)).proposal

    assert proposal is not None
    assert proposal.only_to_look_at
    assert "使用をやめることはできません" in reason_for(proposal)


def test_after_a_review_only_what_came_since_counts() -> None:
    quiet = record(tally(Count(60, 40), fresh=Count(20, 2)))
    again = record(tally(Count(60, 40), fresh=Count(20, 15)))

    assert quiet.proposal is None
    assert quiet.count == Count(60, 40)
    assert again.proposal is not None
    assert reason_for(again.proposal).startswith("前回の見直しより後の20件のうち15件が誤検知")


def test_a_mended_version_is_judged_by_itself_once_it_has_cases_enough() -> None:
    old = tally(Count(40, 35))
    later = MONDAY_MORNING + timedelta(days=1)

    few = record(old, tally(Count(3, 0), detector_version="d2", last_at=later))
    many = record(old, tally(Count(12, 0), detector_version="d2", last_at=later))
    still = record(old, tally(Count(12, 11), detector_version="d2", last_at=later))

    assert few.proposal is not None
    assert few.proposal.count == Count(43, 35)
    assert many.proposal is None
    assert still.proposal is not None
    assert reason_for(still.proposal).startswith("今の版での12件のうち11件が誤検知")


# The table


@given(TALLIES)
def test_no_alert_is_lost_or_counted_twice_over_versions(tallies: list[Tally]) -> None:
    records = records_of(tallies, LIMITS)

    assert sum(r.count.raised for r in records) == sum(t.count.raised for t in tallies)
    assert sum(r.count.false for r in records) == sum(t.count.false for t in tallies)
    assert sorted(t.rule for r in records for t in r.versions) == sorted(t.rule for t in tallies)
    assert len({(r.rule, r.category) for r in records}) == len(records)


@given(TALLIES, st.randoms())
def test_the_proposed_come_first_whatever_the_order_of_the_rows(
    tallies: list[Tally], chance: Any
) -> None:
    shuffled = list(tallies)
    chance.shuffle(shuffled)

    records = records_of(shuffled, LIMITS)

    proposed = [record.proposal is not None for record in records]
    assert proposed == sorted(proposed, reverse=True)
    assert records == records_of(tallies, LIMITS)


def test_alerts_withdrawn_by_the_whole_sentence_are_told_apart_and_share_in_nothing() -> None:
    found = record(tally(Count(10, 0), withdrawn=30))

    assert (found.count.raised, found.withdrawn) == (10, 30)
    assert found.count.share == 1
    assert found.proposal is None
