"""The office's own warning sentences, known again in other words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detection.conversation import CallConversation
from detection.office_warnings import OfficeWarnings
from detection.sentence_vectors import shared_sentence_vectors
from detection.types import Assessment, Cue
from tests.detection.calls import PLAIN, caller, operator

OWN = (
    "この先は担当でお話を承れなくなりますので、ご承知ください。続く場合は中止いたします。",
    "同じお話の繰り返しになっております。新しいお話がなければ、お電話を終了いたします。",
)


class Letters:
    """Vectors of which letters a text holds: enough for what is alike and what is not."""

    def vector(self, text: str) -> Sequence[float]:
        numbers = [0.0] * 64
        for letter in text:
            numbers[ord(letter) % 64] += 1.0
        return numbers


@pytest.fixture(scope="module")
def own() -> OfficeWarnings:
    return OfficeWarnings(shared_sentence_vectors(), OWN)


@pytest.mark.parametrize(
    "said",
    [
        OWN[1],
        "新しいお話がないようでしたら、お電話を終了いたします。",
        "同じお話の繰り返しですので、新しいお話がなければお電話を終わります。",
    ],
)
def test_a_warning_of_the_office_is_known_in_other_words(own: OfficeWarnings, said: str) -> None:
    assert own(said)


@pytest.mark.parametrize(
    "said",
    [
        "同じ窓口でお取りいただけます。",
        "新しい保険証をお送りいたします。",
        "お電話が途中で切れましたら、おかけ直しください。",
        "落ち着いてお話しください。",
        "警察には、もう届けられましたか。",
        "はい。",
        "",
    ],
)
def test_what_names_neither_conduct_nor_consequence_is_none(own: OfficeWarnings, said: str) -> None:
    assert not own(said)


def test_a_consequence_far_from_every_sentence_is_none() -> None:
    own = OfficeWarnings(Letters(), OWN)

    assert not own("ZZZZZZZZZ続く場合は中止")


def test_a_call_counts_the_offices_own_warning() -> None:
    told = operator("新しいお話がないようでしたら、お電話を終了いたします。")
    conversation = CallConversation(PLAIN, "d", OfficeWarnings(shared_sentence_vectors(), OWN))
    plain = CallConversation(PLAIN, "d")

    assert conversation.hear(*told.heard(0)).warnings_spoken == 1
    assert plain.hear(*told.heard(0)).warnings_spoken == 0


def test_a_warning_that_the_rules_heard_too_counts_once() -> None:
    conversation = CallConversation(PLAIN, "d", lambda _: True)

    decision = conversation.hear(*operator("お電話を終えます", Cue.WARNED).heard(0))

    assert decision.warnings_spoken == 1


def test_the_callers_words_are_never_a_warning() -> None:
    conversation = CallConversation(PLAIN, "d", lambda _: True)
    utterance, assessment = caller("電話を切るぞ").heard(0)

    assert isinstance(assessment, Assessment)
    assert conversation.hear(utterance, assessment).warnings_spoken == 0
