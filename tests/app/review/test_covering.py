"""A call's words as one person reads them, also where they are quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.privacy.sight import COVERED, WHOLE
from app.review.covering import CoveredCall

SAID = "折り返しは090-1234-5678の田中までお願いします。"
QUOTE = "090-1234-5678の田中まで"


def test_a_quote_is_covered_as_the_words_it_is_taken_from() -> None:
    covered = CoveredCall(COVERED)
    whole = covered.said("u1", SAID)

    quote = covered.quote("u1", QUOTE, SAID.index(QUOTE))

    assert quote == whole[SAID.index(QUOTE) : SAID.index(QUOTE) + len(QUOTE)]
    assert "1234" not in quote


def test_a_part_of_a_number_is_covered_though_alone_it_is_none() -> None:
    covered = CoveredCall(COVERED)
    covered.said("u1", SAID)

    assert covered.quote("u1", "1234") == "●●●●"


def test_an_explanation_quotes_nothing_that_the_talk_covers() -> None:
    covered = CoveredCall(COVERED)
    covered.said("u1", SAID)
    quote = covered.quote("u1", QUOTE)
    told = {
        "text": f"相手の方の「{QUOTE}」という言葉です。",
        "parts": [{"kind": "said", "label": "言葉", "lines": [f"「{QUOTE}」"]}],
    }

    explanation = covered.explanation(told, QUOTE, quote)

    assert explanation is not None
    assert "1234" not in explanation.model_dump_json()
    assert quote in explanation.text


def test_who_reads_the_call_whole_reads_every_quote_whole() -> None:
    covered = CoveredCall(WHOLE)
    covered.said("u1", SAID)

    assert covered.quote("u1", QUOTE) == QUOTE


@pytest.mark.parametrize("sight", [COVERED, WHOLE])
@given(said=st.text(max_size=60), start=st.integers(0, 60), length=st.integers(0, 60))
def test_what_is_covered_keeps_its_length(
    sight: object, said: str, start: int, length: int
) -> None:
    covered = CoveredCall(sight)  # type: ignore[arg-type]
    quote = said[start : start + length]

    assert len(covered.said("u1", said)) == len(said)
    assert len(covered.quote("u1", quote, start)) == len(quote)
