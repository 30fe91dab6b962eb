"""What a recogniser writes by mistake is read as what was said, and quoted as it was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.detector import GUESS_SCORE
from detection.lexicon import read_lexicon
from detection.respelling import Respelling, respell
from detection.text import normalise
from detection.types import Category, Severity
from tests.detection.shipped import LEXICONS, Example, assess, examples

SHIPPED = read_lexicon(
    {f.name: f.read_text(encoding="utf-8") for f in LEXICONS.iterdir() if f.name.endswith(".toml")}
).respellings


@pytest.mark.parametrize("example", examples("respellings", "catches"), ids=str)
def test_a_respelling_puts_in_what_was_said(example: Example) -> None:
    own = [r for r in SHIPPED if r.id == example.entry]

    respelt = respell(normalise(example.text), own).text.normal

    assert own[0].said in respelt
    assert respelt != normalise(example.text).normal


@pytest.mark.parametrize("example", examples("respellings", "spares"), ids=str)
def test_a_respelling_leaves_its_innocent_neighbours_alone(example: Example) -> None:
    own = [r for r in SHIPPED if r.id == example.entry]

    respelt = respell(normalise(example.text), own).text.normal

    assert respelt == normalise(example.text).normal


def test_a_threat_that_was_misheard_is_quoted_as_it_was_written_and_marked_as_less_sure() -> None:
    found = assess("もういい、今からそっちに行ってお前をさせてやるからな").findings

    threat = next(f for f in found if f.category is Category.PHYSICAL_ATTACK)
    assert threat.severity is Severity.STOP
    assert "させてや" in threat.quote
    assert threat.score <= GUESS_SCORE
    assert "音の近い言葉" in threat.reason


def test_a_respelling_never_puts_words_in_between_two_letters() -> None:
    endless = Respelling("t.endless", re.compile("(?<=あ)"), "ああ", sure=True)

    assert respell(normalise("あのひと"), [endless]).text.normal == "あのひと"


@pytest.mark.parametrize("text", ["バカったよ、ありがとう", "子供に練習をさせてやりたいです"])
def test_what_only_sounds_like_abuse_stays_unflagged(text: str) -> None:
    found = assess(text).findings

    assert found == ()


@given(st.text(alphabet="お前をさせてやる気つけあやまれ役所に2人で読みし、。", max_size=40))
def test_every_letter_put_in_stands_for_real_words(text: str) -> None:
    normal = normalise(text)

    respelt = respell(normal, SHIPPED)

    assert len(respelt.text.spans) == len(respelt.text.normal)
    starts = [span.start for span in respelt.text.spans]
    assert starts == sorted(starts)
    assert all(0 <= a < b <= len(respelt.text.normal) for a, b in respelt.guessed)
