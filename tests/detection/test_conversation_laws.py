"""What holds for every call, whatever is said in it and in whatever order it arrives."""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detection.conversation import CallConversation
from detection.policy_files import load_policy
from detection.sentence_point import SentencePoint
from detection.types import Assessment, Cue, Decision, Severity, Speaker, Utterance
from tests.detection.calls import PLAIN, Turn, operator, play, played
from tests.detection.shipped import shipped_detector
from tests.detection.test_conversation import TURNS, scheduled

MEANINGS = st.sampled_from([None, *map(SentencePoint.at, ([1.0, 0.0], [0.9, 0.4], [0.0, 1.0]))])


def size_of(state: object) -> int:
    """Return how much of a call is kept, in bytes; a point counts as its vector."""
    kept = io.BytesIO()
    packing = pickle.Pickler(kept)
    packing.dispatch_table = copyreg.dispatch_table | {
        SentencePoint: lambda point: (bytes, (point.packed(),))
    }
    packing.dump(state)
    return len(kept.getvalue())


WORDS = st.sampled_from(["", "減免 市民税", "除雪 道路", "返金", "減免"])
CALLER_CUES = st.sampled_from(
    [(), (Cue.DEMAND,), (Cue.INSISTS,), (Cue.COMPLAINT,), (Cue.NOT_HEARD,), (Cue.CALMED,)]
)
OPERATOR_CUES = st.sampled_from(
    [(), (Cue.ANSWER,), (Cue.REFUSAL,), (Cue.SAME_ANSWER,), (Cue.REOPENED,), (Cue.FAULT_ADMITTED,)]
)
CALLER_SAYS = "市民税を減免してほしいと言っています"
OPERATOR_SAYS = "そちらはいたしかねるということです"

Said = tuple[Utterance, Assessment]


@st.composite
def talks(draw: st.DrawFn) -> list[Said]:
    """Draw a talk in which the two take turns, seldom longer than a segment."""
    said: list[Said] = []
    at_ms = 0
    for number in range(draw(st.integers(0, 24))):
        speaker = draw(st.sampled_from(Speaker))
        caller = speaker is Speaker.CALLER
        at_ms += draw(st.integers(1_000, 9_000))
        text = CALLER_SAYS if caller else OPERATOR_SAYS
        utterance = Utterance(f"u{number}", speaker, text, at_ms, at_ms + 800)
        cues = draw(CALLER_CUES if caller else OPERATOR_CUES)
        words = draw(WORDS)
        demand = words if Cue.DEMAND in cues else ""
        said.append((utterance, Assessment(f"u{number}", (), cues, demand, words, draw(MEANINGS))))
    return said


def judged(said: Sequence[Said]) -> tuple[CallConversation, list[Decision]]:
    conversation = CallConversation(PLAIN, "detector-1")
    return conversation, [conversation.hear(*one) for one in said]


@given(talks(), st.sampled_from([Cue.CONFIRMING, Cue.NEW_CIRCUMSTANCE, Cue.NOT_HEARD, Cue.CALMED]))
def test_asking_or_telling_something_new_never_raises_the_level(said: list[Said], cue: Cue) -> None:
    conversation, decisions = judged(said)
    before = decisions[-1].level if decisions else Severity.NONE
    at_ms = decisions[-1].at_ms if decisions else 0

    after = conversation.hear(
        Utterance("harmless", Speaker.CALLER, "二十日の五時までですね", at_ms, at_ms + 900),
        Assessment("harmless", (), (cue,), "", "二十 日 五 時", SentencePoint.at([1.0, 0.0])),
    )

    assert after.level <= before
    assert after.findings == ()


@given(talks(), st.sampled_from([Cue.REOPENED, Cue.FAULT_ADMITTED, Cue.ANSWER, Cue.CLOSING]))
def test_what_the_operator_says_kindly_never_raises_the_level(said: list[Said], cue: Cue) -> None:
    conversation, decisions = judged(said)
    before = decisions[-1].level if decisions else Severity.NONE
    at_ms = decisions[-1].at_ms if decisions else 0

    after = conversation.hear(*operator("お調べいたします", cue).at(at_ms).heard(900))

    assert after.level <= before


@given(talks())
def test_every_finding_quotes_words_of_its_utterance(said: list[Said]) -> None:
    texts = {utterance.text for utterance, _ in said}

    for decision in judged(said)[1]:
        for finding in decision.findings:
            assert finding.quote in texts
            assert finding.quote == finding.quote[finding.span.start : finding.span.end]
        for alert in decision.alerts:
            assert alert.quote in texts


PIECES = st.sampled_from(
    [
        "減免しろ",
        "殺すぞ",
        "この無能",
        "だから",
        "聞こえません",
        "できません",
        "、",
        "。",
        "え?",
        "👍",
        "ｶﾞ",
    ]
)


@given(st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_spans_lie_inside_whatever_was_said(texts: list[str]) -> None:
    detector = shipped_detector()
    conversation = CallConversation(load_policy("ebetsu"), detector.version)

    for number, text in enumerate(texts):
        utterance = Utterance(
            f"u{number}", Speaker.CALLER, text, number * 5_000, number * 5_000 + 1
        )
        assessment = detector.assess(utterance)
        decision = conversation.hear(utterance, assessment)

        for finding in (*assessment.findings, *decision.findings):
            assert 0 <= finding.span.start <= finding.span.end <= len(text)
            assert finding.quote == text[finding.span.start : finding.span.end]


@given(st.lists(TURNS, min_size=2, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_calls_do_not_influence_each_other_whatever_the_interleaving(
    calls: list[list[tuple[Turn, int]]], dice: object
) -> None:
    scripts = [scheduled(turns) for turns in calls]
    alone = [play(*script) for script in scripts]
    order = [number for number, script in enumerate(scripts) for _ in script]
    getattr(dice, "shuffle")(order)  # noqa: B009 - Hypothesis' dice are typed as an object here

    conversations = [CallConversation(PLAIN, "detector-1") for _ in scripts]
    mixed: list[list[Decision]] = [[] for _ in scripts]
    for number in order:
        place = len(mixed[number])
        turn = scripts[number][place]
        mixed[number].append(conversations[number].hear(*turn.heard(place)))

    assert mixed == alone


@given(talks(), st.data())
def test_late_words_of_the_other_track_give_the_same_talk(
    said: list[Said], data: st.DataObject
) -> None:
    in_order, _ = judged(said)
    delays = [
        data.draw(st.integers(0, 6_000)) if utterance.speaker is Speaker.OPERATOR else 0
        for utterance, _ in said
    ]
    arrivals = sorted(
        range(len(said)), key=lambda number: (said[number][0].end_ms + delays[number], number)
    )

    late, _ = judged([said[number] for number in arrivals])

    assert late.state.repetition.talk == in_order.state.repetition.talk
    assert late.state.now_ms == in_order.state.now_ms


@given(TURNS)
def test_a_call_heard_twice_comes_out_the_same(turns: list[tuple[Turn, int]]) -> None:
    script = scheduled(turns)
    assume(script)

    once, first = played(*script)
    again, second = played(*script)

    assert (once.state, first) == (again.state, second)


def test_three_hours_and_two_thousand_turns_cost_no_more_at_the_end() -> None:
    """What a turn costs is bounded by what is kept: the state at its end is no larger than halfway."""
    conversation = CallConversation(PLAIN, "detector-1")
    sizes = []
    for number in range(2_000):
        caller = number % 2 == 0
        start_ms = number * 5_400
        vector = [float((number * k) % 17 - 8) for k in range(1, 513)]
        utterance = Utterance(
            f"u{number:06}",
            Speaker.CALLER if caller else Speaker.OPERATOR,
            CALLER_SAYS if caller else OPERATOR_SAYS,
            start_ms,
            start_ms + 3_000,
        )
        words = f"減免 件{number % 300}番 道路"
        cues = (Cue.DEMAND,) if caller else (Cue.REFUSAL, Cue.WARNED)
        assessment = Assessment(
            utterance.utterance_id,
            (),
            cues,
            words if caller else "",
            words,
            SentencePoint.at(vector),
        )
        conversation.hear(utterance, assessment)
        if number in (999, 1_999):
            talk = conversation.state.repetition
            sizes.append(size_of(conversation.state))
            kept = [len(s.words) for t in talk.talk.topics for s in t.statements]
            assert len(talk.pending) <= 24
            assert len(kept) <= 6 * 4
            assert max(len(t.words) for t in talk.talk.topics) <= 2 * 48

    halfway, end = sizes
    assert end <= halfway * 1.1
    assert end < 120_000


def test_a_demand_with_many_words_stays_bounded() -> None:
    words = " ".join(f"語{number}" for number in range(500))
    turns = [
        replace(Turn(Speaker.CALLER, CALLER_SAYS, cues=(Cue.DEMAND,)), demand=words),
        operator(OPERATOR_SAYS, Cue.REFUSAL),
    ]

    conversation, _ = played(*turns, *turns)

    assert max(len(t.words) for t in conversation.state.repetition.talk.topics) <= 48
