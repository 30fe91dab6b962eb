"""The operator's requests and warnings, counted as they were really spoken."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.responses.scripts import load_scripts
from detection.conversation import CallConversation
from detection.policy_files import load_policy
from detection.types import Category, Cue, Decision, Speaker, Step, Utterance
from tests.detection.calls import PLAIN, caller, operator, play
from tests.detection.shipped import assess, shipped_detector

INSULT = (Category.MENTAL_ATTACK, 2)


def heard(*spoken: tuple[str, int], policy_name: str = "ebetsu") -> Decision:
    """Return the decision after the operator said each text at its time."""
    detector = shipped_detector()
    conversation = CallConversation(load_policy(policy_name), detector.version)
    for number, (text, at_ms) in enumerate(spoken):
        utterance = Utterance(f"u{number}", Speaker.OPERATOR, text, at_ms, at_ms + 3_000)
        decision = conversation.hear(utterance, detector.assess(utterance))
    return decision


@pytest.mark.parametrize(
    "script",
    [s for s in load_scripts().all if s.step in (Step.WARN, Step.EMERGENCY)],
    ids=lambda script: script.id,
)
def test_every_shipped_warning_is_heard_as_one(script: object) -> None:
    text = getattr(script, "text")  # noqa: B009 - the parameter's type belongs to the app

    assert heard((text, 0)).warnings_spoken == 1


@pytest.mark.parametrize(
    "text",
    [
        "これ以上大きな声を出されるようでしたら、こちらからお電話を切ることになります。",
        "今のお話はカスハラにあたりますので、おやめください。",
        "次に同じことをおっしゃったら、対応を打ち切ります。",
        "それは脅迫ですよ。",
        "あと五分で終わりにさせていただきます。",
        "今のご発言は暴言として記録します。",
        "このままですと警察に相談することになります。",
        "このままですと電話を終わらせていただきます",
    ],
)
def test_a_reworded_warning_is_a_warning(text: str) -> None:
    assert heard((text, 0)).warnings_spoken == 1


@pytest.mark.parametrize(
    "text",
    [
        "落ち着いてお話しください。",
        "大きな声はお控えください。",
        "そのようなお言葉はおやめください。",
        "これでお電話を終了いたします。",
        "警察にお電話しましょうか。",
        "迷惑電話が続く場合は、警察に相談してください。",
        "お電話が途中で切れましたら、こちらからおかけします。",
        "お隣の方の暴言に困っていらっしゃるんですね。",
        "はい、切りません。",
    ],
)
def test_a_request_an_end_or_good_advice_is_no_warning(text: str) -> None:
    assert heard((text, 0)).warnings_spoken == 0


def test_requests_count_where_the_policy_says_so() -> None:
    request = operator("おやめください", Cue.ASKED_TO_STOP)

    strict = play(request, policy=replace(PLAIN, requests_count=True))[-1]
    mild = play(request)[-1]

    assert (strict.warnings_spoken, mild.warnings_spoken) == (1, 0)


def test_a_request_that_ends_in_a_warning_is_one_warning() -> None:
    decision = heard(
        ("そのようなお言葉はおやめください。", 0),
        ("続く場合は、お電話を終了いたします。", 4_000),
    )

    assert decision.warnings_spoken == 1


def test_each_warning_keeps_its_words_and_its_time() -> None:
    first = "これ以上続く場合は、お電話を終了いたします。"
    decision = heard((first, 0), ("カスタマーハラスメントに当たるおそれがあります。", 60_000))

    assert decision.warnings_spoken == 2
    assert [(w.at_ms, w.utterance_id) for w in decision.warnings] == [(1_500, "u0"), (61_500, "u1")]
    assert decision.warnings[0].words == first


def test_the_words_of_one_breath_stay_together() -> None:
    decision = heard(
        ("これ以上続く場合は、", 0), ("お電話を終了させていただくことになります。", 4_000)
    )

    (warning,) = decision.warnings
    assert warning.words.endswith("終了させていただくことになります。")


def test_a_recording_that_warns_all_day_is_one_warning_of_bounded_length() -> None:
    turns = [
        operator("続くようでしたらお電話を終了いたします。", Cue.WARNED).at(n * 3_000)
        for n in range(600)
    ]

    decision = play(*turns)[-1]

    (warning,) = decision.warnings
    assert decision.warnings_spoken == 1
    assert warning.words.startswith("続くようでしたらお電話を終了いたします。")
    assert len(warning.words) <= 1_000


def test_the_third_of_three_warnings_lets_the_call_be_ended() -> None:
    policy = replace(PLAIN, warnings_before_close=3)
    round_ = (caller("ばか", INSULT), operator("終えます", Cue.WARNED))

    decisions = play(*round_, *round_, *round_, caller("ばか", INSULT), policy=policy)

    assert [d.warnings_spoken for d in decisions] == [0, 1, 1, 2, 2, 3, 3]
    assert decisions[-1].step is Step.CLOSE


def test_what_is_asked_for_again_is_refused_by_the_warning_too() -> None:
    cues = assess("同じご要望が続く場合は、お電話を終了いたします。", Speaker.OPERATOR).cues

    assert Cue.WARNED in cues


SPOKEN = st.lists(
    st.tuples(
        st.sampled_from([Cue.WARNED, Cue.ASKED_TO_STOP, Cue.CLOSING, Cue.ANSWER]),
        st.integers(500, 20_000),
    ),
    max_size=30,
)


@given(SPOKEN, st.booleans())
@settings(deadline=None)
def test_warnings_only_grow_and_by_one_at_a_time(
    spoken: list[tuple[Cue, int]], requests_count: bool
) -> None:
    at_ms, turns = 0, []
    for cue, gap_ms in spoken:
        at_ms += gap_ms
        turns.append(operator("おやめください", cue).at(at_ms))
    policy = replace(PLAIN, requests_count=requests_count)

    counts = [0, *(d.warnings_spoken for d in play(*turns, policy=policy))]

    assert all(0 <= after - before <= 1 for before, after in pairwise(counts))
    assert counts[-1] <= sum(cue in (Cue.WARNED, Cue.ASKED_TO_STOP) for cue, _ in spoken)
