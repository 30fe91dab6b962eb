"""How judged words are cut into clauses, and that each clause answers for itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.context_rule import insult, threat
from detection.surroundings import Surroundings
from detection.text import normalise
from detection.types import Category, Severity
from tests.detection.marked import around, why


def clauses_of(words: str) -> list[str]:
    text = normalise(words)
    whole = Surroundings(text, 0, len(text.normal), Category.MENTAL_ATTACK, Severity.WARNING)
    return [clause.matched for clause in whole.clauses]


@pytest.mark.parametrize(
    ("words", "clauses"),
    [
        ("殺すと言われたから、お前も殺してやる。", ["殺すと言われたから", "お前も殺してやる。"]),
        ("殺すと言われたからお前も殺してやる。", ["殺すと言われたから", "お前も殺してやる。"]),
        (
            "土下座しろと言ったら、カスハラになりますか。",
            ["土下座しろと言ったらかすはらになりますか。"],
        ),
        ("火をつけるからな、って言われました。", ["火をつけるからなって言われました。"]),
        ("もういい。切ります。", ["もういい。", "切ります。"]),
    ],
)
def test_clauses_end_where_a_thought_does(words: str, clauses: list[str]) -> None:
    assert clauses_of(words) == clauses


def test_a_word_inside_a_sentence_is_no_clause() -> None:
    assert not around(insult("家の壁に〔死ね〕と書いてあります。")).is_clause
    assert around(insult("〔家の壁に死ねと書いてあります〕。")).is_clause


def test_one_clause_that_is_meant_makes_all_of_them_stand() -> None:
    reported = "〔殺すぞって言われました、どこに相談すればいいですか〕。"
    answered = "〔殺すぞって言われました、だからお前を殺してやる〕。"

    assert why(threat(reported)) == "quotation"
    assert why(threat(answered)) == ""


@given(st.text("殺すと言われたから、お前も。けどのでて？", min_size=1, max_size=60))
def test_clauses_cover_the_words_in_order_without_a_gap(words: str) -> None:
    text = normalise(words)

    found = Surroundings(
        text, 0, len(text.normal), Category.MENTAL_ATTACK, Severity.WARNING
    ).clauses

    assert "".join(clause.matched for clause in found) == text.normal
