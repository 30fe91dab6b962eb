"""Normal spelling, and the way back to the words as they were written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.text import encodable, normalise
from detection.types import Span

SPEECH = st.text(
    st.sampled_from(
        "あいうえおかがきばぱんっゃーバカシネｶﾞﾊﾟ馬鹿死人々１2.．。、!?！？…「」 　\n〜㌔①ﬀé\u3099え"
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("バカーー!!", "ばか。"),
        ("ﾊﾞｶ", "ばか"),
        ("ふざけんなああああ", "ふざけんな"),
        ("し、ね。", "しね。"),
        ("えーっと、死ね", "死ね"),
        ("あのー、聞きたいんですけど", "聞きたいんですけど"),
        ("あの人に聞いた", "あの人に聞いた"),
        ("「殺す」と言われた", "殺すと言われた"),
        ("１００万円", "100万円"),
        ("3.5センチ", "3.5せんち"),
        ("ブースとバス", "ぶーすとばす"),
        ("おばあさん", "おばあさん"),
        ("なんだと？！", "なんだと?"),
        ("SNSに晒す", "snsに晒す"),
        ("しねっ", "しね"),
        ("", ""),
    ],
)
def test_many_spellings_become_one(written: str, normal: str) -> None:
    assert normalise(written).normal == normal


def test_a_match_leads_back_to_the_words_as_written() -> None:
    text = normalise("えっと、この ﾊﾞｶ、が！")

    start = text.normal.index("ばか")
    span = text.locate(start, start + 2)

    assert text.original[span.start : span.end] == "ﾊﾞｶ"


@given(SPEECH)
def test_every_normal_letter_stands_for_real_letters_in_order(written: str) -> None:
    text = normalise(written)

    assert len(text.spans) == len(text.normal)
    assert all(0 <= s.start < s.end <= len(written) for s in text.spans)
    starts = [s.start for s in text.spans]
    assert starts == sorted(starts)


@given(SPEECH, st.data())
def test_every_match_lies_inside_the_original_and_is_not_empty(
    written: str, data: st.DataObject
) -> None:
    text = normalise(written)
    if not text.normal:
        return
    start = data.draw(st.integers(0, len(text.normal) - 1))
    end = data.draw(st.integers(start + 1, len(text.normal)))

    span = text.locate(start, end)

    assert 0 <= span.start < span.end <= len(written)


@given(SPEECH, st.data())
def test_the_way_back_and_forth_covers_the_match(written: str, data: st.DataObject) -> None:
    text = normalise(written)
    if not text.normal:
        return
    start = data.draw(st.integers(0, len(text.normal) - 1))
    end = data.draw(st.integers(start + 1, len(text.normal)))

    first, last = text.range_of(text.locate(start, end))

    assert first <= start
    assert last >= end


@given(SPEECH)
def test_normal_text_is_already_normal(written: str) -> None:
    normal = normalise(written).normal

    assert all(c not in "、！？「」 　ー〜" or c == "ー" for c in normal)
    assert not any("ァ" <= c <= "ヶ" for c in normal)


def test_a_range_of_nothing_is_empty() -> None:
    text = normalise("、、")

    assert text.range_of(Span(0, 1)) == (0, 0)
    assert text.locate(0, 0) == Span(2, 2)


def test_a_range_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="lies within"):
        normalise("馬鹿").locate(0, 3)


@given(st.text(st.characters(codec=None, categories=("L", "Cs", "Cc", "So"))))
def test_half_characters_give_way_letter_by_letter_and_nothing_else_does(written: str) -> None:
    text = encodable(written)

    assert len(text) == len(written)
    assert text.encode().decode() == text
    kept = [(now, before) for now, before in zip(text, written, strict=True) if now != before]
    assert all("\ud800" <= before <= "\udfff" for _, before in kept)
