"""How far a call has come: requests, warnings, clocks against the policy's limits, and the request that returns."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from detection.policy import Policy
from detection.progress import ClockKind, LimitClock, Progress
from detection.types import Assessment, Category, Cue, Pressed, Speaker, Step, Utterance
from tests.detection.calls import PLAIN, Turn, caller, demand, operator, played
from tests.detection.test_conversation_laws import Said, judged, talks

ASK = demand("市民税を減免してください", "市民税 減免 する")
AGAIN = demand("だから減免しろと言っているんだ", "減免 する 言う")
STILL = demand("とにかく市民税を減免しろ", "市民税 減免")
REFUSE = operator("減免はいたしかねます", Cue.REFUSAL)
EXPLAIN = operator("期限は法律で定められております", Cue.ANSWER)
INSULT = (Category.MENTAL_ATTACK, 2)
MINUTE_MS = 60_000


def progress(*turns: Turn, policy: Policy = PLAIN) -> Progress:
    return played(*turns, policy=policy)[0].progress()


def clock(found: Progress, kind: ClockKind) -> LimitClock:
    return next(one for one in found.clocks if one.kind is kind)


def test_both_sides_words_of_a_request_that_returns_stand_beside_each_other() -> None:
    found = progress(ASK, REFUSE, AGAIN, REFUSE, STILL).demand

    assert found is not None
    assert (found.stated, found.answered) == (3, 2)
    assert [(q.text, q.at_ms, q.utterance_id) for q in found.statements] == [
        (ASK.text, 0, "u0"),
        (AGAIN.text, 10_000, "u2"),
        (STILL.text, 20_000, "u4"),
    ]
    assert [q.utterance_id for q in found.answers] == ["u1", "u3"]
    assert found.since_ms == 11_000


def test_what_came_back_only_once_is_not_yet_shown() -> None:
    assert progress(ASK, REFUSE, AGAIN).demand is None


def test_said_twice_in_a_row_is_said_once_and_the_refusal_says_more_than_the_explanation() -> None:
    found = progress(ASK, AGAIN, EXPLAIN, REFUSE, AGAIN, STILL, EXPLAIN, STILL).demand

    assert found is not None
    assert (found.stated, found.answered) == (3, 2)
    assert [q.text for q in found.answers] == [REFUSE.text, EXPLAIN.text]


def test_a_different_request_is_never_shown_as_the_same() -> None:
    road = demand("道路の穴を直してください", "道路 穴 直す")
    paper = demand("証明書を送ってください", "証明書 送る")

    found = [
        progress(*(turn for one in turns for turn in (one, REFUSE))).demand
        for turns in ((ASK, road, paper), (ASK, ASK, road), (ASK, AGAIN, STILL, road))
    ]

    # The operator's refusals sound alike each time: that alone makes one demand of none of them.
    assert [demand and demand.stated for demand in found] == [None, 2, 3]
    assert [demand and demand.answered for demand in found] == [None, 2, 3]
    assert road.text not in {
        quote.text for demand in found if demand for quote in demand.statements
    }


def test_who_brings_something_new_or_accepts_is_shown_no_repetition() -> None:
    news = replace(
        demand("会社が倒産したので減免してください", "会社 倒産 減免"),
        cues=(Cue.DEMAND, Cue.NEW_CIRCUMSTANCE),
    )
    calmed = caller("わかりました、ありがとうございました", cues=[Cue.CALMED])

    for last in (news, calmed):
        assert progress(ASK, REFUSE, AGAIN, REFUSE, STILL, REFUSE, last).demand is None


def test_an_admitted_mistake_takes_the_repetition_back() -> None:
    fault = operator("こちらの誤りでした", Cue.FAULT_ADMITTED)

    assert progress(ASK, REFUSE, AGAIN, REFUSE, STILL, fault).demand is None


def test_a_request_that_rests_five_minutes_is_shown_no_more() -> None:
    conversation, _ = played(ASK, REFUSE, AGAIN, REFUSE, STILL)
    shown = conversation.progress().demand
    conversation.tick(6 * MINUTE_MS)

    assert shown is not None
    assert conversation.progress().demand is None


@given(talks())
@settings(deadline=None)
def test_quotes_are_the_speakers_own_words_and_few(said: list[Said]) -> None:
    conversation, decisions = judged(said)
    texts = {utterance.utterance_id: utterance for utterance, _ in said}
    found = conversation.progress().demand

    assert found == (decisions[-1].demand if decisions else None)
    if found is None:
        return
    assert found.stated >= 2
    assert 1 <= len(found.statements) <= min(4, found.stated)
    assert len(found.answers) == min(4, found.answered)
    for quotes, speaker in (
        (found.statements, Speaker.CALLER),
        (found.answers, Speaker.OPERATOR),
    ):
        assert list(quotes) == sorted(quotes, key=lambda quote: quote.at_ms)
        for quote in quotes:
            said_then = texts[quote.utterance_id]
            assert (said_then.speaker, said_then.text, said_then.start_ms) == (
                speaker,
                quote.text,
                quote.at_ms,
            )


def test_the_clocks_stand_against_the_policys_limits() -> None:
    policy = replace(
        PLAIN,
        held_limit_ms=30 * MINUTE_MS,
        held_after_abuse_limit_ms=15 * MINUTE_MS,
        stalemate_limit_ms=20 * MINUTE_MS,
    )
    conversation, _ = played(ASK, REFUSE, AGAIN, policy=policy)
    conversation.tick(MINUTE_MS)
    found = conversation.progress()

    assert [(c.kind.value, c.limit_ms) for c in found.clocks] == [
        ("held", 30 * MINUTE_MS),
        ("held_after_abuse", 15 * MINUTE_MS),
        ("stalemate", 20 * MINUTE_MS),
    ]
    assert [(c.elapsed_ms, c.running) for c in found.clocks] == [
        (MINUTE_MS, True),
        (0, False),
        (MINUTE_MS - 11_000, True),
    ]
    assert all(c.clause for c in found.clocks)


def test_the_shorter_limit_counts_once_abuse_was_repeated() -> None:
    once = progress(caller("ばか", INSULT))
    twice = progress(caller("ばか", INSULT), caller("あほ", INSULT))

    assert not clock(once, ClockKind.HELD_AFTER_ABUSE).running
    assert clock(twice, ClockKind.HELD_AFTER_ABUSE).running
    assert clock(twice, ClockKind.HELD_AFTER_ABUSE).limit_ms is None


def test_a_passed_limit_says_what_may_follow() -> None:
    policy = replace(PLAIN, held_limit_ms=MINUTE_MS)
    conversation, _ = played(caller("ばか", INSULT), policy=policy)
    conversation.tick(2 * MINUTE_MS)

    assert "1分を超えています" in conversation.progress().next.text


def test_requests_are_told_heard_or_pressed_in_order() -> None:
    conversation, _ = played(
        caller("ばか", INSULT), operator("おやめください", Cue.ASKED_TO_STOP).at(30_000)
    )
    request = Pressed(5_000, "お控えください。", Step.ASK_TO_STOP, "sato")
    conversation.press(request, Assessment("", (), ()))

    found = conversation.progress()

    assert [(q.at_ms, q.text, q.utterance_id) for q in found.asked] == [
        (5_000, "お控えください。", ""),
        (31_000, "おやめください", "u1"),
    ]
    assert found.warnings == ()


def test_a_request_cut_at_a_pause_is_told_whole() -> None:
    conversation, _ = played()
    for number, (text, at_ms) in enumerate(
        [("そのようなお言葉は", 0), ("おやめください。", 2_500)]
    ):
        said = Utterance(f"u{number}", Speaker.OPERATOR, text, at_ms, at_ms + 2_000)
        conversation.hear(said, Assessment(said.utterance_id, (), (Cue.ASKED_TO_STOP,)))

    assert [q.text for q in conversation.progress().asked] == ["そのようなお言葉はおやめください。"]
