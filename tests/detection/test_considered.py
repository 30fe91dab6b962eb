"""What else was looked at in an utterance and did not count is told, each with its reason, and none twice."""

from __future__ import annotations

import pytest

from detection.considered import PLAINER
from detection.context import RULES
from detection.explanation import PartKind, explain
from detection.types import Category, SetAside
from tests.detection.explaining import BOOK, around, finding, lines, said


@pytest.mark.parametrize(
    ("aside", "sentence"),
    [
        (
            SetAside("meaning.sexual", "検討したが、確からしさが足りない(31%)", doubted=True),
            "「性的な言動」も検討しましたが、確からしさが足りないため、数えていません。",
        ),
        (
            SetAside("mental.fool_at_you", "引用"),
            (
                "「脅迫、中傷、名誉棄損、侮辱、暴言など精神的な攻撃」に当たりうる言葉もありましたが、"
                "人の言葉を伝えるお話のため、数えていません。"
            ),
        ),
        (
            SetAside("restraint.not_hanging_up", "意味からは当たらない(12%)", doubted=True),
            (
                "「不退去、居座り、監禁など拘束的な行動」に当たりうる言葉もありましたが、"
                "言い回しの意味からみた確からしさが足りないため、数えていません。"
            ),
        ),
        (
            SetAside("compensation.solatium", "この役所では使わないルール"),
            (
                "「妥当性を欠く金銭などの補償の要求」に当たりうる言葉はほかにもありましたが、"
                "この役所では使わないルールのため、数えていません。"
            ),
        ),
        (
            SetAside("no_fault.come_at_once", "動物や虫の話です。"),
            (
                "「行政サービスに瑕疵・過失が認められない場合」の要求に当たりうる言葉もありましたが、"
                "動物や虫の話のため、数えていません。"
            ),
        ),
    ],
)
def test_what_was_set_aside_is_told_with_its_reason(aside: SetAside, sentence: str) -> None:
    utterance = said("誠意を見せろ")
    found = finding(utterance.text, "誠意を見せろ", Category.COMPENSATION, "compensation.x")

    explanation = explain(found, around(utterance, set_aside=(aside, aside)), BOOK)

    assert lines(explanation, PartKind.CONSIDERED) == (sentence,)


def test_what_the_words_were_found_to_be_is_not_also_told_as_not_enough() -> None:
    utterance = said("誠意を見せろ")
    found = finding(utterance.text, "誠意を見せろ", Category.COMPENSATION, "compensation.x")
    aside = (SetAside("meaning.compensation", "確からしさが足りない(40%)", doubted=True),)

    explanation = explain(found, around(utterance, set_aside=aside), BOOK)

    assert lines(explanation, PartKind.CONSIDERED) == ("ほかに当たりうるものはありませんでした。",)


def test_other_conduct_in_the_same_words_is_told_and_what_the_policy_leaves_out_too() -> None:
    utterance = said("女のくせに誠意を見せろ")
    found = finding(utterance.text, "誠意を見せろ", Category.COMPENSATION, "compensation.x")
    other = finding(utterance.text, "女のくせに", Category.DISCRIMINATION, "discrimination.x")
    weak = finding(utterance.text, "女", Category.SEXUAL, "sexual.x", score=0.2)
    quiet = finding(utterance.text, "女", Category.INTIMIDATION, "intimidation.x")

    explanation = explain(
        found, around(utterance, found=(found, other), uncounted=(weak, quiet)), BOOK
    )

    assert lines(explanation, PartKind.CONSIDERED) == (
        "同じ発言は、「差別的な言動」に当たるおそれもあります。",
        (
            "「性的な言動」に当たりうる言葉もありましたが、"
            "方針「熊本県型(電話30分・暴言が続くとき15分)」で決めた確からしさに届かないため、数えていません。"
        ),
        "「威圧的な言動」に当たりうる言葉もありましたが、ここまでの通話の経過から、数えていません。",
    )


def test_only_labels_that_exist_are_put_more_plainly() -> None:
    assert set(PLAINER) <= {rule.label for rule in RULES}
