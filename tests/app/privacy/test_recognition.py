"""What is recognised of persons, and what is left to be read."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.privacy.digits import my_number_is_whole, passes_luhn, plain
from app.privacy.lines import Line
from app.privacy.personal import MASK, personal_spans
from app.privacy.sight import WHOLE, TextSight, masked_lines, masked_text, sight_of_lines
from app.privacy.spans import WORDS, Kind, PersonalSpan, in_order
from tests.app.privacy.measuring import measured, sentences_in

ROOT = Path(__file__).resolve().parents[3]
PIECES = st.sampled_from(
    [
        "田中",
        "さん",
        "と申します",
        "090",
        "ゼロキュウ",
        "いちに",
        "の",
        "、",
        "1234",
        "五六七八",
        "高砂町",
        "6番地",
        "昭和",
        "42年",
        "5月3日",
        "生まれ",
        "電話番号は",
        "口座",
        "@",
        "example",
        ".com",
        "です",
        "殺すぞ",
        "林",
        "●",
        "●●",
        "に",
        "号室",
        " ",
        "第",
        "円",
    ]
)
SPEECH = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join))


def test_sentences_written_with_the_rules_are_covered_and_nothing_beside_them() -> None:
    result = measured(sentences_in("written_before.jsonl"))

    assert result.all.recall >= 0.99, result.missed
    assert result.all.precision >= 0.99, result.beside


def test_sentences_written_after_the_rules_are_covered_nearly_all() -> None:
    result = measured(sentences_in("written_after.jsonl"))

    assert result.all.recall >= 0.97, result.missed
    assert result.all.precision >= 0.98, result.beside
    assert {kind for kind, count in result.by_kind.items() if count.recall < 0.85} == set()


@given(SPEECH)
def test_what_is_masked_keeps_its_length_and_all_outside_the_spans(text: str) -> None:
    spans = personal_spans(text)

    masked = masked_text(text)

    assert len(masked) == len(text)
    inside = {at for span in spans for at in range(span.start, span.end)}
    assert all(masked[at] == (MASK if at in inside else text[at]) for at in range(len(text)))
    assert all(a.end <= b.start for a, b in pairwise(spans))


@given(SPEECH)
def test_to_mask_twice_is_to_mask_once(text: str) -> None:
    once = masked_text(text)

    assert masked_text(once) == once


@given(st.lists(st.tuples(st.sampled_from(["caller", "operator"]), SPEECH), max_size=6))
def test_lines_keep_their_lengths_and_cover_at_least_what_each_shows_alone(
    said: list[tuple[str, str]],
) -> None:
    lines = [Line(*one) for one in said]

    masked = masked_lines(lines)

    assert [len(text) for text in masked] == [len(line.text) for line in lines]
    for text, line in zip(masked, lines, strict=True):
        alone = personal_spans(line.text)
        assert all(set(text[span.start : span.end]) == {MASK} for span in alone)


def test_a_number_said_over_several_lines_is_covered_in_each_and_where_it_is_said_again() -> None:
    masked = masked_lines(
        [
            Line("operator", "お電話番号をお願いします"),
            Line("caller", "ゼロキュウゼロの"),
            Line("operator", "はい"),
            Line("caller", "いちにーさんよんの"),
            Line("operator", "いちにーさんよん"),
            Line("caller", "5678です"),
        ]
    )

    assert masked == [
        "お電話番号をお願いします",
        "●●●●●●●の",
        "はい",
        "●●●●●●●●の",
        "●●●●●●●●",
        "●●●●です",
    ]


@pytest.mark.parametrize(
    ("question", "answer", "covered"),
    [
        ("お名前をお願いします", "林です", "●です"),
        ("お名前をお願いします", "教えません", "教えません"),
        ("お名前をお願いします", "馬鹿", "馬鹿"),
        ("生年月日をお願いします", "昭和42年5月3日です", "●●●●●●●●●です"),
        ("口座番号をどうぞ", "1234567", "●●●●●●●"),
        ("何枚ご入り用ですか", "1234567", "1234567"),
    ],
)
def test_an_answer_is_understood_by_its_question(question: str, answer: str, covered: str) -> None:
    assert masked_lines([Line("operator", question), Line("caller", answer)])[1] == covered


@pytest.mark.parametrize(
    ("said", "covered"),
    [
        ("田中さん(090-1234-5678)から", "●●さん(●●●●●●●●●●●●●)から"),
        ("田中さん（０９０－１２３４－５６７８）", "●●さん（●●●●●●●●●●●●●）"),
        ("佐藤さん(09012345678)", "●●さん(●●●●●●●●●●●)"),
        ("田中さん、ゼロキュウゼロのいちにさんよんのごろくななはち", "●●さん、" + "●" * 23),
        ("鈴木さん(4111-1111-1111-1111)", "●●さん(●●●●●●●●●●●●●●●●●●●)"),
    ],
)
def test_a_number_right_after_a_polite_name_is_no_longer_by_its_syllable(
    said: str, covered: str
) -> None:
    assert masked_text(said) == covered


@pytest.mark.parametrize(
    ("said", "covered"),
    [
        ("髙橋", "●●"),
        ("私は髙橋一郎です", "私は●●●●です"),
        ("𠮷田さんと山﨑様", "●●さんと●●様"),
        ("神﨑様の件", "●●様の件"),
    ],
)
def test_a_name_in_rare_kanji_is_covered_whole(said: str, covered: str) -> None:
    assert masked_text(said) == covered


def test_a_name_that_was_given_once_is_covered_in_the_rest_of_the_call() -> None:
    sight = sight_of_lines([Line("caller", "サカキバラと申します"), Line("operator", "はい")])

    assert sight.of("サカキバラの件、確認しました") == "●●●●●の件、確認しました"
    assert sight.of_all(
        {"text": "サカキバラ", "rule": "サカキバラ"}, untouched=frozenset({"rule"})
    ) == {
        "text": "●●●●●",
        "rule": "サカキバラ",
    }
    assert WHOLE.of("サカキバラと申します") == "サカキバラと申します"
    assert TextSight(whole=False).of("市長を出せ") == "市長を出せ"


def test_of_two_known_words_neither_leaves_a_part_of_the_other_to_be_read() -> None:
    known = ("サカキバラ", "サカキ", "バラヤマ", "090-1234", "0-1234-5678")
    orders = [TextSight(whole=False, known=frozenset(known[at:])) for at in range(len(known))]

    read = TextSight(whole=False, known=frozenset(known)).of("サカキバラヤマの090-1234-5678の件")

    assert read == "●●●●●●●の●●●●●●●●●●●●●の件"
    assert orders[3].of("090-1234-5678x") == "●●●●●●●●●●●●●x"


@pytest.mark.parametrize(
    "text", ["a-" * 900 + "@b.c", "-" * 2_000 + "@", "ドット" * 600 + "アット", "a- -" * 500 + "@"]
)
def test_a_line_of_dashes_before_an_at_sign_is_read_at_once(text: str) -> None:
    assert len(masked_text(text)) == len(text)  # tried in every way it takes longer than a life


@pytest.mark.parametrize(
    "said",
    [
        "taro_yamada-1@example.jp",
        "yama - da@example.jp",
        "タナカドットイチローアットマークレイドットコム",
    ],
)
def test_a_mail_address_is_covered_with_all_its_parts(said: str) -> None:
    assert masked_text(f"メールは{said}です") == f"メールは{'●' * len(said)}です"


def test_nothing_that_judging_harassment_needs_is_covered() -> None:
    said = [
        str(line["text"])
        for file in sorted((ROOT / "detection" / "corpus" / "unseen").glob("utterances*.jsonl"))
        for line in map(json.loads, file.read_text("utf-8").splitlines())
        if line.get("kind") == "harassment"
    ]

    covered = [text for text in said if personal_spans(text)]

    assert len(said) > 300
    assert len(covered) <= len(said) // 200, covered


@given(st.text("0123456789", min_size=11, max_size=11))
def test_a_my_number_with_one_other_digit_is_found_out(digits: str) -> None:
    whole = next(digits + last for last in "0123456789" if my_number_is_whole(digits + last))

    assert sum(my_number_is_whole(digits + last) for last in "0123456789") == 1
    assert [span.kind for span in personal_spans(whole)] in ([Kind.MY_NUMBER], [Kind.TELEPHONE])


def test_a_card_has_its_check_digit() -> None:
    assert passes_luhn("4111111111111111")
    assert not passes_luhn("4111111111111112")


@given(st.text(max_size=80))
def test_plain_writing_keeps_every_place(text: str) -> None:
    assert len(plain(text)) == len(text)


def test_of_two_spans_over_each_other_one_is_left_that_covers_both() -> None:
    long, short = PersonalSpan(0, 6, Kind.ADDRESS), PersonalSpan(4, 8, Kind.NAME)

    assert in_order([short, long]) == (PersonalSpan(0, 8, Kind.ADDRESS),)


def test_every_kind_has_its_word() -> None:
    assert WORDS.keys() == set(Kind)
