"""Facts about a demand that comes back, and about time that runs while nothing moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.likeness import content_words, worded_alike
from detection.types import Category, Cue, Decision, Severity, Step
from tests.detection.calls import PLAIN, Turn, caller, demand, operator, play, played

ASK = demand("市民税を減免してください", "市民税 減免 する")
AGAIN = demand("だから減免しろと言っているんだ", "減免 する 言う")
STILL = demand("とにかく市民税を減免しろ", "市民税 減免")
REFUSE = operator("減免はいたしかねます", Cue.REFUSAL)
MINUTE_MS = 60_000


def persistent(decisions: list[Decision]) -> list[bool]:
    return [any(f.category is Category.PERSISTENCE for f in d.findings) for d in decisions]


def test_the_third_statement_after_two_refusals_is_persistence() -> None:
    decisions = play(ASK, REFUSE, AGAIN, REFUSE, STILL)

    assert persistent(decisions) == [False, False, False, False, True]
    (finding,) = decisions[-1].findings
    assert finding.rule == "conversation.persistence"
    assert finding.quote == STILL.text
    assert "3回目" in finding.reason
    assert decisions[-1].level is Severity.CAUTION
    assert decisions[-1].focus is Category.PERSISTENCE


def test_more_returns_are_needed_where_the_policy_wants_more() -> None:
    policy = replace(PLAIN, returns_for_persistence=3)
    decisions = play(ASK, REFUSE, AGAIN, REFUSE, STILL, REFUSE, AGAIN, policy=policy)

    assert persistent(decisions) == [False] * 6 + [True]


def test_going_on_after_persistence_raises_the_level() -> None:
    decisions = play(ASK, *(REFUSE, AGAIN, REFUSE, STILL) * 2)

    assert [int(d.level) for d in decisions] == [0, 0, 0, 0, 1, 1, 1, 1, 2]


def test_a_mild_word_beside_it_makes_going_on_after_a_warning_no_milder() -> None:
    warn = operator("減免はできかねます。続くようでしたら終えます", Cue.REFUSAL, Cue.WARNED)
    rude = replace(STILL, findings=((Category.INTIMIDATION, 1),))

    plain, ruder = (play(ASK, REFUSE, AGAIN, REFUSE, STILL, warn, last) for last in (STILL, rude))

    assert plain[-1].level is ruder[-1].level is Severity.STOP
    assert [f.category for f in ruder[-1].findings] == [Category.PERSISTENCE, Category.INTIMIDATION]
    assert ruder[-1].alerts[0].categories[0] is Category.PERSISTENCE


def test_saying_it_again_without_an_answer_in_between_is_no_repetition() -> None:
    decisions = play(ASK, AGAIN, STILL, operator("少々お待ちください"), AGAIN, ASK)

    assert not any(persistent(decisions))
    assert decisions[-1].stalemate_ms == 0


def test_an_answer_that_was_not_heard_does_not_count() -> None:
    unheard = caller("え、なんですか", cues=[Cue.NOT_HEARD])
    decisions = play(ASK, REFUSE, unheard, AGAIN, REFUSE, unheard, STILL)

    assert not any(persistent(decisions))


def test_a_caller_who_is_lost_is_not_persistent() -> None:
    lost = caller("よくわからないんです", cues=[Cue.WELFARE])
    decisions = play(ASK, REFUSE, lost, AGAIN, REFUSE, lost, STILL)

    assert not any(persistent(decisions))


@pytest.mark.parametrize(
    "changed",
    [
        demand("実は先月失業したんです、減免してください", "失業 減免"),
        demand("足が悪くて歩けないので減免してください", "足 悪い 歩く 減免"),
        demand("会社が倒産して収入が途絶え減免を頼む", "会社 倒産 収入 途絶える 減免"),
    ],
)
def test_a_new_circumstance_is_no_repetition(changed: Turn) -> None:
    told = replace(changed, cues=(Cue.DEMAND, Cue.NEW_CIRCUMSTANCE))
    decisions = play(ASK, REFUSE, AGAIN, REFUSE, told)

    assert not any(persistent(decisions))
    assert decisions[-1].stalemate_ms == 0


def test_a_reason_given_again_is_not_new() -> None:
    because = replace(
        demand("足が悪いので減免してください", "足 悪い 減免"),
        cues=(Cue.DEMAND, Cue.NEW_CIRCUMSTANCE),
    )

    assert persistent(play(ASK, REFUSE, because, REFUSE, because, REFUSE, because))[-1]


def test_different_demands_are_not_one_demand_repeated() -> None:
    other = demand("道路の穴を直してください", "道路 穴 直す")
    third = demand("証明書を送ってください", "証明書 送る")

    assert not any(persistent(play(ASK, REFUSE, other, REFUSE, third, REFUSE)))


def test_a_demand_without_words_of_its_own_goes_on_with_the_last() -> None:
    just_do_it = demand("いいからやれって言ってるんだ", "遣る 言う")

    assert persistent(play(ASK, REFUSE, just_do_it, REFUSE, just_do_it))[-1]


def test_a_demand_is_compared_by_its_text_where_the_detector_gave_no_words() -> None:
    bare = Turn(ASK.speaker, "減免を認めろ", cues=(Cue.DEMAND,))

    assert persistent(play(bare, REFUSE, bare, REFUSE, bare))[-1]


def test_an_old_demand_is_known_again_after_others() -> None:
    other = demand("道路の穴を直してください", "道路 穴 直す")

    assert persistent(play(ASK, REFUSE, other, REFUSE, AGAIN, REFUSE, other, REFUSE, STILL))[-1]


def test_after_an_admitted_fault_only_refusals_answer_a_claim() -> None:
    fault = operator("こちらの誤りでした", Cue.FAULT_ADMITTED)
    explain = operator("手続きをご説明します", Cue.ANSWER)

    explained = play(ASK, REFUSE, AGAIN, fault, STILL, explain, AGAIN, explain, STILL)
    refused = play(ASK, REFUSE, AGAIN, fault, STILL, REFUSE, AGAIN, REFUSE, STILL)

    assert not any(persistent(explained))
    assert persistent(refused)[-1]


def test_an_admitted_fault_takes_persistence_back() -> None:
    fault = operator("調べ直したところ、こちらの誤りでした", Cue.FAULT_ADMITTED)
    decisions = play(ASK, REFUSE, AGAIN, REFUSE, STILL, fault)

    assert (decisions[-2].level, decisions[-1].level) == (Severity.CAUTION, Severity.NONE)
    assert len(decisions[-1].alerts) == 1


def test_excusing_a_mistake_once_more_does_not_begin_the_count_anew() -> None:
    fault = operator("こちらの誤りでした", Cue.FAULT_ADMITTED)
    sorry = operator("誤りは重ねてお詫びします。減免はできません", Cue.FAULT_ADMITTED, Cue.REFUSAL)

    assert persistent(play(fault, ASK, REFUSE, AGAIN, sorry, STILL))[-1]


def test_a_refusal_that_arrives_after_the_repetition_is_still_counted() -> None:
    turns = [ASK.at(0), REFUSE.at(3_000), AGAIN.at(6_000), REFUSE.at(9_000), STILL.at(11_500)]
    late = [turns[0], turns[1], turns[2], turns[4], turns[3]]

    decisions = play(*late)

    assert persistent(decisions) == [False, False, False, False, True]
    assert decisions[-1].alerts[0].quote == STILL.text
    assert decisions[-1].alerts[0].start_ms == 11_500


def test_words_that_were_talked_over_are_not_an_answer() -> None:
    decisions = play(
        ASK.at(0),
        REFUSE.at(3_000),
        AGAIN.at(6_000),
        REFUSE.at(10_200),
        STILL.at(10_000),
    )

    assert not any(persistent(decisions))


def test_the_stalemate_clock_runs_from_the_first_return() -> None:
    conversation, decisions = played(ASK.at(0), REFUSE.at(10_000), AGAIN.at(20_000))

    assert decisions[1].stalemate_ms == 0
    assert conversation.tick(81_000).stalemate_ms == 60_000


def test_the_stalemate_ends_when_the_caller_accepts() -> None:
    calmed = caller("わかりました", cues=[Cue.CALMED])

    assert play(ASK, REFUSE, AGAIN, calmed)[-1].stalemate_ms == 0


def test_a_refusal_of_what_was_said_before_the_caller_accepted_takes_no_acceptance_back() -> None:
    still = caller("うちは市民税のことで本当に困っているんです")
    calmed = caller("わかりました", cues=[Cue.CALMED])

    accepted = play(ASK, REFUSE, AGAIN, REFUSE, still, calmed, REFUSE)
    went_on = play(ASK, REFUSE, AGAIN, REFUSE, calmed, still, REFUSE)

    assert (accepted[-1].stalemate_ms, accepted[-1].demand) == (0, None)
    assert went_on[-1].stalemate_ms > 0


def test_a_stalemate_lapses_when_the_demand_does_not_come_back() -> None:
    conversation, _ = played(ASK, REFUSE, AGAIN)

    assert conversation.tick(8 * MINUTE_MS).stalemate_ms == 0


def stalled_for(minutes: int) -> list[Turn]:
    """Return a call in which the demand comes back every minute, once the first was refused."""
    return [
        turn
        for minute in range(minutes + 1)
        for turn in (AGAIN.at(minute * MINUTE_MS), REFUSE.at(minute * MINUTE_MS + 20_000))
    ]


def test_thirty_minutes_of_stalemate_are_restraint_where_the_policy_says_so() -> None:
    policy = replace(
        PLAIN, stalemate_limit_ms=30 * MINUTE_MS, returns_for_persistence=20, same_demand=0.5
    )
    decisions = play(*stalled_for(33), policy=policy)
    found = [d for d in decisions if any(f.category is Category.RESTRAINT for f in d.findings)]

    assert found[0].stalemate_ms >= 30 * MINUTE_MS
    assert found[0].level is Severity.WARNING
    assert "30分" in found[0].findings[-1].reason


def test_no_limit_means_that_time_is_not_enforced() -> None:
    conversation, _ = played(*stalled_for(45))

    decision = conversation.tick(46 * MINUTE_MS)

    assert not any(a.categories[0] is Category.RESTRAINT for a in decision.alerts)
    assert decision.stalemate_ms > 40 * MINUTE_MS


def test_a_long_but_peaceful_call_is_no_restraint() -> None:
    policy = replace(PLAIN, held_limit_ms=30 * MINUTE_MS)
    conversation, _ = played(
        ASK, operator("ご説明します", Cue.ANSWER), caller("ありがとう"), policy=policy
    )

    decision = conversation.tick(90 * MINUTE_MS)

    assert (decision.level, decision.alerts) == (Severity.NONE, ())


def test_silence_after_the_limit_is_found_by_the_clock_and_told_once() -> None:
    policy = replace(PLAIN, held_limit_ms=2 * MINUTE_MS)
    conversation, _ = played(ASK, REFUSE, AGAIN, policy=policy)

    ticks = [conversation.tick(at_ms) for at_ms in (119_000, 120_000, 121_000, 180_000)]

    assert [len(t.findings) for t in ticks] == [0, 1, 0, 0]
    assert ticks[1].findings[0].rule == "conversation.held"
    assert ticks[1].step is Step.WARN
    assert ticks[1].alerts[0].quote == AGAIN.text


def test_repeated_abuse_shortens_the_time() -> None:
    policy = replace(PLAIN, held_limit_ms=30 * MINUTE_MS, held_after_abuse_limit_ms=15 * MINUTE_MS)
    insult = caller("ばかやろう", (Category.MENTAL_ATTACK, 2))
    once, _ = played(insult, policy=policy)
    twice, _ = played(insult, insult, policy=policy)

    assert once.tick(16 * MINUTE_MS).findings == ()
    (finding,) = twice.tick(16 * MINUTE_MS).findings
    assert finding.rule == "conversation.held_after_abuse"


def test_the_clock_is_not_held_against_a_caller_in_need_while_the_need_is_fresh() -> None:
    policy = replace(PLAIN, held_limit_ms=2 * MINUTE_MS)
    lost = caller("もう死にたいんです", cues=[Cue.WELFARE]).at(MINUTE_MS)
    conversation, _ = played(caller("ばかやろう", (Category.MENTAL_ATTACK, 2)), lost, policy=policy)

    in_need = [conversation.tick(minute * MINUTE_MS) for minute in (2, 3, 4, 5)]
    later = conversation.tick(6 * MINUTE_MS + 1_000)

    assert [d.findings for d in in_need] == [()] * 4
    assert [f.rule for f in later.findings] == ["conversation.held"]


def test_a_limit_that_was_called_wrong_does_not_hide_another_that_is_passed() -> None:
    policy = replace(PLAIN, held_limit_ms=3 * MINUTE_MS, held_after_abuse_limit_ms=2 * MINUTE_MS)
    insult = caller("ばかやろう", (Category.MENTAL_ATTACK, 2))
    conversation, _ = played(insult, insult, policy=policy)
    (wrong,) = conversation.tick(2 * MINUTE_MS).alerts
    conversation.dismiss(wrong.key)

    found = [f.rule for minute in (3, 7) for f in conversation.tick(minute * MINUTE_MS).findings]

    assert found == ["conversation.held"]


def test_going_on_after_the_limit_and_a_warning_ends_the_call() -> None:
    policy = replace(PLAIN, held_limit_ms=2 * MINUTE_MS)
    conversation, _ = played(*stalled_for(2)[:5], policy=policy)
    conversation.hear(
        *operator("できかねます。あと少しで終えます", Cue.REFUSAL, Cue.WARNED).at(130_000).heard(90)
    )

    conversation.hear(*AGAIN.at(180_000).heard(91))
    conversation.hear(*REFUSE.at(200_000).heard(92))
    decision = conversation.hear(*AGAIN.at(220_000).heard(93))

    assert (decision.level, decision.step) == (Severity.STOP, Step.CLOSE)


WORD_SETS = st.frozensets(
    st.sampled_from(["減免", "市民税", "返金", "除雪", "ヤクショ"]), max_size=4
)


@given(WORD_SETS, WORD_SETS)
def test_likeness_is_a_share_and_does_not_depend_on_the_order(
    one: frozenset[str], other: frozenset[str]
) -> None:
    likeness = worded_alike(one, other)

    assert 0.0 <= likeness <= 1.0
    assert likeness == worded_alike(other, one)
    assert worded_alike(one, one) == (1.0 if one else 0.0)


def test_a_slip_of_the_recogniser_in_a_long_word_is_forgiven() -> None:
    heard, said = content_words("固定資産税 減免"), content_words("固定資産性 減免 する")

    assert worded_alike(heard, said) == 1.0
