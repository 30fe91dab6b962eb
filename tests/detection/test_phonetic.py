"""What a telephone makes of a word, and what it must not be taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.phonetic import ReadingPattern, allowed_cost, hear, morae, sound_of
from detection.sudachi import Word


def said(*words: str) -> tuple[Word, ...]:
    """Return words with these readings, one after the other; 「。」 is a pause."""
    made: list[Word] = []
    for word in words:
        start = made[-1].end if made else 0
        kind = "補助記号" if word in "。、?" else "名詞"
        made.append(Word(start, start + len(word), word, word, word, kind))
    return tuple(made)


def heard(reading: str, *words: str, alone: bool = False) -> str | None:
    """Return the words in which *reading* is heard."""
    found = hear(ReadingPattern.of(reading, alone=alone), sound_of(said(*words)))
    return None if found is None else "".join(words)[found.span.start : found.span.end]


@pytest.mark.parametrize(
    ("reading", "words", "found"),
    [
        ("ドゲザ", ("ドウ", "ゲ", "ザシ", "テ"), None),
        ("ドゲザシテ", ("ドウ", "ゲ", "ザシ", "テ"), "ドウゲザシテ"),
        ("ドゲザシロ", ("ドゲザ", "シロ"), "ドゲザシロ"),
        ("ヤクタタズ", ("コノ", "ヤク", "タダズ"), "ヤクタダズ"),
        ("ゼイキンドロボウ", ("ゼイキン", "トロボー"), "ゼイキントロボー"),
        ("シネ", ("シネ", "ヨ"), "シネ"),
        ("シネ", ("シメ",), None),
        ("シネ", ("シ", "ノ"), None),
        ("コロスゾ", ("ココロ", "スゾ"), None),
        ("コロスゾ", ("ゴロス", "ゾ"), None),
    ],
)
def test_near_sounds_are_heard_and_far_ones_are_not(
    reading: str, words: tuple[str, ...], found: str | None
) -> None:
    assert heard(reading, *words) == found


@pytest.mark.parametrize(
    "words",
    [("シ", "ネン"), ("イシ", "ネ"), ("シネマ",), ("ソウ", "シネ", "マ"), ("シ", "ネ", "ガ")],
)
def test_a_short_word_alone_has_no_false_friends(words: tuple[str, ...]) -> None:
    assert heard("シネ", *words, alone=True) is None


@pytest.mark.parametrize("words", [("シネ",), ("シネ", "ヨ"), ("。", "シネ", "。", "ハイ")])
def test_a_short_word_alone_is_heard_between_pauses(words: tuple[str, ...]) -> None:
    assert heard("シネ", *words, alone=True) == "シネ"


def test_a_pattern_is_not_heard_across_a_pause() -> None:
    assert heard("ドゲザシロ", "ドゲザ", "シロ") is not None

    assert heard("ドゲザシロ", "ドゲザ", "。", "シロ") is None


def test_the_closest_place_wins() -> None:
    found = hear(ReadingPattern.of("ドゲザシテ"), sound_of(said("トケサシテ", "ドゲザシテ")))

    assert found is not None
    assert (found.cost, found.span.start) == (0.0, 5)


def test_a_lengthened_vowel_is_one_sound_however_it_was_written() -> None:
    assert morae("ドロボウ") == morae("ドロボー") == ("ド", "ロ", "ボ", "ー")
    assert morae("ゼイキン") == morae("ゼーキン")
    assert morae("シャチョウ") == ("シャ", "チョ", "ー")


def test_longer_patterns_may_differ_more() -> None:
    costs = [allowed_cost(count) for count in range(1, 12)]

    assert costs == sorted(costs)
    assert costs[:3] == [0.0, 0.0, 0.0]


KATAKANA = st.text("アイウカガキシジスズタダナマンッャョー", min_size=1, max_size=12)


@given(st.lists(KATAKANA, max_size=6), KATAKANA)
def test_what_is_heard_lies_inside_what_was_said(words: list[str], reading: str) -> None:
    found = hear(ReadingPattern.of(reading), sound_of(said(*words)))

    if found is not None:
        assert 0 <= found.span.start < found.span.end <= sum(map(len, words))
        assert found.cost <= allowed_cost(len(ReadingPattern.of(reading).beats))


@given(KATAKANA.filter(lambda r: any(c not in "ッャョー" for c in r)))
def test_a_word_hears_itself(reading: str) -> None:
    pattern = ReadingPattern.of(reading)
    if not pattern.beats:
        return

    found = hear(pattern, sound_of(said(reading)))

    assert found is not None
    assert found.cost == 0.0
