"""What an office decides about its rules: only added to, taken back with one step, and never about threats."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from app.feedback.reviews import (
    Review,
    ReviewKind,
    Standing,
    SwitchedOff,
    standings,
    switched_off,
    why_always_used,
)
from app.feedback.rule_words import rule_words, words_for
from app.feedback.table import lined_up
from detection.types import Assessment, Category, Cue, Finding, SetAside, Severity, Span
from tests.fakes_clock import MONDAY_MORNING

RULES: Final = ("a", "b", "conversation.held")
FINDINGS = st.lists(
    st.builds(
        lambda rule, category, severity: Finding(
            category, severity, Span(0, 1), "あ", rule, "条項", "理由"
        ),
        st.sampled_from(RULES),
        st.sampled_from([Category.MENTAL_ATTACK, Category.SEXUAL]),
        st.sampled_from([Severity.CAUTION, Severity.WARNING, Severity.STOP]),
    ),
    max_size=6,
)
SETS = st.frozensets(
    st.tuples(st.sampled_from(RULES), st.sampled_from(["mental_attack", "sexual"]))
).map(SwitchedOff)


def review(kind: ReviewKind, minutes: int = 0, rule: str = "a") -> Review:
    at = MONDAY_MORNING + timedelta(minutes=minutes)
    return Review(rule, "mental_attack", kind, "確認しました", "suzuki", at)


def assessment(findings: list[Finding]) -> Assessment:
    return Assessment(
        "u", tuple(findings), (Cue.DEMAND,), demand="返金", set_aside=(SetAside("c", "否定"),)
    )


@given(SETS, FINDINGS)
def test_no_threat_is_ever_left_out(off: SwitchedOff, findings: list[Finding]) -> None:
    left = off.without(assessment(findings)).findings

    threats = [finding for finding in findings if finding.severity is Severity.STOP]
    assert [finding for finding in left if finding.severity is Severity.STOP] == threats


@given(SETS, FINDINGS)
def test_only_what_was_switched_off_is_left_out_and_the_record_says_why(
    off: SwitchedOff, findings: list[Finding]
) -> None:
    before = assessment(findings)

    after = off.without(before)

    gone = [finding for finding in before.findings if finding not in after.findings]
    assert all((finding.rule, finding.category.value) in off.rules for finding in gone)
    assert [f for f in before.findings if f in after.findings] == list(after.findings)
    assert {aside.rule for aside in after.set_aside[1:]} == {f.rule for f in gone}
    assert (after.cues, after.demand, after.set_aside[0]) == (
        (Cue.DEMAND,),
        "返金",
        SetAside("c", "否定"),
    )


@given(FINDINGS)
def test_an_office_that_switched_nothing_off_hears_everything(findings: list[Finding]) -> None:
    before = assessment(findings)

    assert SwitchedOff().without(before) is before


@given(st.lists(st.builds(review, st.sampled_from(ReviewKind), rule=st.sampled_from(RULES))))
def test_the_last_switch_of_a_rule_decides(reviews: list[Review]) -> None:
    off = switched_off(reviews)

    switches = {r.rule: r.kind for r in reviews if r.kind is not ReviewKind.REVIEWED}
    assert off.rules == {
        (rule, "mental_attack")
        for rule, kind in switches.items()
        if kind is ReviewKind.SWITCHED_OFF
    }


def test_switching_off_and_back_leaves_an_earlier_review_as_it_was() -> None:
    looked_at = review(ReviewKind.REVIEWED)

    known = standings(
        [looked_at, review(ReviewKind.SWITCHED_OFF, 1), review(ReviewKind.SWITCHED_ON, 2)]
    )

    assert known == {("a", "mental_attack"): Standing(reviewed=looked_at)}


def test_rules_about_threats_and_about_the_conversation_stay_in_use() -> None:
    assert "身の安全" in why_always_used("mental.threat_of_harm", Severity.STOP)
    assert "基本方針のファイル" in why_always_used("conversation.held", Severity.CAUTION)
    assert why_always_used("mental.fool_at_you", Severity.WARNING) == ""


def test_a_rule_that_is_switched_off_stands_in_the_table_without_any_alert() -> None:
    (line,) = lined_up([], standings([review(ReviewKind.SWITCHED_OFF)]), {})
    none = lined_up([], standings([review(ReviewKind.REVIEWED)]), {})

    assert (line.rule, line.record, line.proposal) == ("a", None, None)
    assert none == ()


def test_every_rule_has_words_and_an_unknown_one_those_of_its_category() -> None:
    assert words_for("mental.threat_of_harm", "mental_attack") == (
        "職員を脅迫しているおそれがあります。"
    )
    assert words_for("model.sexual", "sexual") == "「性的な言動」のおそれがあります。"
    assert words_for("x", "a_category_of_tomorrow")
    assert len(rule_words()) > 100
