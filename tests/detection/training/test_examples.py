"""The corpus as examples to learn from, and what is kept apart."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.corpus_calls import CorpusCall, CorpusTurn
from detection.corpus_files import CorpusLine, Heard, Kind, read_corpus, text_key
from detection.corpus_moves import CorpusMove, moves_in, pairs_in, read_moves, read_pairs
from detection.errors import CorpusInvalid
from detection.meaning.outputs import HARM, OUTPUTS, PLACE, STOP
from detection.training.choosing import read_choosing
from detection.training.examples import Example, Part, answers, digest_of, examples_of, part_of
from detection.types import Category, Cue, Severity, Speaker

THREAT = CorpusLine(
    kind=Kind.HARASSMENT,
    file="physical_attack",
    subtype="s",
    template="s-01",
    style="plain",
    severity=Severity.STOP,
    labels=(Category.PHYSICAL_ATTACK,),
    text="帰り道に気をつけな",
)


def heard(text: str, error_rate: float) -> dict[str, Heard]:
    return {text_key(THREAT.text): Heard(error_rate, 0.8, text)}


def test_a_line_teaches_its_categories_and_that_it_has_no_others() -> None:
    (example,) = examples_of([THREAT], {}, [])

    assert example.known[HARM]
    assert example.known[STOP]
    assert [c for c in Category if example.known[c.value]] == [Category.PHYSICAL_ATTACK]


def test_what_was_heard_of_a_line_teaches_the_same_and_stays_in_its_part() -> None:
    written, as_heard = examples_of([THREAT], heard("帰り道に木をつけな", 0.2), [])

    assert as_heard.heard
    assert as_heard.known == written.known
    assert as_heard.part is written.part


@pytest.mark.parametrize(("text", "error_rate"), [("", 1.0), ("ああああ", 0.9), (THREAT.text, 0.0)])
def test_what_nobody_could_have_understood_teaches_nothing(text: str, error_rate: float) -> None:
    examples = examples_of([THREAT], heard(text, error_rate), [])

    assert [example.heard for example in examples] == [False]


def test_what_a_caller_demands_may_be_harassment_or_not() -> None:
    move = CorpusMove(Speaker.CALLER, "c-01", "plain", (Cue.DEMAND,), "返してください")

    (example,) = examples_of([], {}, [move])

    assert HARM not in example.known
    assert example.known["caller.demand"]


def test_what_an_operator_says_is_no_harassment() -> None:
    move = CorpusMove(Speaker.OPERATOR, "o-01", "plain", (Cue.WARNED,), "お電話を終了します")

    (example,) = examples_of([], {}, [move])

    assert example.known[HARM] is False
    assert example.known["operator.warned"]


def test_a_labelled_turn_of_a_call_teaches_its_category_but_no_severity() -> None:
    turn = CorpusTurn(Speaker.CALLER, 0, "土下座しに来い", (Category.APOLOGY,))
    call = CorpusCall("k", "harassment", "", "", (turn,), Severity.WARNING, 0, False, 0)

    (example,) = examples_of([], {}, [], [call])

    assert example.known[HARM]
    assert STOP not in example.known


def test_unknown_answers_are_not_numbers() -> None:
    known = answers([Example("x", "t", {HARM: True, "sexual": False})])

    assert known[0, PLACE[HARM]] == 1
    assert known[0, PLACE["sexual"]] == 0
    assert np.isnan(known[0, PLACE[STOP]])


@given(st.text())
def test_a_template_stands_in_one_part_for_ever(template: str) -> None:
    assert part_of(template) is part_of(template)


def test_a_tenth_is_held_back_and_a_tenth_calibrates() -> None:
    counts = Counter(part_of(line.template) for line in read_corpus())
    share = counts.total() / 10

    assert counts[Part.HELD_BACK] == pytest.approx(share, rel=0.1)
    assert counts[Part.CALIBRATION] == pytest.approx(share, rel=0.1)


def test_one_changed_letter_gives_the_corpus_another_name() -> None:
    one = [Example("帰り道に気をつけな", "t", {HARM: True})]
    other = [Example("帰り道に気をつけて", "t", {HARM: True})]

    assert digest_of(one) != digest_of(other)


def test_the_shipped_moves_and_pairs_can_be_read() -> None:
    speakers = Counter(move.speaker for move in read_moves())

    assert min(speakers.values()) > 1_000
    assert {pair.same for pair in read_pairs()} == {True, False}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a-01\tplain\tanswer", "4 columns"),
        ("a-01\tloud\tanswer\tはい", "style"),
        ("a-01\tplain\tgreets\tはい", "greets"),
    ],
)
def test_a_wrong_row_of_moves_is_named_by_its_line(row: str, message: str) -> None:
    with pytest.raises(CorpusInvalid, match=rf"operator\.tsv, line 2.*{message}"):
        list(moves_in(Speaker.OPERATOR, ["# move: answer — 答える", row]))


def test_a_pair_is_of_one_demand_or_of_two() -> None:
    with pytest.raises(CorpusInvalid, match="line 1"):
        list(pairs_in(["p-01\tpair\tperhaps\tあ\tい"]))


def test_the_choosing_set_is_none_of_what_is_learned_from() -> None:
    chosen = {one.text for one in read_choosing()}

    assert chosen
    assert not chosen & {line.text for line in read_corpus()}


def test_every_answer_has_a_place_of_its_own() -> None:
    assert len(set(OUTPUTS)) == len(OUTPUTS)
