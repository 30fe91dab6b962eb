"""Which words around a finding take its harm away, and which do not. 〔…〕 marks the judged words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.context import RULE_NAMES, RULES, set_aside_by
from detection.context_rule import Example, Rule, insult, threat
from detection.surroundings import Surroundings
from detection.text import normalise
from detection.types import Category, Severity
from tests.detection.marked import around, why

CATCHES = [(rule, example) for rule in RULES for example in rule.catches]
SPARES = [(rule, example) for rule in RULES if not rule.stands for example in rule.spares]
NO_THREATS = [(rule, example) for rule in RULES if rule.stands for example in rule.spares]
STANDS = [
    insult("〔殺してやる〕許せない。"),
    threat("〔殺す〕からな。"),
    threat("お前を〔殺す〕。"),
    threat("「〔殺すぞ〕」"),
]


def named(pairs: list[tuple[Rule, Example]]) -> list[str]:
    return [f"{rule.id}-{example.marked}" for rule, example in pairs]


@pytest.mark.parametrize(("rule", "example"), CATCHES, ids=named(CATCHES))
def test_each_rule_decides_about_what_it_was_written_for(rule: Rule, example: Example) -> None:
    decided = why(example)

    assert decided == ("" if rule.stands else rule.id)


@pytest.mark.parametrize(("rule", "example"), SPARES, ids=named(SPARES))
def test_the_near_neighbours_of_a_rule_stand(rule: Rule, example: Example) -> None:
    assert why(example) == "", rule.id


@pytest.mark.parametrize(("rule", "example"), NO_THREATS, ids=named(NO_THREATS))
def test_a_question_is_no_conditional_threat(rule: Rule, example: Example) -> None:
    assert not rule.applies(around(example))


@pytest.mark.parametrize("example", STANDS, ids=[e.marked for e in STANDS])
def test_plain_words_stand(example: Example) -> None:
    assert why(example) == ""


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_rule_is_proven_on_both_sides(rule: Rule) -> None:
    assert len(rule.catches) >= 3
    assert len(rule.spares) >= 3


def test_ids_and_labels_tell_the_rules_apart() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert len({rule.label for rule in RULES}) == len(RULES)


def test_an_entry_can_keep_out_of_a_rule() -> None:
    example = threat("〔脅す〕のはやめてください。")

    assert why(example) == "negation"
    assert why(example, keeps=frozenset({"negation"})) == ""


def test_an_entry_can_keep_out_of_a_whole_group_of_rules() -> None:
    example = threat("〔死亡届を出したいです〕。")

    assert why(example) == "name"
    assert why(example, keeps=frozenset({"procedure"})) == ""


def test_a_threat_in_the_next_sentence_is_not_covered_by_a_report() -> None:
    example = threat("夫に殺すと言われて逃げてきたんだ。〔お前も殺すぞ〕。")

    assert why(example) == ""


@given(
    before=st.text("夫に私が「」。、殺すと言って馬鹿？", max_size=60),
    judged=st.text("死ねと言われたから、お前も？。殺すな", min_size=1, max_size=30),
    after=st.text("と言われない」。、ぞってるんだ？さっき", max_size=60),
)
def test_any_span_of_any_words_is_decided_by_a_known_rule_or_stands(
    before: str, judged: str, after: str
) -> None:
    text = normalise(before + judged + after)
    start = min(len(before), len(text.normal))
    end = min(start + len(judged), len(text.normal))

    found = set_aside_by(Surroundings(text, start, end, Category.PHYSICAL_ATTACK, Severity.STOP))

    assert found is None or found.rule in RULE_NAMES
