"""Folding, sound and pieces: what is found in which words, and where it is marked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.privacy.lines import Line
from app.search.asking import Scope
from app.search.folding import folded
from app.search.grams import pieces_of_readings, pieces_of_words, wanted_pieces
from app.search.matching import Spoken, hit_lines, marks_in, matches
from app.search.preparing import covered_ranges, indexed, words_here
from app.search.sounding import reading_of, sounding
from tests.app.search.said import wanted

JAPANESE = st.text(
    alphabet="あいうかがっーアイウカガッ一二三税金泥棒土下座、。 ●ABab１２.・", max_size=24
)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("お前、馬鹿か。", "お前馬鹿か"),
        ("ＡＢＣ abc", "abcabc"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("か\u3099", "が"),
        ("1.5円 。.", "1.5円"),
        ("㍍", "メートル"),
        ("佐藤●●です", "佐藤●●です"),
        ("電話は-〜!?", "電話は"),
        ("\n\x00\u200b", ""),
        ("ｺｰﾋｰ", "コーヒー"),
    ],
)
def test_width_case_blanks_and_marks_make_no_difference(written: str, text: str) -> None:
    assert folded(written).text == text


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once_and_every_letter_has_its_place(written: str) -> None:
    once = folded(written)

    assert len(once.text) == len(once.spans)
    assert all(0 <= span.start < span.end <= len(written) for span in once.spans)
    assert "\n" not in once.text


def test_a_place_is_that_of_what_was_written() -> None:
    place = folded("この 税金、泥棒 が").places_of("税金泥棒")[0]

    assert "この 税金、泥棒 が"[place.start : place.end] == "税金、泥棒"


@pytest.mark.parametrize(
    ("searched", "said", "found"),
    [
        ("土下座", "同げざして謝れ", True),
        ("どげざ", "土下座しろ", True),
        ("バカ", "馬鹿か", True),
        ("金", "かねてから", False),
        ("かね", "金がない", False),  # read キン there
        ("死ね", "シネマに行く", False),
        ("鬱蒼", "嘘だ", False),
        ("東京", "トーキョーです", True),
        ("東京", "時計屋", False),
        ("医師", "医者です", False),
        ("子", "この辺の", False),
        ("責任者", "せきにんしゃを出せ", True),
    ],
)
def test_a_sound_is_found_where_it_was_written_in_other_letters(
    searched: str, said: str, found: bool
) -> None:
    reading = reading_of(words_here(searched))

    heard = bool(reading and reading.pattern.search(sounding(words_here(said)).text))

    assert heard is found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("|ノー|フショ", True),
        ("|ッノフショ", True),
        ("|ーッノフーショ", True),
        ("|キノフショ", False),
    ],
)
def test_a_sound_begins_where_a_word_begins_whatever_lengths_it_begins_with(
    said: str, found: bool
) -> None:
    reading = reading_of(words_here("納付書"))
    assert reading is not None

    assert bool(reading.pattern.search(f"|アノ{said}")) is found


@given(
    st.lists(
        st.sampled_from(["税金", "どろぼうだ", "税金泥棒", "泥棒の税", "あの", ""]), max_size=6
    ),
    st.sampled_from(["税金 泥棒", "泥棒 税 金", "税金 -泥棒", "「税金」 どろぼう", "あの あの"]),
)
def test_words_are_in_one_utterance_where_a_call_of_that_utterance_alone_would_be_found(
    lines: list[str], typed: str
) -> None:
    asked = replace(wanted(typed), scope=Scope.UTTERANCE)
    whole = indexed("c", [Line("caller", line) for line in lines])
    alone = [indexed("c", [Line("caller", line)]) for line in lines]

    hits = hit_lines(asked, [Spoken("caller", whole.caller_words, whole.caller_readings)])
    found = [
        matches(wanted(typed), [Spoken("caller", one.caller_words, one.caller_readings)])
        for one in alone
    ]

    assert [hit.index for hit in hits] == [place for place, there in enumerate(found) if there]


def test_no_sound_reaches_across_a_sentence_or_a_cover() -> None:
    reading = reading_of(words_here("土下座"))
    assert reading is not None

    for said in ("ど。げざ", "ど●げざ"):
        assert reading.pattern.search(sounding(words_here(said)).text) is None


@given(JAPANESE, st.integers(0, 23), st.integers(1, 6))
def test_whatever_stands_in_the_words_has_all_its_pieces_in_the_index(
    said: str, start: int, length: int
) -> None:
    words = folded(said).text
    for run in words.split("●"):
        part = run[start : start + length]
        if part:
            assert set(wanted_pieces("w", part)) <= pieces_of_words(words)


@given(JAPANESE, JAPANESE)
def test_whatever_is_heard_has_all_its_pieces_in_the_index(said: str, searched: str) -> None:
    reading, sound = reading_of(words_here(searched)), sounding(words_here(said)).text

    if reading is not None and reading.pattern.search(sound):
        assert set(wanted_pieces("r", reading.letters)) <= pieces_of_readings(sound)


@pytest.mark.parametrize(
    ("searched", "text", "marked"),
    [
        ("税金泥棒", "この税金、泥棒が", [("税金、泥棒", False)]),
        ("土下座", "同げざして謝れ", [("同げざし", True)]),
        ("税金 金泥", "税金泥棒", [("税金泥", False)]),
        ("ない", "ないものはない", [("ない", False), ("ない", False)]),
        ("ない", "あります", []),
    ],
)
def test_what_was_found_is_marked_where_it_stands(
    searched: str, text: str, marked: list[tuple[str, bool]]
) -> None:
    marks = marks_in(wanted(searched), text, words_here)

    assert [(text[m.span.start : m.span.end], m.by_sound) for m in marks] == marked


@given(JAPANESE, JAPANESE.filter(lambda text: folded(text.replace("●", "")).text != ""))
def test_marks_lie_apart_and_within_the_text(text: str, searched: str) -> None:
    marks = marks_in(wanted(f"「{searched.replace('●', '')}」"), text, words_here)

    ends = [0, *(mark.span.end for mark in marks)]
    assert all(end <= mark.span.start for end, mark in zip(ends, marks, strict=False))
    assert all(mark.span.end <= len(text) for mark in marks)


def test_a_name_that_is_covered_is_in_no_part_of_the_index() -> None:
    made = indexed(
        "c",
        [
            Line("caller", "佐藤太郎と申します"),
            Line("operator", "佐藤様、お電話番号をお願いします"),
            Line("caller", "090-1234-5678です"),
        ],
    )

    kept = f"{made.caller_words}{made.operator_words}{made.caller_readings}{made.operator_readings}"
    assert all(word not in kept for word in ("佐藤", "太郎", "サト", "タロ", "1234", "5678"))
    assert "申します" in made.caller_words
    assert made.covers["operator"]["0"] == [[0, 2]]
    sides = (Spoken("caller", made.caller_words, made.caller_readings),)
    assert not matches(wanted("佐藤"), sides)
    assert matches(wanted("申します"), sides)


@given(st.text(alphabet="あ●い", max_size=12))
def test_covered_ranges_are_where_two_texts_differ(covered: str) -> None:
    text = covered.replace("●", "名")
    letters = list(text)
    for start, end in covered_ranges(text, covered):
        letters[start:end] = "●" * (end - start)

    assert "".join(letters) == covered
