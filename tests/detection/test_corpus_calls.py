"""The calls of the corpus as they are shipped, and what a file of them must hold."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from app.evaluation.cases import parse_calls
from detection.corpus_calls import read_call, read_calls
from detection.errors import CorpusInvalid
from detection.types import Speaker

CALL = """
id = "asks-twice"
kind = "legitimate"
summary = "二度たずねる"
policy_note = "聞こえなかったため。"
expect = { max_level = 0, first_alert_turn = -1, repetition = false, warnings_spoken = 0 }
[[turns]]
speaker = "operator"
t = 0.0
text = "市民課です。"
labels = []
[[turns]]
speaker = "caller"
t = 2.5
text = "もう一度お願いします。"
labels = []
"""


def test_the_shipped_calls_are_of_all_three_kinds() -> None:
    kinds = Counter(call.kind for call in read_calls())

    assert kinds["harassment"] >= 30
    assert kinds["legitimate"] >= 20
    assert kinds["hard_negative"] >= 10


def test_every_shipped_call_is_a_case_of_the_evaluation() -> None:
    calls = read_calls()
    lines = [json.dumps(call.as_case()) for call in calls]

    cases = parse_calls(lines, "calls.jsonl")

    assert [case.id for case in cases] == [call.id for call in calls]
    assert [len(case.turns) for case in cases] == [len(call.turns) for call in calls]


def test_a_call_says_who_speaks_when() -> None:
    call = read_call("legitimate", "asks-twice", CALL)

    assert [(turn.speaker, turn.at_ms) for turn in call.turns] == [
        (Speaker.OPERATOR, 0),
        (Speaker.CALLER, 2_500),
    ]
    assert (call.max_level, call.first_alert_turn, call.repetition) == (0, None, False)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('id = "asks-twice"', 'id = "asks-thrice"'),
        ("t = 2.5", "t = -2.5"),
        ('speaker = "caller"', 'speaker = "visitor"'),
        ("first_alert_turn = -1", "first_alert_turn = 2"),
        ("max_level = 0", "max_level = 1"),
        ("もう一度お願いします。", " "),
        ("labels = []", 'labels = ["apology"]'),
        ("repetition = false, ", ""),
    ],
)
def test_a_call_that_breaks_the_rules_is_named(right: str, wrong: str) -> None:
    with pytest.raises(CorpusInvalid, match="calls/legitimate/asks-twice"):
        read_call("legitimate", "asks-twice", CALL.replace(right, wrong))
