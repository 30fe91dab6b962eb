"""The shipped model at work: whatever is said, its answers are probabilities and its quotations the speaker's words."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from detection.meaning.outputs import OUTPUTS
from detection.meaning.ports import MeaningSource, Said
from detection.meaning.reader import load_meaning_reader
from detection.ports import Detector
from detection.sudachi import shared_readings
from detection.text import normalise
from detection.types import Speaker, Utterance
from detection.understanding import load_detector

LETTERS = st.one_of(
    st.sampled_from("お前死ね馬鹿殺すぞ、。「」と言われた土下座しろ!ー ｱﾊﾞカ\n？えっと家まで行く"),
    st.characters(codec=None, categories=("L", "M", "N", "P", "S", "Z", "C")),
)
"""Half characters among them."""


@cache
def reader() -> MeaningSource:
    return load_meaning_reader()


@cache
def detector() -> Detector:
    return load_detector()


def said(text: str) -> Said:
    return Said(normalise(text), shared_readings().tokens(text))


@settings(max_examples=60)
@given(st.lists(st.text(LETTERS, max_size=60), min_size=1, max_size=4))
def test_every_reading_has_an_answer_to_every_question_and_a_place(texts: list[str]) -> None:
    meanings = reader().read([said(text) for text in texts])

    assert len(meanings) == len(texts)
    for text, meaning in zip(texts, meanings, strict=True):
        assert len(meaning.probabilities) == len(OUTPUTS)
        assert all(0 <= likely <= 1 for likely in meaning.probabilities)
        assert 0 <= meaning.span.start <= meaning.span.end <= len(text)


@settings(max_examples=60)
@given(
    text=st.text(LETTERS, min_size=1, max_size=60),
    others=st.lists(st.text(LETTERS, min_size=1, max_size=20), max_size=4),
    speaker=st.sampled_from(Speaker),
    confidence=st.floats(0, 1),
)
def test_whatever_is_said_is_judged_alike_each_time_and_quoted_as_it_was_said(
    text: str, others: list[str], speaker: Speaker, confidence: float
) -> None:
    utterance = Utterance("u", speaker, text, 0, 1_000, confidence, tuple(others))

    assessment = detector().assess(utterance)

    assert assessment == detector().assess(utterance)
    assert speaker is Speaker.CALLER or assessment.findings == ()
    for finding in assessment.findings:
        assert finding.quote == text[finding.span.start : finding.span.end] != ""
        assert 0 < finding.score <= 1


def test_words_without_an_end_are_read_to_where_the_model_looks() -> None:
    (meaning,) = reader().read([said("お前を殺してやるからな。" * 1_000)])

    assert meaning.harm > 0.5
