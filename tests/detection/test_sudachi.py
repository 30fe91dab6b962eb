"""The dictionary behind the port: words cover the text, with readings and normal forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.phonetic import ReadingPattern, hear, sound_of
from detection.ports import ReadingSource
from detection.sudachi import LONGEST_CHARACTERS, SudachiReadings

READINGS: ReadingSource = SudachiReadings()


@given(st.text(st.sampled_from("土下座しろ馬鹿野郎。、!ｱ１a 😀\n𠮟\u3099役所のひと"), max_size=40))
def test_words_cover_the_text_in_order(text: str) -> None:
    tokens = READINGS.tokens(text)

    assert "".join(text[t.start : t.end] for t in tokens) == text
    assert [t.surface for t in tokens] == [text[t.start : t.end] for t in tokens]


@pytest.mark.parametrize("word", ["死ね。", "😀", "﷽", "㌔"])
def test_a_text_longer_than_the_dictionary_takes_at_once_is_covered_all_the_same(word: str) -> None:
    text = word * (2 * LONGEST_CHARACTERS // len(word) + 1)

    tokens = READINGS.tokens(text)

    ends = [0, *(token.end for token in tokens)]
    assert [token.start for token in tokens] == ends[:-1]
    assert ends[-1] == len(text)


def test_half_a_character_stands_between_words_like_any_unknown_letter() -> None:
    tokens = READINGS.tokens("馬鹿\ud800馬鹿")

    assert [(t.start, t.end) for t in tokens if t.reading == "バカ"] == [(0, 2), (3, 5)]


def test_a_word_knows_its_reading_its_normal_form_and_its_kind() -> None:
    tokens = {t.surface: t for t in READINGS.tokens("枝をきってくれ")}

    assert (tokens["枝"].reading, tokens["枝"].part_of_speech) == ("エダ", "名詞")
    assert tokens["きっ"].normal in ("切る", "きる")


def test_long_words_stay_whole() -> None:
    assert "住民票" in [t.surface for t in READINGS.tokens("住民票が欲しい")]


@pytest.mark.parametrize(
    ("reading", "text", "is_heard"),
    [
        ("ドゲザシテ", "同げざして謝れ", True),
        ("ドゲザシロ", "ドゲザしろ", True),
        ("シネ", "市の職員です", False),
        ("ドゲザシロ", "土地を下げてしろくする", False),
    ],
)
def test_misheard_writing_still_sounds_right(reading: str, text: str, is_heard: bool) -> None:
    found = hear(ReadingPattern.of(reading), sound_of(READINGS.tokens(text)))

    assert (found is not None) is is_heard


@pytest.mark.parametrize(
    "text", ["しねんぶつを買った", "そうしねえと困る", "市ね、そこは", "シネマを見た"]
)
def test_a_short_word_alone_is_not_heard_in_others(text: str) -> None:
    pattern = ReadingPattern.of("シネ", alone=True)

    assert hear(pattern, sound_of(READINGS.tokens(text))) is None
