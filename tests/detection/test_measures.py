"""Facts about the figures that say how good detection is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.measures import (
    JudgedCall,
    JudgedUtterance,
    Kind,
    Share,
    agreement_of,
    character_errors,
    measure_calls,
    measure_utterances,
    total,
)
from detection.types import Category

INSULT = frozenset({Category.MENTAL_ATTACK})
FOUND = JudgedUtterance(Kind.HARASSMENT, 2, INSULT, flagged=True, level=2, found=INSULT)
MISSED = replace(FOUND, flagged=False, level=0, found=frozenset())
HARMLESS = JudgedUtterance(
    Kind.LEGITIMATE, 0, frozenset(), flagged=False, level=0, found=frozenset()
)
FALSE_ALARM = replace(HARMLESS, kind=Kind.HARD_NEGATIVE, flagged=True, level=1, found=INSULT)

CALL = JudgedCall(
    Kind.HARASSMENT,
    expected_level=2,
    expected_repetition=False,
    first_labelled_turn=2,
    max_level=2,
    first_alert_turn=2,
    repetition=False,
)


def test_recall_counts_harassment_that_was_flagged() -> None:
    grave = replace(MISSED, severity=3, labels=frozenset({Category.SEXUAL}))

    measured = measure_utterances([FOUND, FOUND, MISSED, grave, HARMLESS])

    assert measured.recall == Share(2, 4)
    assert measured.recall_by_severity == {2: Share(2, 3), 3: Share(0, 1)}
    assert measured.recall_by_category[Category.MENTAL_ATTACK] == Share(2, 3)
    assert measured.recall_by_category[Category.SEXUAL] == Share(0, 1)


def test_false_alarms_are_told_apart_by_kind() -> None:
    measured = measure_utterances([FOUND, HARMLESS, HARMLESS, FALSE_ALARM])

    assert measured.false_alarms == {Kind.LEGITIMATE: Share(0, 2), Kind.HARD_NEGATIVE: Share(1, 1)}


def test_a_category_is_right_only_where_it_is_named() -> None:
    misnamed = replace(FOUND, found=frozenset({Category.INTIMIDATION}))

    measured = measure_utterances([FOUND, misnamed, FALSE_ALARM])
    insult = measured.categories[Category.MENTAL_ATTACK]

    assert (insult.true_positive, insult.false_positive, insult.false_negative) == (1, 1, 1)
    assert (insult.precision, insult.recall, insult.f1) == (0.5, 0.5, 0.5)
    assert measured.categories[Category.INTIMIDATION].precision == 0.0


def test_a_share_of_nothing_is_unknown() -> None:
    measured = measure_utterances([])

    assert measured.recall.rate is None
    assert measured.categories[Category.SEXUAL].f1 is None


@given(st.lists(st.tuples(st.booleans(), st.booleans())))
def test_f1_lies_between_precision_and_recall(pairs: list[tuple[bool, bool]]) -> None:
    agreement = agreement_of(pairs)

    if agreement.precision is not None and agreement.recall is not None:
        low, high = sorted((agreement.precision, agreement.recall))
        assert agreement.f1 is not None
        assert low - 1e-9 <= agreement.f1 <= high + 1e-9
    else:
        assert agreement.f1 in (None, 0.0)


def test_a_call_counts_as_found_when_it_was_alerted() -> None:
    quiet = replace(CALL, max_level=0, first_alert_turn=None)
    complaint = replace(CALL, kind=Kind.LEGITIMATE, expected_level=0, first_labelled_turn=None)

    measured = measure_calls([CALL, quiet, complaint])

    assert measured.recall == Share(1, 2)
    assert measured.false_alarms[Kind.LEGITIMATE] == Share(1, 1)
    assert measured.level_agreement == Share(1, 3)
    assert measured.level_within_one == Share(1, 3)


def test_the_delay_runs_from_the_first_labelled_turn() -> None:
    late = replace(CALL, first_alert_turn=6)
    early = replace(CALL, first_alert_turn=0)
    missed = replace(CALL, first_alert_turn=None)
    unlabelled = replace(CALL, first_labelled_turn=None)

    delay = measure_calls([CALL, late, early, missed, unlabelled]).delay

    assert (delay.turns, delay.early, delay.missed) == ((0, 4), 1, 1)
    assert (delay.mean, delay.median, delay.longest) == (2.0, 2.0, 4)


def test_repetition_is_measured_over_all_calls() -> None:
    repeated = replace(CALL, expected_repetition=True, repetition=True)
    overheard = replace(CALL, repetition=True)
    unnoticed = replace(CALL, expected_repetition=True)

    repetition = measure_calls([CALL, repeated, overheard, unnoticed]).repetition

    assert (repetition.precision, repetition.recall) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("土下座しろ", "土下座しろ", Share(0, 5)),
        ("土下座、しろ!", "土下座しろ。", Share(0, 5)),
        ("ＡＢＣ１２３", "abc 123", Share(0, 6)),
        ("土下座しろ", "同げざしろ", Share(3, 5)),
        ("はい", "", Share(2, 2)),
        ("", "はい", Share(2, 0)),
    ],
)
def test_character_errors_ignore_width_case_and_punctuation(
    said: str, heard: str, errors: Share
) -> None:
    assert character_errors(said, heard) == errors


def test_a_long_sentence_weighs_more_than_a_short_one() -> None:
    assert total([Share(1, 2), Share(0, 8)]).rate == 0.1
