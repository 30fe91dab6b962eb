"""A finding told as a sentence: what was said, when, which clause, how it was found, and what else was looked at."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.explanation import (
    PartKind,
    explain,
    likelihood,
    spoken_time,
    told_with,
)
from detection.overrun import HELD, HELD_AFTER_ABUSE, STALEMATE, Overrun, finding_of
from detection.policy import CLAUSES
from detection.policy_files import load_policy
from detection.rule_book import CONVERSATION_RULES, HowFound
from detection.talk_so_far import Answer
from detection.types import Category, Finding, Severity, Span
from detection.weighing import counted, eased
from tests.detection.explaining import BOOK, POLICY, around, finding, lines, said, told
from tests.detection.shipped import assess, examples, shipped_detector

PERSISTENCE = "conversation.persistence"


# The sentence


def test_a_finding_by_meaning_says_how_sure_it_is_in_words() -> None:
    words = "納得するまで受話器は置きませんから"

    explanation = told(words, words, Category.RESTRAINT, "meaning.restraint", score=0.91)

    assert explanation.sentence == (
        "通話開始から3分12秒、相手の方の「納得するまで受話器は置きませんから」という言葉は、"
        "方針の「不退去、居座り、監禁など拘束的な行動」に当たるおそれがあります。"
        "言い回しの意味から見つけたもので、問題のある言い方とみる確からしさは高いとみられます。"
    )


def test_words_of_the_lists_stand_in_the_clause_in_which_they_were_said() -> None:
    text = "今からそっちに行って刺してやるからな、お前の顔は覚えたぞ"
    found = next(f for f in assess(text).findings if f.rule == "mental.threat_of_harm")

    explanation = explain(found, around(said(text)), BOOK)

    assert "相手の方の「今からそっちに行って刺してやるからな」という言葉は" in explanation.sentence
    assert explanation.sentence.endswith("あらかじめ登録された言い方に一致しました。")
    assert lines(explanation, PartKind.SAID) == (f"「{found.quote}」", f"発言の全体:「{text}」")


def test_words_that_only_sound_so_are_told_as_heard_and_not_as_said() -> None:
    text = "同げざして謝れ"
    (found,) = (f for f in assess(text).findings if f.category is Category.APOLOGY)

    explanation = explain(found, around(said(text)), BOOK)

    assert BOOK.how(found, said(text)) in (HowFound.SOUND, HowFound.RESPELT)
    assert "「同げざして謝れ」と聞き取られた言葉は" in explanation.sentence


def test_what_stands_only_in_another_reading_says_so_and_asks_for_a_check() -> None:
    utterance = said("窓口で待っています", hypotheses=("窓口で待っています", "土下座しろ"))
    (found,) = shipped_detector().assess(utterance).findings

    explanation = explain(found, around(utterance), BOOK)

    assert "文字起こしの別の候補に、あらかじめ登録された言い方がありました。" in (
        explanation.sentence
    )
    assert explanation.sentence.endswith("要確認です。")


def test_a_demand_that_came_back_is_told_with_how_often_and_with_the_answers() -> None:
    text = "だから今すぐ回収に来い"
    reason = "お断りした後も、同じご要望が3回目です"
    found = finding(text, text, Category.PERSISTENCE, PERSISTENCE, reason=reason)
    answers = tuple(
        Answer(at, f"{at}の答え", refused=at > 20_000) for at in (9_000, 30_000, 61_000)
    )
    later = Answer(200_000, "後の答え", refused=True)

    explanation = explain(found, around(said(text), answers=(*answers, later)), BOOK)

    assert explanation.sentence.endswith("お断りした後も、同じご要望が3回目です。")
    assert lines(explanation, PartKind.ANSWERS) == (
        "9秒:「9000の答え」(ご説明)",
        "30秒:「30000の答え」(お断り)",
        "1分1秒:「61000の答え」(お断り)",
    )


@pytest.mark.parametrize(
    ("rule", "policy", "limit"),
    [
        (
            HELD,
            "kumamoto",
            "方針「熊本県型(電話30分・暴言が続くとき15分)」の上限は、通話開始から30分です。",
        ),
        (
            HELD_AFTER_ABUSE,
            "kumamoto",
            "方針「熊本県型(電話30分・暴言が続くとき15分)」の上限は、暴言などが繰り返されたとき15分です。",
        ),
        (
            STALEMATE,
            "sapporo",
            "方針「札幌市型(膠着してから30分)」の上限は、話が平行線になってから30分です。",
        ),
    ],
)
def test_a_limit_of_time_is_told_with_its_number_and_the_name_of_the_policy(
    rule: str, policy: str, limit: str
) -> None:
    last = said("まだ話は終わってない")
    found = finding_of(Overrun(rule, "通話が30分を超えています"), last)

    explanation = explain(found, around(last, at_ms=1_865_000, policy=load_policy(policy)), BOOK)

    assert explanation.sentence == (
        "通話開始から31分5秒の時点で、方針の「不退去、居座り、監禁など拘束的な行動」に"
        "当たるおそれがあります。通話が30分を超えています。"
        "直前の相手の方の言葉は「まだ話は終わってない」です。"
    )
    assert limit in lines(explanation, PartKind.HOW)


@pytest.mark.parametrize(
    ("fields", "score", "doubt"),
    [
        ({"confidence": 0.3}, 1.0, "聞き取りが不確かなため、要確認です。"),
        ({}, 0.6, "確かさが十分でないため、要確認です。"),
    ],
)
def test_what_is_unsure_is_said_to_need_a_check(
    fields: dict[str, Any], score: float, doubt: str
) -> None:
    utterance = said("誠意を見せろ", **fields)
    found = finding(
        utterance.text, "誠意", Category.COMPENSATION, "meaning.compensation", score=score
    )

    assert explain(found, around(utterance), BOOK).sentence.endswith(doubt)


def test_half_a_sentence_and_one_cut_short_are_told_apart() -> None:
    utterance = said("刺してやるから")
    found = finding(utterance.text, "刺してやる", Category.PHYSICAL_ATTACK, "physical.x")

    early = explain(found, around(utterance, early=True), BOOK).sentence
    cut = explain(found, around(utterance, cut_short=True), BOOK).sentence

    assert early.endswith("話の途中の聞き取りによるもので、文の終わりまでは要確認です。")
    assert cut.endswith("文の途中までしか聞き取れていないため、要確認です。")


def test_outside_of_a_call_no_time_is_told() -> None:
    utterance = said("誠意を見せろ")
    found = finding(utterance.text, "誠意を見せろ", Category.COMPENSATION, "compensation.x")

    explanation = explain(found, around(utterance, at_ms=None), BOOK)

    assert explanation.sentence.startswith("相手の方の「誠意を見せろ」")
    assert lines(explanation, PartKind.WHEN) == ()


# Every rule


@pytest.mark.parametrize("rule", BOOK.rules)
def test_every_rule_has_words_of_its_own_for_how_it_finds(rule: str) -> None:
    category = BOOK.category_of(rule)
    assert category is not None
    words = "ここに言葉があります"

    explanation = told(words, words, category, rule)

    assert BOOK.how(finding(words, words, category, rule), said(words)) is not HowFound.UNKNOWN
    assert len(lines(explanation, PartKind.HOW)) == 2
    assert rule not in explanation.sentence
    assert f"「{CLAUSES[category]}」" in explanation.sentence
    assert f"ルール:{rule}" in lines(explanation, PartKind.VERSIONS)


def test_every_conversation_rule_is_known() -> None:
    assert {PERSISTENCE, HELD, HELD_AFTER_ABUSE, STALEMATE} == CONVERSATION_RULES


def test_every_phrase_that_the_lists_catch_is_told_with_its_words_and_its_clause() -> None:
    first = {example.entry: example.text for example in reversed(examples("findings", "catches"))}
    for text in first.values():
        utterance = said(text)
        assessment = shipped_detector().assess(utterance)
        for found in assessment.findings:
            sentence = explain(
                found, around(utterance, set_aside=assessment.set_aside), BOOK
            ).sentence

            assert found.quote in sentence
            assert f"「{found.clause}」" in sentence
            assert "おそれがあります。" in sentence


def test_a_rule_that_is_no_more_is_told_by_its_reason() -> None:
    explanation = told("うるさい", "うるさい", Category.MENTAL_ATTACK, "mental.long_gone")

    assert explanation.sentence.endswith("職員を困らせる言葉のおそれがあります。")


# Severity


def test_the_severity_says_why_it_is_that_one() -> None:
    text = "誠意を見せろ"
    (found,) = (f for f in assess(text).findings if f.category is Category.COMPENSATION)
    lowered = eased(found)
    capped = counted(
        found, replace(POLICY, severity_caps={Category.COMPENSATION: Severity.CAUTION})
    )
    assert lowered is not None
    assert capped is not None

    reasons = [
        lines(explain(one, around(said(text)), BOOK), PartKind.SEVERITY)[1]
        for one in (found, lowered, capped)
    ]

    assert reasons == [
        "この言い方に、あらかじめ決めてある重さです。",
        "市が誤りを認めたため、もとの重さから一段下げています。",
        "もとはこれより重い言い方ですが、方針で決めた重さまでにしています。",
    ]


def test_what_weighs_less_because_its_meaning_is_unsure_is_not_told_to_weigh_as_it_should() -> None:
    text = "誠意を見せろ"
    (found,) = (f for f in assess(text).findings if f.category is Category.COMPENSATION)
    doubted = replace(found, severity=Severity.CAUTION, score=0.5)

    listed = lines(explain(doubted, around(said(text)), BOOK), PartKind.SEVERITY)[1]
    meant = [
        lines(
            told(text, text, Category.APOLOGY, "meaning.apology", severity=severity, score=0.6),
            PartKind.SEVERITY,
        )[1]
        for severity in (Severity.CAUTION, Severity.WARNING)
    ]

    assert found.severity > doubted.severity
    assert listed.startswith("もとはこれより重い言い方ですが、意味からみた確からしさが足りないため")
    assert {words[:24] for words in meant} == {"意味からみた確からしさが十分でないときは、重さを"}


# Whatever is said

TEXT = st.text(
    st.sampled_from("おまえを殺すぞ、。 ?!…金返せabc\U00020b9f"), min_size=1, max_size=40
)


@given(data=st.data(), text=TEXT, rule=st.sampled_from([*BOOK.rules, "gone.for_good"]))
def test_quote_and_clause_stand_in_every_sentence(
    data: st.DataObject, text: str, rule: str
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    category = data.draw(st.sampled_from(Category))
    found = Finding(
        category=category,
        severity=data.draw(st.sampled_from([Severity.CAUTION, Severity.WARNING, Severity.STOP])),
        span=Span(start, end),
        quote=text[start:end],
        rule=rule,
        clause=CLAUSES[category],
        reason="理由です",
        score=data.draw(st.floats(0, 1)),
    )

    explanation = explain(found, around(said(text)), BOOK)

    assert found.quote in explanation.sentence
    assert f"「{found.clause}」" in explanation.sentence
    assert "100%" not in explanation.sentence
    assert all(part.lines and all(part.lines) for part in explanation.parts)


@given(at_ms=st.integers(0, 6 * 3_600_000))
def test_a_time_that_is_told_is_the_second_in_which_it_was(at_ms: int) -> None:
    units = {"時間": 3_600, "分": 60, "秒": 1}
    parts = re.findall(r"(\d+)(時間|分|秒)", spoken_time(at_ms))

    assert sum(int(number) * units[unit] for number, unit in parts) == at_ms // 1_000
    assert "".join(number + unit for number, unit in parts) == spoken_time(at_ms)


@given(text=TEXT, data=st.data())
def test_words_are_widened_to_whole_clauses_and_never_narrowed(
    text: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))

    wide = told_with(Span(start, end), text)

    assert text[start:end] in wide
    assert wide in text


@pytest.mark.parametrize(
    ("score", "words"), [(1.0, "高い"), (0.914, "高い"), (0.8, "やや高い"), (0.55, "半ばほど")]
)
def test_no_likelihood_is_called_certain(score: float, words: str) -> None:
    assert likelihood(score) == words
