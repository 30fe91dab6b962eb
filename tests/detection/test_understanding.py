"""Word lists and meaning judged together; the meaning is told by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.detector import load_lexicon_detector
from detection.meaning.outputs import HARM, OUTPUTS, SEVERE, STOP, Meaning
from detection.meaning.ports import Said
from detection.sudachi import SudachiReadings
from detection.types import Assessment, Category, Cue, Severity, Span, Speaker, Utterance
from detection.understanding import UnderstandingDetector


class ToldMeaning:
    """Answers what it was told, the same for every text; 0 where nothing was."""

    version = "told"

    def __init__(self, **likely: float) -> None:
        self.likely = likely
        self.heard: list[Said] = []

    def read(self, said: Sequence[Said]) -> tuple[Meaning, ...]:
        self.heard += said
        return tuple(
            Meaning(
                tuple(self.likely.get(output.replace(".", "_"), 0.0) for output in OUTPUTS),
                Span(0, len(one.text.original)),
            )
            for one in said
        )


@cache
def readings() -> SudachiReadings:
    return SudachiReadings()


def assessed(
    text: str, likely: Mapping[str, float], speaker: Speaker = Speaker.CALLER
) -> Assessment:
    meaning = ToldMeaning(**likely)
    detector = UnderstandingDetector(load_lexicon_detector(), readings(), meaning)
    return detector.assess(Utterance("u", speaker, text, 0, 1_000))


def test_a_wording_that_no_list_holds_is_found_by_its_meaning() -> None:
    found = assessed("帰り道は暗いらしいですね", {HARM: 0.9, "physical_attack": 0.8})

    (finding,) = found.findings
    assert (finding.category, finding.rule) == (Category.PHYSICAL_ATTACK, "meaning.physical_attack")
    assert finding.reason.endswith("(言い回しの意味による判定)")


@pytest.mark.parametrize(
    ("likely", "severity"),
    [
        ({}, Severity.CAUTION),
        ({SEVERE: 0.6}, Severity.WARNING),
        ({SEVERE: 0.9, STOP: 0.55}, Severity.STOP),
        ({SEVERE: 0.9, STOP: 0.45}, Severity.WARNING),
    ],
)
def test_severity_is_the_gravest_that_is_more_likely_than_not(
    likely: Mapping[str, float], severity: Severity
) -> None:
    told = {name.replace(".", "_"): value for name, value in likely.items()}
    found = assessed("帰り道は暗いらしいですね", {HARM: 0.9, "physical_attack": 0.8} | told)

    assert found.severity is severity


def test_an_unsure_finding_weighs_one_step_less() -> None:
    found = assessed(
        "帰り道は暗いらしいですね",
        {HARM: 0.6, "physical_attack": 0.8, "severity_2": 0.9, "severity_3": 0.9},
    )

    assert found.severity is Severity.WARNING


def test_what_a_list_found_is_set_aside_where_the_meaning_is_harmless() -> None:
    found = assessed(
        "畑の隅で毎晩騒ぐんですよ、お前を殺してやるからなとあの鶏に聞こえます", {HARM: 0.1}
    )

    assert found.findings == ()
    assert any("意味からは当たらない" in aside.why for aside in found.set_aside)


@pytest.mark.parametrize("threat", ["しばくぞ", "この電話が終わるころには後悔してますよ"])
def test_a_threat_that_is_nearly_all_that_was_said_is_doubted_not_silenced(threat: str) -> None:
    found = assessed(threat, {HARM: 0.0})

    assert found.severity is Severity.WARNING
    assert all(finding.score <= 0.5 for finding in found.findings)
    assert not {f.rule for f in found.findings} & {aside.rule for aside in found.set_aside}


def test_of_few_words_only_a_threat_stands_against_a_harmless_meaning() -> None:
    found = assessed("土下座しろ", {HARM: 0.1})

    assert found.findings == ()


def test_what_a_list_found_and_the_model_doubts_asks_for_a_check_instead_of_silence() -> None:
    found = assessed("お前を殺してやるからな", {HARM: 0.3})

    assert found.severity is Severity.WARNING
    assert all(finding.score <= 0.5 for finding in found.findings)
    assert all(not finding.rule.startswith("meaning.") for finding in found.findings)


def test_what_a_list_found_keeps_its_rule_where_the_meaning_agrees() -> None:
    found = assessed("お前を殺してやるからな", {HARM: 0.95, "physical_attack": 0.9})

    assert [f.category for f in found.findings].count(Category.PHYSICAL_ATTACK) == 1
    assert all(not f.rule.startswith("meaning.") for f in found.findings)


def test_the_reader_is_told_how_grave_the_lists_found_it() -> None:
    meaning = ToldMeaning(harm=0.9)
    detector = UnderstandingDetector(load_lexicon_detector(), readings(), meaning)

    detector.assess(Utterance("u", Speaker.CALLER, "お前を殺してやるからな", 0, 1_000))

    assert meaning.heard[0].gravest is Severity.STOP


def test_without_a_likely_category_the_likeliest_names_the_finding() -> None:
    found = assessed("帰り道は暗いらしいですね", {HARM: 0.6, "intimidation": 0.4, "sexual": 0.2})

    assert [f.category for f in found.findings] == [Category.INTIMIDATION]


def test_what_was_considered_is_named_with_its_likelihood() -> None:
    found = assessed("帰り道は暗いらしいですね", {HARM: 0.2, "intimidation": 0.3})

    assert found.findings == ()
    assert any(
        aside.rule == "meaning.intimidation" and "30%" in aside.why and aside.doubted
        for aside in found.set_aside
    )


def test_an_operator_is_never_found_to_harass() -> None:
    found = assessed("帰り道は暗いらしいですね", {HARM: 0.99, "sexual": 0.9}, Speaker.OPERATOR)

    assert found.findings == ()


def test_an_operators_warning_is_known_by_its_meaning() -> None:
    found = assessed("あの、もう、続けられないんですよ", {"operator_warned": 0.8}, Speaker.OPERATOR)

    assert Cue.WARNED in found.cues


@pytest.mark.parametrize(("likelihood", "told"), [(0.7, False), (0.9, True)])
def test_an_admitted_fault_must_be_surer_than_other_moves(likelihood: float, told: bool) -> None:
    said = "ご不便をおかけして申し訳ございません"

    found = assessed(said, {"operator_fault_admitted": likelihood}, Speaker.OPERATOR)

    assert (Cue.FAULT_ADMITTED in found.cues) is told


def test_the_other_readings_of_the_recogniser_are_read_as_well() -> None:
    meaning = ToldMeaning(harm=0.9, sexual=0.9)
    detector = UnderstandingDetector(load_lexicon_detector(), readings(), meaning)
    said = Utterance(
        "u", Speaker.CALLER, "声がいいね", 0, 1_000, hypotheses=("声がいいね", "恋がいいね")
    )

    detector.assess(said)

    assert [one.text.original for one in meaning.heard] == ["声がいいね", "恋がいいね"]


@given(st.text(max_size=40), st.floats(0, 1), st.sampled_from(Category))
def test_every_finding_quotes_words_of_the_utterance(
    text: str, harm: float, category: Category
) -> None:
    found = assessed(text, {HARM: harm, category.value: 0.9})

    for finding in found.findings:
        assert text[finding.span.start : finding.span.end] == finding.quote
