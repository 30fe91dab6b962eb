"""Facts about which findings count under an office's policy, and how heavily."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.policy import CLAUSES, Policy
from detection.types import Category, Finding, Severity, Span
from detection.weighing import counted, weighed
from tests.detection.calls import PLAIN
from tests.detection.policies import policies


def finding(category: Category, severity: Severity, score: float = 1.0) -> Finding:
    return Finding(
        category=category,
        severity=severity,
        span=Span(0, 2),
        quote="試験",
        rule=f"lexicon.{category.value}",
        clause=CLAUSES[category],
        reason="試験用の理由",
        score=score,
    )


FOUND = st.builds(
    finding,
    st.sampled_from(Category),
    st.sampled_from([Severity.CAUTION, Severity.WARNING, Severity.STOP]),
    st.floats(0, 1),
)


def counting(*found: Finding, policy: Policy, fault_admitted: bool = False) -> tuple[Finding, ...]:
    return weighed(
        found,
        at_ms=0,
        quiets=(),
        fault_admitted=fault_admitted,
        needs_help=False,
        policy=policy,
    )


def test_a_category_that_is_switched_off_is_not_judged() -> None:
    policy = replace(PLAIN, categories_off=frozenset({Category.SEXUAL}))
    off, on = (
        finding(Category.SEXUAL, Severity.WARNING),
        finding(Category.APOLOGY, Severity.CAUTION),
    )

    assert counting(off, on, policy=policy) == (on,)


def test_a_capped_category_weighs_no_more_than_the_office_says_and_tells_so() -> None:
    policy = replace(PLAIN, severity_caps={Category.DEMAND_UNRELATED: Severity.CAUTION})

    (held_down,) = counting(finding(Category.DEMAND_UNRELATED, Severity.WARNING), policy=policy)

    assert held_down.severity is Severity.CAUTION
    assert held_down.reason == "試験用の理由(方針により「注意」まで)"


def test_a_cap_leaves_milder_words_and_other_categories_as_they_are() -> None:
    policy = replace(PLAIN, severity_caps={Category.DEMAND_UNRELATED: Severity.WARNING})
    mild = finding(Category.DEMAND_UNRELATED, Severity.CAUTION)
    other = finding(Category.MENTAL_ATTACK, Severity.WARNING)

    assert counting(mild, other, policy=policy) == (other, mild)


def test_a_capped_claim_after_an_admitted_mistake_is_not_made_milder_twice() -> None:
    policy = replace(PLAIN, severity_caps={Category.COMPENSATION: Severity.CAUTION})
    claim = finding(Category.COMPENSATION, Severity.WARNING)

    (eased,) = counting(claim, policy=policy, fault_admitted=True)

    assert eased.severity is Severity.CAUTION


@pytest.mark.parametrize("category", sorted(Category))
def test_a_threat_of_harm_counts_in_full_whatever_a_policy_says_of_its_category(
    category: Category,
) -> None:
    policy = replace(
        PLAIN,
        categories_off=frozenset({category}),
        severity_caps={category: Severity.CAUTION},
        minimum_scores={category: 0.9},
        minimum_scores_by_severity={Severity.STOP: 0.9},
    )
    threat = finding(category, Severity.STOP, score=0.5)

    assert counting(threat, policy=policy) == (threat,)


@pytest.mark.parametrize(
    ("by_category", "by_severity", "needed"),
    [(None, None, 0.5), (0.3, None, 0.3), (None, 0.8, 0.8), (0.3, 0.8, 0.8), (0.9, 0.2, 0.9)],
)
def test_of_two_thresholds_both_must_be_reached(
    by_category: float | None, by_severity: float | None, needed: float
) -> None:
    policy = replace(
        PLAIN,
        minimum_scores={} if by_category is None else {Category.SEXUAL: by_category},
        minimum_scores_by_severity={} if by_severity is None else {Severity.CAUTION: by_severity},
    )
    enough = finding(Category.SEXUAL, Severity.CAUTION, needed)
    less = finding(Category.SEXUAL, Severity.CAUTION, needed - 0.01)

    assert counting(enough, less, policy=policy) == (enough,)


@given(FOUND, policies())
def test_no_policy_makes_words_graver_or_gives_them_to_another_category(
    found: Finding, policy: Policy
) -> None:
    kept = counted(found, policy)

    assert kept is None or kept.severity <= found.severity
    assert kept is None or kept == replace(found, severity=kept.severity, reason=kept.reason)


@given(FOUND.filter(lambda found: found.severity is Severity.STOP), policies())
def test_no_policy_that_a_file_can_state_hides_a_clear_threat_of_harm(
    found: Finding, policy: Policy
) -> None:
    clear = replace(found, score=max(found.score, 0.5))

    assert counted(clear, policy) == clear
