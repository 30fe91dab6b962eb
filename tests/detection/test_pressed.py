"""「言った」 and what recognition hears, in whatever order: one warning is one."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.responses.scripts import load_scripts
from detection.conversation import CallConversation
from detection.policy_files import load_policy
from detection.types import (
    Assessment,
    Category,
    Cue,
    Decision,
    How,
    Pressed,
    Severity,
    Speaker,
    Step,
    Utterance,
)
from tests.detection.calls import PLAIN, caller, operator
from tests.detection.shipped import shipped_detector

INSULT = (Category.MENTAL_ATTACK, 2)
SCRIPT = "続くようでしたら、お電話を終了いたします。"
REWORDED = "続く場合は、お電話を終わりにさせていただきます。"
OTHER = "それは脅迫ですよ。"
NOTHING = Assessment("", (), ())
WARNS = Assessment("", (), (Cue.WARNED,))


def pressed(at_ms: int, step: Step = Step.WARN, words: str = SCRIPT) -> Pressed:
    return Pressed(at_ms, words, step, "sato")


def judged(*happened: tuple[int, str], policy_name: str = "saga") -> Decision:
    """Return the decision after each sentence was heard, or pressed where it begins with 「言った:」."""
    detector = shipped_detector()
    conversation = CallConversation(load_policy(policy_name), detector.version)
    decision = conversation.tick(0)
    for number, (at_ms, text) in enumerate(happened):
        words = text.removeprefix("言った:")
        said = Utterance(f"u{number}", Speaker.OPERATOR, words, at_ms, at_ms + 3_000)
        if words != text:
            decision = conversation.press(pressed(at_ms, words=words), detector.assess(said))
        else:
            decision = conversation.hear(said, detector.assess(said))
    return decision


@pytest.mark.parametrize("press_ms", [0, 12_000, 30_000, 33_000, 45_000, 53_000])
@pytest.mark.parametrize("press_first", [True, False])
def test_a_warning_pressed_and_reworded_is_one(press_ms: int, *, press_first: bool) -> None:
    happened = [(press_ms, f"言った:{SCRIPT}"), (30_000, REWORDED)]

    decision = judged(*(happened if press_first else reversed(happened)))

    assert decision.warnings_spoken == 1
    (warning,) = decision.warnings
    assert (warning.how, warning.words, warning.by) == (How.SPOKEN, REWORDED, "sato")
    assert warning.pressed_ms == press_ms


@pytest.mark.parametrize("press_ms", [0, 9_000, 55_000, 90_000])
def test_a_press_far_from_the_heard_warning_is_another(press_ms: int) -> None:
    decision = judged((press_ms, f"言った:{SCRIPT}"), (40_000, REWORDED))
    expected = 1 if 10_000 <= press_ms <= 63_000 else 2

    assert decision.warnings_spoken == expected


def test_other_words_are_the_same_warning_only_close_by() -> None:
    near = judged((10_000, f"言った:{SCRIPT}"), (16_000, OTHER))
    far = judged((10_000, f"言った:{SCRIPT}"), (26_000, OTHER))

    assert (near.warnings_spoken, far.warnings_spoken) == (1, 2)


def test_the_caller_in_between_makes_no_second_warning_of_it() -> None:
    detector = shipped_detector()
    conversation = CallConversation(PLAIN, detector.version)
    said = Utterance("u1", Speaker.OPERATOR, REWORDED, 8_000, 11_000)
    conversation.hear(said, detector.assess(said))
    conversation.hear(*caller("ばか", INSULT).at(12_000).heard(2))

    decision = conversation.press(pressed(20_000), detector.assess(replace(said, text=SCRIPT)))

    assert decision.warnings_spoken == 1
    assert decision.step is Step.CLOSE, "what the caller said came after the warning, not before"


def test_one_press_stands_for_one_of_two_heard_warnings() -> None:
    assert (
        judged((10_000, SCRIPT), (15_000, f"言った:{SCRIPT}"), (30_000, SCRIPT)).warnings_spoken
        == 2
    )


def test_two_presses_at_once_are_one_and_later_ones_count() -> None:
    script = f"言った:{SCRIPT}"

    decision = judged((5_000, script), (14_000, script), (40_000, script))

    assert decision.warnings_spoken == 2
    assert [w.at_ms for w in decision.warnings] == [5_000, 40_000]


def test_the_ladder_moves_as_for_a_heard_warning() -> None:
    heard, pressing = (CallConversation(PLAIN, "d") for _ in range(2))
    for conversation in (heard, pressing):
        conversation.hear(*caller("ばか", INSULT).at(0).heard(0))
    heard.hear(*operator(SCRIPT, Cue.WARNED).at(5_000).heard(1))
    pressing.press(pressed(6_000), NOTHING)

    decisions = [c.hear(*caller("ばか", INSULT).at(20_000).heard(2)) for c in (heard, pressing)]

    assert [d.step for d in decisions] == [Step.CLOSE, Step.CLOSE]
    assert [d.level for d in decisions] == [Severity.STOP, Severity.STOP]


@pytest.mark.parametrize(
    ("step", "requests_count", "count"),
    [
        (Step.LISTEN, False, 0),
        (Step.ASK_TO_STOP, False, 0),
        (Step.ASK_TO_STOP, True, 1),
        (Step.WARN, False, 1),
        (Step.WARN, True, 1),
        (Step.CLOSE, False, 0),
        (Step.WELFARE, False, 0),
    ],
)
def test_the_policy_says_which_pressed_sentences_count(
    step: Step, requests_count: bool, count: int
) -> None:
    conversation = CallConversation(replace(PLAIN, requests_count=requests_count), "d")

    assert conversation.press(pressed(1_000, step), NOTHING).warnings_spoken == count


def test_a_sentence_for_an_emergency_counts_where_its_words_warn() -> None:
    counts = [
        CallConversation(PLAIN, "d").press(pressed(1_000, Step.EMERGENCY), words).warnings_spoken
        for words in (WARNS, NOTHING)
    ]

    assert counts == [1, 0]


@pytest.mark.parametrize(
    "script", [s for s in load_scripts().all if s.step is Step.EMERGENCY], ids=lambda s: s.id
)
def test_what_counts_when_heard_counts_when_pressed(script: object) -> None:
    text = getattr(script, "text")  # noqa: B009 - the parameter's type belongs to the app
    detector = shipped_detector()
    said = Utterance("u0", Speaker.OPERATOR, text, 0, 3_000)
    heard, pressing = (CallConversation(PLAIN, "d") for _ in range(2))

    counts = (
        heard.hear(said, detector.assess(said)).warnings_spoken,
        pressing.press(pressed(0, Step.EMERGENCY, text), detector.assess(said)).warnings_spoken,
    )

    assert counts[0] == counts[1]


def test_a_request_pressed_late_does_not_hide_that_the_caller_went_on() -> None:
    conversation = CallConversation(PLAIN, "d")
    conversation.hear(*caller("ばか", INSULT).at(0).heard(0))
    conversation.hear(*operator("おやめください", Cue.ASKED_TO_STOP).at(4_000).heard(1))
    conversation.hear(*caller("ばか", INSULT).at(8_000).heard(2))

    decision = conversation.press(pressed(12_000, Step.ASK_TO_STOP), NOTHING)

    assert decision.step is Step.WARN


def test_a_press_that_was_never_heard_stays_with_its_words() -> None:
    conversation = CallConversation(PLAIN, "d")
    conversation.press(pressed(1_000), NOTHING)
    conversation.tick(3_600_000)

    decision = conversation.hear(*operator(OTHER, Cue.WARNED).at(3_600_000).heard(1))

    assert decision.warnings_spoken == 2
    assert [(w.how, w.words) for w in decision.warnings] == [
        (How.PRESSED, SCRIPT),
        (How.SPOKEN, OTHER),
    ]
    assert conversation.state.presses == ()


HAPPENED = st.lists(
    st.tuples(st.sampled_from(["heard", "pressed"]), st.integers(0, 30_000)), max_size=40
)


@given(st.integers(22_000, 200_000), st.integers(-20_000, 30_000), st.integers(0, 60_000))
@settings(deadline=None)
def test_within_the_window_any_order_counts_once_however_late_it_is_looked_at(
    press_ms: int, away_ms: int, later_ms: int
) -> None:
    spoken = operator(SCRIPT, Cue.WARNED).at(press_ms + away_ms - (2_000 if away_ms < 0 else 0))
    utterance, assessment = spoken.heard(1)
    assessment = replace(assessment, words="電話 終了")
    words = Assessment("", (), (), words="電話 終了")
    look_ms = max(press_ms, utterance.end_ms) + later_ms
    counts = []
    for press_first in (True, False):
        conversation = CallConversation(PLAIN, "d")
        for pressing in (press_first, not press_first):
            if pressing:
                conversation.press(pressed(press_ms), words)
            else:
                conversation.hear(utterance, assessment)
        counts.append(conversation.tick(look_ms).warnings_spoken)

    assert counts == [1, 1]


@given(HAPPENED)
@settings(deadline=None)
def test_warnings_never_grow_less_nor_by_two(happened: list[tuple[str, int]]) -> None:
    conversation, at_ms, counts = CallConversation(PLAIN, "d"), 0, [0]
    for number, (kind, gap_ms) in enumerate(happened):
        at_ms += gap_ms
        if kind == "pressed":
            decision = conversation.press(pressed(at_ms), NOTHING)
        else:
            decision = conversation.hear(*operator(SCRIPT, Cue.WARNED).at(at_ms).heard(number))
        counts.append(decision.warnings_spoken)
        assert len(decision.warnings) == min(decision.warnings_spoken, 16)

    assert all(0 <= after - before <= 1 for before, after in pairwise(counts))
    spoken = sum(kind == "heard" for kind, _ in happened)
    assert counts[-1] <= len(happened)
    assert counts[-1] >= conversation.state.warnings_spoken
    assert spoken == 0 or counts[-1] >= 1


def test_who_presses_all_day_keeps_the_state_small() -> None:
    conversation, sizes = CallConversation(PLAIN, "d"), []
    for number in range(2_000):
        at_ms = number * 5_000
        conversation.press(pressed(at_ms), NOTHING)
        conversation.press(pressed(at_ms, Step.ASK_TO_STOP), NOTHING)
        conversation.press(pressed(at_ms, Step.CLOSE), NOTHING)
        if number in (999, 1_999):
            sizes.append(len(pickle.dumps(conversation.state)))

    assert len(conversation.state.presses) <= 25
    assert sizes[1] <= sizes[0] * 1.1


def test_a_breath_that_goes_on_is_still_the_one_that_was_pressed() -> None:
    decision = judged(
        (10_000, "これ以上続く場合は、"),
        (12_000, f"言った:{SCRIPT}"),
        (14_000, "お電話を終了させていただくことになります。"),
    )

    assert decision.warnings_spoken == 1
    assert decision.warnings[0].words.endswith("終了させていただくことになります。")
