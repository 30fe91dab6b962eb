"""Facts about the sentences that the screen suggests."""

from __future__ import annotations

from itertools import product

import pytest

from app.responses.scripts import (
    Script,
    Scripts,
    ScriptsInvalid,
    load_scripts,
    parse_scripts,
    suggest,
)
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
BREATH_LETTERS = 65
"""About nine seconds of calm speech; nobody says more to a shouting caller in one go."""


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


def test_a_sentence_for_the_category_goes_before_the_general_one() -> None:
    of_category = decision(Step.ASK_TO_STOP, Outcome.HARASSMENT_SUSPECTED, Category.SEXUAL)
    general = decision(Step.ASK_TO_STOP, Outcome.HARASSMENT_SUSPECTED, Category.PHYSICAL_ATTACK)

    assert [s.id for s in (suggest(of_category, SHIPPED), suggest(general, SHIPPED)) if s] == [
        "ask.sexual",
        "ask.any",
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
    assert len(script.text) <= BREATH_LETTERS
    assert script.text.endswith("。")
    assert script.note.endswith("。")
    assert not any(word in script.text for word in ("録音", "記録", "〇", "△", "AI"))
    assert script.draft


@pytest.mark.parametrize(
    "script", [s for s in SHIPPED.all if s.step is Step.CLOSE], ids=lambda script: script.id
)
def test_an_ended_call_leaves_the_callers_matter_a_way(script: Script) -> None:
    assert "書面" in script.text
    assert "承ります" in script.text


def test_a_sentence_is_found_by_its_id() -> None:
    assert SHIPPED.by_id("warn.any") in SHIPPED.all
    assert SHIPPED.by_id("warn.nothing") is None


def test_there_may_be_no_sentence_at_all() -> None:
    assert suggest(decision(Step.WARN, Outcome.HARASSMENT_SUSPECTED), Scripts(())) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[script]", "not valid TOML"),
        ("", "holds [[script]] entries"),
        (ENTRY + "x = 1", "entry 1: needs exactly the keys"),
        (ENTRY.replace('"warn"', '"shout"'), "entry 1: 'shout' is not a valid Step"),
        (ENTRY.replace('"any"', '"rude"'), "entry 1: 'rude' is not a valid Category"),
        (ENTRY.replace("true", '"yes"'), "'draft' must be true or false"),
        (ENTRY.replace('""', "3"), "must be texts"),
        (ENTRY + ENTRY, "'a' takes the place of 'a'"),
        (ENTRY + ENTRY.replace('"a"', '"b"'), "'b' takes the place of 'a'"),
    ],
)
def test_a_broken_file_is_refused_by_file_and_entry(text: str, complaint: str) -> None:
    with pytest.raises(ScriptsInvalid) as refused:
        parse_scripts(text, "own.toml")

    assert str(refused.value).startswith("own.toml: ")
    assert complaint in str(refused.value)
