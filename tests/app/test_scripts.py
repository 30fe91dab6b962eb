"""Facts about the sentences that the screen suggests."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from app.responses.scripts import (
    MAY_SAY_RECORDED,
    NO_SUGGESTION,
    Script,
    Scripts,
    ScriptsInvalid,
    Suggestion,
    load_scripts,
    parse_scripts,
    shown_key,
    suggest,
)
from app.responses.wording import BREATH_CHARACTERS, MOST_SENTENCES, warnings_about
from detection.types import Category, Decision, Outcome, Severity, Step

ENTRY = """
[[script]]
id = "a"
step = "warn"
category = "any"
text = "お控えください。"
note = ""
draft = true
"""
SHIPPED = load_scripts()
LADDER = (Step.ASK_TO_STOP, Step.WARN, Step.CLOSE)


def decision(step: Step, outcome: Outcome, focus: Category | None = None) -> Decision:
    return Decision(
        at_ms=0,
        level=Severity.NONE,
        outcome=outcome,
        step=step,
        focus=focus,
        findings=(),
        alerts=(),
        warnings_spoken=0,
        held_ms=0,
        stalemate_ms=0,
        welfare=False,
        policy_version="p",
        detector_version="d",
    )


@pytest.mark.parametrize(
    ("step", "category"), list(product(set(Step) - {Step.LISTEN}, [None, *Category]))
)
def test_every_step_of_the_ladder_has_a_sentence_for_every_category(
    step: Step, category: Category | None
) -> None:
    suggested = suggest(decision(step, Outcome.HARASSMENT_SUSPECTED, category), SHIPPED)

    assert suggested is not None
    assert suggested.step is step
    assert suggested.category in (category, None)


@pytest.mark.parametrize(("step", "category"), list(product(LADDER, Category)))
def test_each_step_that_speaks_to_a_conduct_has_a_sentence_of_its_own(
    step: Step, category: Category
) -> None:
    suggested = SHIPPED.for_step(step, category)

    assert suggested is not None
    assert suggested.category is category


def test_no_two_places_say_the_same_but_for_the_reason_that_is_named() -> None:
    of_step = {
        step: [s.text for s in SHIPPED.all if s.step is step] for step in (Step.WARN, Step.CLOSE)
    }

    assert all(len(texts) == len(set(texts)) for texts in of_step.values())


def test_a_sentence_for_the_category_goes_before_the_general_one() -> None:
    of_category = decision(Step.ASK_TO_STOP, Outcome.HARASSMENT_SUSPECTED, Category.SEXUAL)
    general = decision(Step.ASK_TO_STOP, Outcome.HARASSMENT_SUSPECTED, Category.PHYSICAL_ATTACK)
    general = replace(general, step=Step.EMERGENCY)

    assert [s.id for s in (suggest(of_category, SHIPPED), suggest(general, SHIPPED)) if s] == [
        "ask.sexual",
        "emergency.any",
    ]


def test_only_a_complaint_is_helped_while_listening() -> None:
    suggested = {
        outcome: suggest(decision(Step.LISTEN, outcome), SHIPPED) is not None for outcome in Outcome
    }

    assert suggested == {
        Outcome.ORDINARY: False,
        Outcome.LEGITIMATE_COMPLAINT: True,
        Outcome.HARASSMENT_SUSPECTED: False,
    }


@pytest.mark.parametrize("script", SHIPPED.all, ids=lambda script: script.id)
def test_a_shipped_sentence_is_speakable_and_claims_nothing_it_cannot_know(script: Script) -> None:
    for text in filter(None, (script.text, script.text_when_recorded)):
        assert len(text) <= BREATH_CHARACTERS
        assert text.count("。") <= MOST_SENTENCES
        assert text.endswith("。")
        assert not any(word in text for word in ("〇", "△", "AI", "カスハラです"))
    assert script.note.endswith("。")
    assert warnings_about(script, script.text, script.text_when_recorded) == ()
    assert not any(word in script.text for word in ("録音", "記録"))
    assert script.draft


@pytest.mark.parametrize(
    "script", [s for s in SHIPPED.all if s.step is Step.CLOSE], ids=lambda script: script.id
)
def test_an_ended_call_leaves_the_callers_matter_a_way(script: Script) -> None:
    assert "書面" in script.text
    assert "承ります" in script.text


@pytest.mark.parametrize(
    "script", [s for s in SHIPPED.all if s.text_when_recorded], ids=lambda script: script.id
)
def test_a_second_wording_says_plainly_that_the_call_is_recorded(script: Script) -> None:
    assert script.step in MAY_SAY_RECORDED
    assert "録音しております" in script.text_when_recorded


@pytest.mark.parametrize("level", [1, 2, 3])
def test_after_a_call_it_is_said_what_to_note_and_whom_to_tell(level: int) -> None:
    (report,) = [report for report in SHIPPED.reports if report.level == level]

    assert "所属長" in report.text
    assert "記録" in report.text
    assert report.draft


def test_the_screen_is_told_again_when_the_words_change_by_the_notice_alone() -> None:
    warned = SHIPPED.by_id("warn.any")
    assert warned is not None

    keys = {shown_key(Suggestion(warned, recorded=recorded).fields()) for recorded in (True, False)}

    assert len(keys) == 2
    assert shown_key(NO_SUGGESTION) == ""
    # What an earlier version told of a call says nothing of a recording.
    assert shown_key({"script_id": "warn.any", "text": "…"}) in keys


def test_a_sentence_is_found_by_its_id() -> None:
    assert SHIPPED.by_id("warn.any") in SHIPPED.all
    assert SHIPPED.by_id("warn.nothing") is None


def test_there_may_be_no_sentence_at_all() -> None:
    assert suggest(decision(Step.WARN, Outcome.HARASSMENT_SUSPECTED), Scripts(())) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[script]", "not valid TOML"),
        ("", "holds [[script]] and [[report]] entries"),
        (ENTRY + "x = 1", "entry 1: needs exactly the keys"),
        (ENTRY.replace('"warn"', '"shout"'), "entry 1: 'shout' is not a valid Step"),
        (ENTRY.replace('"any"', '"rude"'), "entry 1: 'rude' is not a valid Category"),
        (ENTRY.replace("true", '"yes"'), "'draft' must be true or false"),
        (ENTRY.replace('""', "3"), "must be texts"),
        (ENTRY + "text_when_recorded = 3", "must be texts"),
        (
            ENTRY.replace('"warn"', '"listen"') + 'text_when_recorded = "録音しております。"',
            "'listen' has no text_when_recorded",
        ),
        (ENTRY + '[[report]]\nlevel = 1\ntext = "a"', "report 1: needs exactly the keys"),
        (ENTRY + '[[report]]\nlevel = 4\ntext = "a"\ndraft = true', "'level' is 1 to 3"),
        (ENTRY + ENTRY, "'a' takes the place of 'a'"),
        (ENTRY + ENTRY.replace('"a"', '"b"'), "'b' takes the place of 'a'"),
    ],
)
def test_a_broken_file_is_refused_by_file_and_entry(text: str, complaint: str) -> None:
    with pytest.raises(ScriptsInvalid) as refused:
        parse_scripts(text, "own.toml")

    assert str(refused.value).startswith("own.toml: ")
    assert complaint in str(refused.value)
