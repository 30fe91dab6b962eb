"""Facts about the lines on the operator's screen."""

from __future__ import annotations

from dataclasses import replace

from detection.types import AlertChange, Category, Severity
from tests.detection.calls import PLAIN, caller, play, played

RAISED, UPDATED, CLOSED = AlertChange.RAISED, AlertChange.UPDATED, AlertChange.CLOSED
INSULT = (Category.MENTAL_ATTACK, 2)
RUDE = (Category.INTIMIDATION, 1)


def test_the_findings_of_one_utterance_share_a_line_named_after_the_gravest() -> None:
    (decision,) = play(caller("ばか、上を出せ", RUDE, INSULT))

    (alert,) = decision.alerts
    assert alert.categories == (Category.MENTAL_ATTACK, Category.INTIMIDATION)
    assert (alert.level, alert.count, alert.change) == (Severity.WARNING, 1, RAISED)
    assert (alert.utterance_id, alert.start_ms, alert.end_ms) == ("u0", 0, 2_000)


def test_a_line_is_updated_in_place() -> None:
    first, second = play(caller("ばか", INSULT), caller("無能", INSULT))

    assert second.alerts[0].change is UPDATED
    assert second.alerts[0].key == first.alerts[0].key
    assert (second.alerts[0].count, second.alerts[0].quote) == (2, "無能")


def test_a_milder_word_does_not_hide_a_graver_quote() -> None:
    decisions = play(
        caller("殺すぞ", (Category.MENTAL_ATTACK, 3)), caller("ばか", (Category.MENTAL_ATTACK, 1))
    )

    (alert,) = decisions[-1].alerts
    assert (alert.quote, alert.level, alert.count) == ("殺すぞ", Severity.STOP, 2)


def test_a_fourth_line_closes_the_mildest_and_oldest() -> None:
    decisions = play(
        caller("a", (Category.SEXUAL, 2)),
        caller("b", (Category.INTIMIDATION, 1)),
        caller("c", (Category.PERSONAL_ATTACK, 1)),
        caller("d", INSULT),
    )

    assert [(a.change, a.categories[0]) for a in decisions[-1].alerts] == [
        (CLOSED, Category.INTIMIDATION),
        (RAISED, Category.MENTAL_ATTACK),
    ]


def test_a_mild_line_does_not_push_out_a_grave_one() -> None:
    decisions = play(
        caller("a", (Category.SEXUAL, 2)),
        caller("b", (Category.DISCRIMINATION, 2)),
        caller("c", INSULT),
        caller("d", RUDE),
    )

    assert decisions[-1].alerts == ()
    assert [f.category for f in decisions[-1].findings] == [Category.INTIMIDATION]


def test_fewer_lines_are_shown_where_the_policy_wants_fewer() -> None:
    decisions = play(
        caller("a", (Category.SEXUAL, 2)),
        caller("b", INSULT),
        policy=replace(PLAIN, alerts_shown=1),
    )

    assert [a.change for a in decisions[-1].alerts] == [CLOSED, RAISED]


def test_a_spent_budget_keeps_cautions_off_the_screen_but_not_warnings() -> None:
    policy = replace(PLAIN, new_cautions_per_10_min=1)
    decisions = play(
        caller("a", (Category.PERSONAL_ATTACK, 1)),
        caller("b", RUDE),
        caller("c", INSULT),
        caller("d", RUDE).at(700_000),
        policy=policy,
    )

    raised = [[a.categories[0] for a in d.alerts if a.change is RAISED] for d in decisions]
    assert raised == [
        [Category.PERSONAL_ATTACK],
        [],
        [Category.MENTAL_ATTACK],
        [Category.INTIMIDATION],
    ]


def test_a_line_that_nothing_adds_to_closes_by_itself() -> None:
    policy = replace(PLAIN, alert_lapse_ms=60_000)
    conversation, _ = played(caller("ばか", INSULT), policy=policy)

    early, late = conversation.tick(61_000), conversation.tick(62_000)

    assert early.alerts == ()
    assert [a.change for a in late.alerts] == [CLOSED]
    assert late.level is Severity.WARNING


def test_the_line_of_a_threat_stays_open() -> None:
    conversation, _ = played(caller("殺すぞ", (Category.PHYSICAL_ATTACK, 3)))

    assert conversation.tick(3_600_000).alerts == ()


def test_an_unsure_rule_or_an_unsure_recogniser_asks_for_a_check() -> None:
    sure = caller("ばか", INSULT)
    doubted = [
        play(turn)[0].alerts[0].needs_check
        for turn in (sure, replace(sure, score=0.6), replace(sure, confidence=0.4))
    ]

    assert doubted == [False, True, True]


def test_an_unsure_quote_does_not_replace_a_sure_one() -> None:
    decisions = play(caller("ばか", INSULT), replace(caller("ばあ", INSULT), confidence=0.2))

    (alert,) = decisions[-1].alerts
    assert (alert.quote, alert.needs_check, alert.count) == ("ばか", False, 2)


def test_a_sure_quote_replaces_an_unsure_one() -> None:
    decisions = play(replace(caller("ばあ", INSULT), confidence=0.2), caller("ばか", INSULT))

    (alert,) = decisions[-1].alerts
    assert (alert.quote, alert.needs_check) == ("ばか", False)
