"""One utterance through the whole detector."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.detector import (
    HYPOTHESIS_SCORE,
    MOST_OF_A_RULE,
    UNSURE_FLOOR,
    LexiconDetector,
)
from detection.lexicon import read_lexicon
from detection.lexicon_files import shipped_lexicon
from detection.parts import Part
from detection.sudachi import SudachiReadings
from detection.types import Assessment, Category, Cue, SetAside, Severity, Span, Speaker, Utterance
from tests.detection.shipped import assess, shipped_detector

WORDS = """kind = "findings"
category = "mental_attack"
clause = "脅迫、中傷、名誉棄損、侮辱、暴言など精神的な攻撃"
[[entry]]
id = "t.fool"
severity = 1
patterns = ['馬鹿']
catches = ["馬鹿"]
spares = ["正直"]
reason = "侮辱のおそれ"
[[entry]]
id = "t.great_fool"
severity = 2
patterns = ['大馬鹿野郎']
readings = ["オオバカヤロウ"]
catches = ["大馬鹿野郎"]
spares = ["正直"]
reason = "侮辱のおそれ"
[[entry]]
id = "t.kill"
severity = 3
patterns = ['殺す']
catches = ["殺す"]
spares = ["正直"]
reason = "脅迫のおそれ"
"""
INNOCENT = """kind = "innocents"
[[entry]]
id = "t.honest"
patterns = ['馬鹿正直']
reason = "人を指さない言葉"
spares = ["馬鹿正直"]
"""
READINGS = SudachiReadings()
LEXICON = read_lexicon({"words.toml": WORDS, "innocents.toml": INNOCENT})
DETECTOR = LexiconDetector(READINGS, LEXICON)


def caller(text: str) -> Utterance:
    return Utterance("u1", Speaker.CALLER, text, 0, 1_000)


def test_a_finding_quotes_the_words_as_they_were_said() -> None:
    text = "この、大 馬鹿、野郎!"

    (finding,) = DETECTOR.assess(caller(text)).findings

    assert finding.quote == "大 馬鹿、野郎"
    assert text[finding.span.start : finding.span.end] == finding.quote
    assert (finding.rule, finding.category) == ("t.great_fool", Category.MENTAL_ATTACK)
    assert finding.clause.startswith("脅迫、中傷")


def test_the_gravest_of_overlapping_findings_of_a_category_is_kept() -> None:
    findings = DETECTOR.assess(caller("大馬鹿野郎、この馬鹿")).findings

    assert [(f.rule, f.severity) for f in findings] == [
        ("t.great_fool", Severity.WARNING),
        ("t.fool", Severity.CAUTION),
    ]


def test_words_that_are_shouted_without_end_are_quoted_a_few_times() -> None:
    text = "殺すぞ。馬鹿。" * 300

    findings = DETECTOR.assess(caller(text)).findings

    assert Counter(f.rule for f in findings) == {
        "t.kill": MOST_OF_A_RULE,
        "t.fool": MOST_OF_A_RULE,
    }
    assert findings[0].span.start == 0
    assert findings[-1].span.end <= MOST_OF_A_RULE * len("殺すぞ。馬鹿。")


def test_a_misheard_word_is_found_by_its_sound() -> None:
    (finding,) = DETECTOR.assess(caller("おおばかやろお。")).findings

    assert finding.rule == "t.great_fool"
    assert 0.5 < finding.score <= 1.0


def test_without_the_part_of_spelling_only_the_sound_counts() -> None:
    by_sound = LexiconDetector(READINGS, LEXICON, parts=frozenset({Part.READINGS}))
    by_nothing = LexiconDetector(READINGS, LEXICON, parts=frozenset({Part.MEANING}))

    found = by_sound.assess(caller("おおばかやろお。殺すぞ")).findings

    assert [f.rule for f in found] == ["t.great_fool"]
    assert by_nothing.assess(caller("おおばかやろお。殺すぞ")).findings == ()


def test_without_the_part_of_spelling_no_list_says_what_a_sentence_does() -> None:
    said = Utterance("u1", Speaker.OPERATOR, "それはできません。", 0, 1_000)
    silent = LexiconDetector(READINGS, shipped_lexicon(), parts=frozenset({Part.MEANING}))

    assert Cue.REFUSAL in LexiconDetector(READINGS, shipped_lexicon()).assess(said).cues
    assert silent.assess(said).cues == ()


def test_a_pattern_that_matches_between_two_letters_finds_nothing_to_quote() -> None:
    between = read_lexicon({"words.toml": WORDS.replace("'殺す'", "'(?<=正)'")})

    assert LexiconDetector(READINGS, between).assess(caller("正直な人")).findings == ()


def test_what_was_set_aside_is_told_with_the_reason() -> None:
    assessment = DETECTOR.assess(caller("夫に殺すと言われました"))

    assert assessment.findings == ()
    assert assessment.set_aside == (SetAside("t.kill", "引用"),)


def test_an_innocent_word_covers_itself_and_nothing_else() -> None:
    assessment = DETECTOR.assess(caller("馬鹿正直な人だ。この馬鹿"))

    assert [f.span for f in assessment.findings] == [Span(10, 12)]
    assert assessment.set_aside == (SetAside("t.fool", "人を指さない言葉"),)


def test_an_unsure_recogniser_lowers_the_score_and_does_not_silence() -> None:
    sure = DETECTOR.assess(caller("馬鹿")).findings[0]

    unsure = DETECTOR.assess(replace(caller("馬鹿"), confidence=0.2)).findings[0]

    assert UNSURE_FLOOR <= unsure.score < sure.score


def test_what_only_another_guess_holds_is_found_with_less_weight_in_the_whole_text() -> None:
    utterance = replace(caller("ころもす"), hypotheses=("ころもす", "殺す"))

    (finding,) = DETECTOR.assess(utterance).findings

    assert (finding.rule, finding.quote, finding.span) == ("t.kill", "ころもす", Span(0, 4))
    assert finding.score == HYPOTHESIS_SCORE


def test_another_guess_adds_nothing_to_a_category_already_found() -> None:
    utterance = replace(caller("馬鹿"), hypotheses=("馬鹿", "大馬鹿野郎"))

    assert [f.rule for f in DETECTOR.assess(utterance).findings] == ["t.fool"]


def test_the_version_changes_with_the_words_and_only_then() -> None:
    same = LexiconDetector(READINGS, LEXICON)
    other = LexiconDetector(READINGS, read_lexicon({"words.toml": WORDS}))

    assert DETECTOR.version == same.version
    assert DETECTOR.version != other.version


def test_a_demand_is_told_in_words_that_know_it_again() -> None:
    first = assess("隣の家の木の枝が、うちの庭まで伸びてるんだ。市役所で、枝を切ってくれ。")
    again = assess("納得できないね。市役所が枝を切りに来れば済む話だろう。")

    assert Cue.DEMAND in first.cues
    assert {"市役所", "枝", "切る"} <= set(first.demand.split()) & set(again.demand.split())
    assert "隣" not in first.demand


def test_a_short_demand_leans_on_the_sentence_before_it() -> None:
    assert "雪" in assess("車庫の前に雪を置いていった。今すぐ来てくれ。").demand.split()


def test_no_demand_no_words() -> None:
    assert assess("除雪車が来ました。").demand == ""


def test_agreeing_and_still_demanding_is_not_calm() -> None:
    assert Cue.CALMED in assess("わかりました。").cues
    assert Cue.CALMED not in assess("わかりました。でも、枝は切ってください。").cues


def turns(call: str) -> list[tuple[Speaker, Assessment, str]]:
    file = resources.files("app.demo").joinpath("calls", f"{call}.turns.jsonl")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        (Speaker(r["speaker"]), assess(r["text"], Speaker(r["speaker"])), r["text"]) for r in rows
    ]


@pytest.mark.parametrize("call", ["fair_complaint", "ordinary_question", "welfare_hint"])
def test_a_quiet_call_is_quiet(call: str) -> None:
    found = [(text, a.findings) for _, a, text in turns(call) if a.findings]

    assert found == []


def test_a_refused_demand_is_heard_as_such() -> None:
    by: dict[Speaker, list[Assessment]] = {speaker: [] for speaker in Speaker}
    for speaker, assessment, _ in turns("repeated_demand"):
        by[speaker].append(assessment)

    assert sum(Cue.REFUSAL in a.cues for a in by[Speaker.OPERATOR]) >= 3
    assert sum("枝" in a.demand.split() for a in by[Speaker.CALLER]) >= 4
    assert sum(Cue.CLOSING in a.cues for a in by[Speaker.OPERATOR]) == 1


def test_the_ladder_of_a_call_is_heard_in_order() -> None:
    wanted = (Cue.ASKED_TO_STOP, Cue.WARNED, Cue.CLOSING)

    steps = [c for _, a, _ in turns("snow_step_by_step") for c in a.cues if c in wanted]

    assert list(dict.fromkeys(steps)) == list(wanted)


def test_a_hint_at_suicide_is_heard() -> None:
    assert any(Cue.WELFARE in a.cues for _, a, _ in turns("welfare_hint"))


@settings(max_examples=60, deadline=None)
@given(
    st.text(
        st.sampled_from("お前死ね馬鹿殺すぞ、。「」と言われた土下座しろ!ー ｱﾊﾞカ\n？えっと"),
        max_size=50,
    ),
    st.floats(0, 1),
)
def test_every_finding_shows_its_evidence(text: str, confidence: float) -> None:
    utterance = replace(caller(text), confidence=confidence)

    for finding in shipped_detector().assess(utterance).findings:
        assert finding.quote == text[finding.span.start : finding.span.end] != ""
        assert 0 < finding.score <= 1
        assert finding.clause
        assert finding.reason


@pytest.mark.parametrize(
    "text",
    [
        "税金泥棒と言われても仕方がない対応ですよ",
        "税金泥棒なんて思ってませんよ",
        "あなたが無能だとは思いません",
        "居座るつもりはありません",
    ],
)
def test_a_word_that_was_left_out_or_denied_does_not_come_back_by_its_sound(text: str) -> None:
    found = assess(text).findings

    assert found == ()


@pytest.mark.parametrize("text", ["この是金泥棒が", "お前は無能じゃないですか"])
def test_a_word_misspelled_by_the_recogniser_or_asserted_by_a_question_counts(text: str) -> None:
    found = assess(text).findings

    assert found


@pytest.mark.parametrize(
    "text",
    [
        "殺さないとでも思ってるのか",
        "クマを撃つならお前を撃ってやる",
        "二度と歩けないようにしてやる",
        "ロープで縛って川に投げ込んでやる",
    ],
)
def test_a_threat_in_other_words_reaches_the_highest_level(text: str) -> None:
    severity = assess(text).severity

    assert severity is Severity.STOP


@pytest.mark.parametrize(
    "text",
    [
        "クマを撃つしかないんでしょうか",
        "早く直さないと子どもが怪我をするぞ、あの滑り台",
        "役所の前の歩道、車が突っ込んだらどうなると思ってるんですか、柵をつけてください",
        "夫に殺してやると言われました",
        "ばかばかしい、印鑑一つのために半日つぶれたよ",
    ],
)
def test_an_innocent_neighbour_of_a_threat_is_left_alone(text: str) -> None:
    found = assess(text).findings

    assert found == ()
