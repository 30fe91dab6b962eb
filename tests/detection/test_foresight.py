"""Facts about judging a sentence before it is over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.conversation import CallConversation
from detection.policy import Policy
from detection.policy_files import load_policy
from detection.types import (
    AlertChange,
    Assessment,
    Category,
    Cue,
    Decision,
    Finding,
    Severity,
    Span,
    Speaker,
    Step,
    Utterance,
)
from tests.detection.calls import PLAIN, Turn, caller, demand, operator, played
from tests.detection.shipped import shipped_detector
from tests.detection.test_conversation import POLICIES, TURNS, scheduled

INSULT = (Category.MENTAL_ATTACK, 2)
RUDE = (Category.INTIMIDATION, 1)
THREAT = (Category.PHYSICAL_ATTACK, 3)
BEHIND = "わかったかおい"
SAYING = "saying"


def partial(
    turn: Turn, *, behind: str = BEHIND, start_ms: int = 90_000
) -> tuple[Utterance, Assessment]:
    """Return *turn* as said so far, with *behind* behind the words that were found."""
    utterance, assessment = turn.at(start_ms).heard(0)
    return (
        replace(utterance, utterance_id=SAYING, text=turn.text + behind),
        replace(assessment, utterance_id=SAYING),
    )


def foreseen(text: str, conversation: CallConversation | None = None) -> Decision | None:
    """Return what the shipped rules see in *text*, said so far."""
    detector = shipped_detector()
    saying = Utterance(SAYING, Speaker.CALLER, text, 0, 2_400)
    judging = conversation or CallConversation(load_policy("ebetsu"), detector.version)
    return judging.foresee(saying, detector.assess(saying))


def test_a_threat_is_foreseen_before_its_sentence_ends() -> None:
    decision = foreseen("今からそっちに行って刺してやるからな、お前の顔は")

    assert decision is not None
    assert (decision.level, decision.step) == (Severity.STOP, Step.EMERGENCY)
    (alert,) = decision.alerts
    assert alert.change is AlertChange.RAISED
    assert alert.categories[0] is Category.PHYSICAL_ATTACK
    assert alert.utterance_id == SAYING
    assert alert.needs_check


def test_the_last_letters_may_still_be_taken_back_so_they_wait() -> None:
    conversation, _ = played()

    decisions = [
        conversation.foresee(*partial(caller("刺すぞ", THREAT), behind=behind))
        for behind in ("", "お前の家", "、お前の家!?", "お前の家に")
    ]

    assert [decision is not None for decision in decisions] == [False, False, False, True]


@pytest.mark.parametrize(
    "said",
    [
        "土下座しろと言ったらどうなる",
        "隣の人に殺すぞって言われまして",
        "殺すぞぉって怒鳴ってる人が",
        "税金泥棒なんて思っていません",
        "あなたが無能だとは思いません",
        "ガラス割ってやるとまで言われ",
        "どうなっても知りませんよ、と建築士さんが",
        "社長に「お前はクビだ、もう会社に来るな",
        "居座るつもりはありません",
    ],
)
def test_words_that_somebody_may_be_telling_of_wait_for_the_end(said: str) -> None:
    prefixes = [said[:end] for end in range(8, len(said) + 1)]

    assert [text for text in prefixes if foreseen(text) is not None] == []


def test_mild_words_wait_for_the_end() -> None:
    conversation, _ = played()

    assert conversation.foresee(*partial(caller("なんだその態度は", RUDE))) is None


def test_a_claim_that_weighs_less_after_an_admitted_mistake_waits_for_the_end() -> None:
    claim = caller("慰謝料を払え", (Category.COMPENSATION, 2))
    before, _ = played()
    after, _ = played(operator("こちらの誤りでした", Cue.FAULT_ADMITTED))

    assert before.foresee(*partial(claim)) is not None
    assert after.foresee(*partial(claim)) is None


def test_a_line_that_already_says_so_is_not_foreseen_again_but_a_graver_one_is() -> None:
    conversation, decisions = played(caller("刺すぞ", THREAT), caller("ばか", INSULT))

    same = conversation.foresee(*partial(caller("無能", INSULT)))
    graver = conversation.foresee(*partial(caller("殺すぞ", (Category.MENTAL_ATTACK, 3))))

    assert same is None
    assert graver is not None
    (alert,) = graver.alerts
    assert alert.key == decisions[1].alerts[0].key
    assert (alert.change, alert.level, alert.count) == (AlertChange.UPDATED, Severity.STOP, 2)


def test_the_operators_words_are_never_foreseen() -> None:
    conversation, _ = played()

    assert conversation.foresee(*partial(Turn(Speaker.OPERATOR, "ばか", (INSULT,)))) is None


def test_a_sentence_that_was_heard_whole_is_not_foreseen_any_more() -> None:
    conversation, _ = played()
    utterance, assessment = partial(caller("刺すぞ", THREAT))
    conversation.hear(utterance, assessment)

    assert conversation.foresee(utterance, assessment) is None


def test_words_called_wrong_stay_quiet_also_before_the_end() -> None:
    conversation, decisions = played(caller("この野郎", INSULT))
    conversation.dismiss(decisions[0].alerts[0].key)

    assert conversation.foresee(*partial(caller("この野郎", INSULT))) is None


def test_somebody_in_need_is_foreseen_only_to_threaten() -> None:
    conversation, _ = played()
    insult = caller("この役立たず", INSULT, cues=[Cue.WELFARE])
    threat = caller("道連れにしてやる", THREAT, cues=[Cue.WELFARE])

    assert conversation.foresee(*partial(insult)) is None
    assert conversation.foresee(*partial(threat)) is not None


def test_neither_the_clock_nor_a_returning_demand_is_foreseen() -> None:
    policy = replace(PLAIN, held_limit_ms=60_000, returns_for_persistence=1)
    conversation, _ = played(
        demand("減免を認めろ", "減免 認める", INSULT),
        operator("いたしかねます", Cue.REFUSAL),
        policy=policy,
    )

    harmless = conversation.foresee(*partial(demand("減免を認めろ", "減免 認める")))
    threat = conversation.foresee(*partial(demand("刺すぞ減免を認めろ", "減免 認める", THREAT)))

    assert harmless is None
    assert threat is not None
    assert [alert.categories for alert in threat.alerts] == [(Category.PHYSICAL_ATTACK,)]


GRAVE = st.lists(st.tuples(st.sampled_from(Category), st.integers(1, 3)), min_size=1, max_size=3)


@given(TURNS, POLICIES, GRAVE)
def test_foreseeing_leaves_the_call_as_it_was(
    turns: list[tuple[Turn, int]], policy: Policy, found: list[tuple[Category, int]]
) -> None:
    conversation, _ = played(*scheduled(turns), policy=policy)
    before = conversation.state

    conversation.foresee(*partial(caller("刺すぞ", *found)))

    assert conversation.state is before


@given(TURNS, POLICIES, GRAVE)
def test_the_whole_sentence_gives_the_line_that_was_foreseen(
    turns: list[tuple[Turn, int]], policy: Policy, found: list[tuple[Category, int]]
) -> None:
    conversation, _ = played(*scheduled(turns), policy=policy)
    start_ms = conversation.state.now_ms
    utterance, assessment = partial(caller("刺すぞ", *found), start_ms=start_ms)

    early = conversation.foresee(utterance, assessment)
    whole = conversation.hear(utterance, assessment)

    if early is not None:
        (line,) = early.alerts
        lines = {alert.key: alert for alert in whole.alerts}
        assert lines[line.key].level == line.level
        assert lines[line.key].change is line.change
        assert early.warnings_spoken == whole.warnings_spoken


@given(st.text("殺すぞ。、!?わかった", min_size=0, max_size=12), st.integers(0, 12))
def test_five_letters_are_needed_behind_whatever_marks_stand_between(behind: str, end: int) -> None:
    conversation, _ = played()
    text = "刺すぞ" + behind
    cut = Span(0, min(3 + end, len(text)))
    utterance, assessment = partial(caller(text, THREAT), behind="")
    (found,) = assessment.findings
    finding: Finding = replace(found, span=cut, quote=text[: cut.end])

    decision = conversation.foresee(utterance, replace(assessment, findings=(finding,)))

    letters = sum(letter.isalnum() for letter in text[cut.end :])
    assert (decision is None) or letters >= 5
