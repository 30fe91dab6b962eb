"""What the operator's own words do in the conversation."""

from __future__ import annotations

import pytest

from detection.types import Cue, Speaker
from tests.detection.shipped import assess


def heard(text: str) -> set[Cue]:
    return set(assess(text, Speaker.OPERATOR).cues)


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("はい、はい。", set()),
        ("少々お待ちください。", set()),
        ("はい、市役所、環境課でございます。", set()),
        ("はい、水道お客様センターでございます。", set()),
        ("どのようなご用件でしょうか。", {Cue.REOPENED}),
        ("申し訳ございません。", set()),
        ("届け出は四月一日から十四日以内です。", {Cue.ANSWER}),
        ("玄関先に寄せられた雪は、各ご家庭で片付けをお願いしております。", {Cue.ANSWER}),
        ("個人のお宅の枝は、市役所では、切ることができません。", {Cue.REFUSAL}),
        ("こちらの入力の誤りで、二重に請求しておりました。", {Cue.FAULT_ADMITTED}),
        ("大きな声を出さないでください。", {Cue.ASKED_TO_STOP}),
    ],
)
def test_plain_words_do_one_thing(text: str, cues: set[Cue]) -> None:
    assert heard(text) == cues


def test_refusing_a_tone_does_not_refuse_the_demand() -> None:
    cues = heard("恐れ入りますが、そのようなお言葉では、ご用件を伺うことができません。")

    assert cues == {Cue.ASKED_TO_STOP}


def test_a_refusal_and_a_warning_in_two_sentences_are_both_heard() -> None:
    cues = heard(
        "土下座のご要求にはお応えできません。"
        "ただいまのご発言は、カスタマーハラスメントに当たるおそれがあります。"
    )

    assert cues == {Cue.REFUSAL, Cue.WARNED}


def test_a_condition_makes_an_ending_a_warning() -> None:
    assert heard("これ以上続く場合は、これでお電話を終了いたします。") == {Cue.WARNED}
    assert heard("それでは、これでお電話を終了いたします。") == {Cue.CLOSING}


def test_who_ends_the_call_no_longer_warns() -> None:
    cues = heard("おやめいただけませんので、これでお電話を終了いたします。失礼いたします。")

    assert cues == {Cue.CLOSING}


def test_an_operator_is_never_judged() -> None:
    said = assess("お前なんか死ね、馬鹿野郎、殺すぞ。", Speaker.OPERATOR)

    assert said.findings == ()
    assert said.demand == ""
