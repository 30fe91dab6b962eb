"""Facts about judging one call; whole calls are written out as data."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from detection.conversation import CallConversation
from detection.policy import Policy
from detection.types import (
    AlertChange,
    Assessment,
    Category,
    Cue,
    Decision,
    Outcome,
    Severity,
    Speaker,
    Step,
    Utterance,
)
from tests.detection.calls import PLAIN, Turn, caller, demand, operator, play, played

INSULT = (Category.MENTAL_ATTACK, 2)
RUDE = (Category.INTIMIDATION, 1)
THREAT = (Category.PHYSICAL_ATTACK, 3)
MONEY = (Category.COMPENSATION, 1)


def test_an_ordinary_call_stays_ordinary_and_quiet() -> None:
    decisions = play(
        caller("住民票の取り方を教えてください"),
        operator("本人確認の書類をお持ちください", Cue.ANSWER),
        caller("ありがとうございます", cues=[Cue.CALMED]),
    )

    assert {d.level for d in decisions} == {Severity.NONE}
    assert {d.outcome for d in decisions} == {Outcome.ORDINARY}
    assert {d.step for d in decisions} == {Step.LISTEN}
    assert not any(d.alerts for d in decisions)


def test_a_complaint_without_findings_is_a_legitimate_complaint() -> None:
    (decision,) = play(caller("除雪がひどい。どうなってるんだ", cues=[Cue.COMPLAINT, Cue.DEMAND]))

    assert decision.outcome is Outcome.LEGITIMATE_COMPLAINT
    assert decision.level is Severity.NONE


def test_a_threat_skips_the_ladder() -> None:
    decisions = play(caller("こんにちは"), caller("お前を刺しに行くからな", THREAT))

    assert decisions[-1].level is Severity.STOP
    assert decisions[-1].step is Step.EMERGENCY
    assert decisions[-1].focus is Category.PHYSICAL_ATTACK
    assert [a.change for a in decisions[-1].alerts] == [AlertChange.RAISED]


def test_a_threat_does_not_fade_with_time() -> None:
    conversation, _ = played(caller("刺すぞ", THREAT), caller("悪かった", cues=[Cue.CALMED]))

    later = conversation.tick(3_600_000)

    assert (later.level, later.step, later.alerts) == (Severity.STOP, Step.EMERGENCY, ())


def test_insults_climb_the_ladder_to_the_end_of_the_call() -> None:
    policy = replace(PLAIN, first_severe_level=Severity.CAUTION)
    decisions = play(
        caller("この役立たず", INSULT),
        operator("そのようなお言葉はおやめください", Cue.ASKED_TO_STOP),
        caller("ばかやろう", INSULT),
        operator("続くようでしたらお電話を終えます", Cue.WARNED),
        caller("うるせえ無能", INSULT),
        policy=policy,
    )

    assert [int(d.level) for d in decisions] == [1, 1, 2, 2, 3]
    assert [d.step for d in decisions] == [
        Step.ASK_TO_STOP,
        Step.LISTEN,
        Step.WARN,
        Step.LISTEN,
        Step.CLOSE,
    ]


def test_asking_to_stop_is_no_warning_where_the_policy_says_so() -> None:
    turns = (
        caller("この役立たず", INSULT),
        operator("おやめください", Cue.ASKED_TO_STOP),
        caller("ばかやろう", INSULT),
    )

    strict = play(*turns, policy=replace(PLAIN, requests_count=True))
    mild = play(*turns, policy=PLAIN)

    assert (strict[-1].level, mild[-1].level) == (Severity.STOP, Severity.WARNING)


def test_three_warnings_are_needed_where_the_policy_wants_three() -> None:
    policy = replace(PLAIN, warnings_before_close=3)
    round_ = (caller("ばか", INSULT), operator("終えます", Cue.WARNED))
    decisions = play(*round_, *round_, *round_, caller("ばか", INSULT), policy=policy)

    assert [int(d.level) for d in decisions if d.findings] == [2, 2, 2, 3]
    assert decisions[-1].warnings_spoken == 3


def test_one_rude_word_after_a_warning_does_not_end_the_call() -> None:
    decisions = play(
        caller("ばかやろう", INSULT),
        operator("続くようでしたらお電話を終えます", Cue.WARNED),
        caller("なんだその口のきき方は", RUDE),
        caller("ふざけるな", RUDE),
    )

    assert [int(d.level) for d in decisions] == [2, 2, 2, 3]


def test_one_loud_give_my_money_back_is_a_complaint() -> None:
    decisions = play(
        caller("金返せ!", MONEY, cues=[Cue.COMPLAINT, Cue.DEMAND]),
        caller("金返せよ!", MONEY, cues=[Cue.DEMAND]).at(3_000),
    )

    assert not any(d.alerts for d in decisions)
    assert decisions[-1].outcome is Outcome.LEGITIMATE_COMPLAINT


def test_the_second_outburst_for_money_counts() -> None:
    decisions = play(
        caller("金返せ!", MONEY),
        caller("それで?").at(30_000),
        caller("慰謝料も払え", MONEY).at(60_000),
    )

    assert [int(d.level) for d in decisions] == [0, 0, 1]
    assert decisions[-1].alerts[0].categories == (Category.COMPENSATION,)


def test_an_admitted_fault_makes_the_claim_legitimate() -> None:
    decisions = play(
        caller("金返せ", MONEY),
        caller("早く返せ", MONEY).at(40_000),
        operator("こちらの誤りでした", Cue.FAULT_ADMITTED).at(50_000),
        caller("払い過ぎた分を返してくれ", MONEY, (Category.DEMAND_NO_FAULT, 2)).at(60_000),
    )

    assert [int(d.level) for d in decisions] == [0, 1, 0, 0]
    assert [a.change for a in decisions[2].alerts] == [AlertChange.CLOSED]
    assert decisions[-1].outcome is Outcome.LEGITIMATE_COMPLAINT


def test_the_line_of_a_claim_weighs_no_more_than_the_claim_once_the_fault_is_admitted() -> None:
    claimed, admitted = play(
        caller("慰謝料として百万円払え", (Category.COMPENSATION, 2)),
        operator("こちらの誤りでした", Cue.FAULT_ADMITTED),
    )

    (before,), (after,) = claimed.alerts, admitted.alerts
    assert (before.level, admitted.level) == (Severity.WARNING, Severity.CAUTION)
    assert (after.key, after.change, after.level) == (
        before.key,
        AlertChange.UPDATED,
        Severity.CAUTION,
    )
    assert (after.quote, after.count) == (before.quote, before.count)
    assert after.reason.endswith("(市の誤りを認めているため一段下げ)")


def test_the_line_of_a_threat_stays_as_grave_when_a_fault_is_admitted() -> None:
    decisions = play(
        caller("金を返さないと刺す", (Category.COMPENSATION, 3)),
        operator("こちらの誤りでした", Cue.FAULT_ADMITTED),
    )

    assert (decisions[-1].level, decisions[-1].alerts) == (Severity.STOP, ())


def test_what_goes_beyond_an_admitted_fault_still_counts() -> None:
    decisions = play(
        operator("こちらの誤りでした", Cue.FAULT_ADMITTED),
        caller("慰謝料として百万円払え", (Category.COMPENSATION, 2)),
        caller("ばかやろう", INSULT),
    )

    assert decisions[-1].level is Severity.WARNING
    assert decisions[-1].focus is Category.MENTAL_ATTACK


def test_a_caller_in_need_gets_help_and_no_level() -> None:
    decisions = play(
        caller("もう死にたいんです", (Category.MENTAL_ATTACK, 1), cues=[Cue.WELFARE]),
        caller("だれも聞いてくれない"),
    )

    assert [d.level for d in decisions] == [Severity.NONE, Severity.NONE]
    assert [d.step for d in decisions] == [Step.WELFARE, Step.WELFARE]
    assert decisions[-1].welfare


def test_a_threat_from_a_caller_in_need_is_still_a_threat() -> None:
    (decision,) = play(caller("お前も道連れにしてやる", THREAT, cues=[Cue.WELFARE]))

    assert (decision.step, decision.welfare) == (Step.EMERGENCY, True)


def test_a_warning_cut_at_a_pause_is_one_warning() -> None:
    decisions = play(
        operator("このまま続くようでしたら", Cue.WARNED, Cue.ASKED_TO_STOP).at(1_000),
        operator("お電話を終了いたします", Cue.WARNED).at(3_500),
        caller("なに?").at(6_000),
        operator("お電話を終了いたします", Cue.WARNED).at(8_500),
    )

    assert [d.warnings_spoken for d in decisions] == [1, 1, 1, 2]


def test_a_warning_repeated_over_the_callers_words_is_a_second_warning() -> None:
    decisions = play(
        operator("続くようでしたらお電話を終えます", Cue.WARNED).at(1_000),
        caller("なんだと").at(3_100),
        operator("お電話を終えます", Cue.WARNED).at(4_800),
    )

    assert decisions[-1].warnings_spoken == 2


def test_abuse_after_the_announced_end_closes_the_call_without_a_warning() -> None:
    decisions = play(
        operator("これでお電話を終えます", Cue.CLOSING),
        caller("ばかやろう", INSULT),
    )

    assert (decisions[-1].step, decisions[-1].warnings_spoken) == (Step.CLOSE, 0)


def test_the_level_falls_step_by_step_when_the_talk_is_calm() -> None:
    conversation, _ = played(caller("ばかやろう", INSULT))

    levels = [int(conversation.tick(at_ms).level) for at_ms in (180_000, 181_000, 361_000)]

    assert levels == [2, 1, 0]


def test_an_apology_of_the_caller_lowers_the_level() -> None:
    decisions = play(
        caller("ばかやろう", INSULT),
        caller("言い過ぎました、すみません", cues=[Cue.CALMED]),
    )

    assert [int(d.level) for d in decisions] == [2, 1]


def test_an_alert_called_wrong_closes_and_its_rule_stays_quiet() -> None:
    conversation, decisions = played(caller("この野郎", INSULT))

    dismissed = conversation.dismiss(decisions[0].alerts[0].key)
    again = conversation.hear(*caller("この野郎", INSULT).heard(1))
    much_later = conversation.hear(*caller("この野郎", INSULT).at(700_000).heard(2))

    assert [a.change for a in dismissed.alerts] == [AlertChange.CLOSED]
    assert (dismissed.level, again.level, again.alerts) == (Severity.NONE, Severity.NONE, ())
    assert much_later.level is Severity.WARNING


def test_other_rules_speak_up_after_one_was_called_wrong() -> None:
    conversation, decisions = played(caller("この野郎", INSULT))
    conversation.dismiss(decisions[0].alerts[0].key)

    other = replace(caller("能なし", INSULT), rule="lexicon.other")

    assert conversation.hear(*other.heard(1)).level is Severity.WARNING


def test_a_threat_called_wrong_stays_quiet_for_the_same_words_only() -> None:
    conversation, decisions = played(caller("クマを殺すのか", THREAT))
    dismissed = conversation.dismiss(decisions[0].alerts[0].key)

    same = conversation.hear(*caller("クマを殺すのか", THREAT).heard(1))
    another = conversation.hear(*caller("お前を殺す", THREAT).heard(2))

    assert (dismissed.level, same.level) == (Severity.NONE, Severity.NONE)
    assert another.step is Step.EMERGENCY


def test_calling_an_unknown_alert_wrong_changes_nothing() -> None:
    conversation, decisions = played(caller("ばかやろう", INSULT))

    after = conversation.dismiss("mental_attack-99")

    assert (after.level, after.alerts) == (decisions[-1].level, ())


def test_findings_without_a_line_cannot_be_called_wrong_by_an_empty_key() -> None:
    policy = replace(PLAIN, new_cautions_per_10_min=0)
    conversation, decisions = played(caller("なんだその態度は", RUDE), policy=policy)

    assert (decisions[-1].alerts, decisions[-1].level) == ((), Severity.CAUTION)
    assert conversation.dismiss("").level is Severity.CAUTION


def test_a_threat_is_remembered_through_any_number_of_insults() -> None:
    decisions = play(caller("刺すぞ", THREAT), *[caller("ばか", INSULT)] * 60)

    assert decisions[-1].step is Step.EMERGENCY


def test_a_warning_is_remembered_through_any_number_of_requests() -> None:
    decisions = play(
        operator("続くようでしたら終えます", Cue.WARNED),
        *[operator("おやめください", Cue.ASKED_TO_STOP)] * 60,
        caller("ばか", INSULT),
    )

    assert decisions[-1].step is Step.CLOSE


def test_an_announced_end_is_remembered_however_often_the_caller_gives_in() -> None:
    decisions = play(
        operator("これでお電話を終えます", Cue.CLOSING),
        *[caller("わかりました", cues=[Cue.CALMED])] * 60,
        caller("ばか", INSULT),
    )

    assert decisions[-1].step is Step.CLOSE


def test_that_abuse_was_repeated_is_remembered_through_any_number_of_demands() -> None:
    policy = replace(PLAIN, held_after_abuse_limit_ms=600_000)
    demands = [caller("とにかくやれ", (Category.DEMAND_NO_FAULT, 2))] * 60
    conversation, _ = played(
        caller("ばか", INSULT), caller("あほ", INSULT), *demands, policy=policy
    )

    decision = conversation.tick(600_000)

    assert [f.rule for f in decision.findings] == ["conversation.held_after_abuse"]
    assert len(conversation.state.offences) <= 48


def test_a_rule_called_wrong_stays_quiet_when_a_line_of_many_words_is_called_wrong_too() -> None:
    conversation, decisions = played(caller("なんだその態度は", RUDE))
    conversation.dismiss(decisions[0].alerts[0].key)
    for number in range(1, 45):
        insults = conversation.hear(*caller(f"ばか{number}", INSULT).heard(number))
    conversation.dismiss(insults.alerts[0].key)

    rude = conversation.hear(*caller("その態度はなんだ", RUDE).heard(45))

    assert (rude.level, rude.findings) == (Severity.NONE, ())
    assert len(conversation.state.quiets) <= 32


def test_an_utterance_heard_twice_counts_once() -> None:
    conversation, decisions = played(caller("ばかやろう", INSULT))

    again = conversation.hear(*caller("ばかやろう", INSULT).heard(0))

    assert (again.alerts, again.findings) == ((), ())
    assert again.level is decisions[-1].level


def test_a_warning_that_arrives_late_stands_where_it_was_spoken() -> None:
    insult = caller("ばかやろう", INSULT).at(0)
    warning = operator("続くようでしたら終えます", Cue.WARNED).at(4_000)
    again = caller("無能", INSULT).at(6_500)

    in_order = play(insult, warning, again)
    late = play(insult, again, warning)

    assert in_order[-1].level is late[-1].level is Severity.STOP


def test_ticks_do_not_change_which_line_later_words_belong_to() -> None:
    ticked, _ = played(caller("ばか", INSULT))
    replayed, _ = played(caller("ばか", INSULT))
    ticked.tick(700_000)

    live = ticked.hear(*caller("無能", INSULT).at(800_000).heard(1))
    again = replayed.hear(*caller("無能", INSULT).at(800_000).heard(1))

    assert live.alerts[-1] == again.alerts[-1]
    assert live.alerts[-1].key == "mental_attack-2"


def test_findings_in_the_operators_words_do_not_count() -> None:
    (decision,) = play(Turn(Speaker.OPERATOR, "ばかとおっしゃいましたか", (INSULT,)))

    assert (decision.level, decision.findings) == (Severity.NONE, ())


def test_a_finding_below_the_policys_score_does_not_count() -> None:
    policy = replace(PLAIN, minimum_scores={Category.MENTAL_ATTACK: 0.6})
    unsure = replace(caller("ばか", INSULT), score=0.59)

    assert play(unsure, policy=policy)[0].level is Severity.NONE
    assert play(unsure, policy=PLAIN)[0].level is Severity.WARNING


def test_a_call_of_two_thousand_turns_leaves_a_small_state() -> None:
    turns = [
        turn
        for number in range(400)
        for turn in (
            demand(f"減免を認めろ{number}", f"減免 認める 件{number}", RUDE),
            operator("いたしかねます", Cue.REFUSAL, Cue.WARNED),
            caller("ばか", INSULT, cues=[Cue.CALMED]),
            caller("はい", cues=[Cue.CALMED]),
            operator("はい", Cue.ANSWER, Cue.CLOSING),
        )
    ]

    conversation, decisions = played(*turns)
    state = conversation.state

    assert len(decisions) == 2_000
    assert len(repr(state)) < 150_000
    assert max(len(state.offences), len(state.spoken), len(state.moments)) <= 48
    assert max(len(t.words) for t in state.repetition.talk.topics) <= 48


CUES = st.lists(st.sampled_from(Cue), max_size=3)
FOUND = st.lists(
    st.tuples(st.sampled_from(Category), st.integers(min_value=1, max_value=3)), max_size=3
)
WORDS = st.sampled_from(["", "減免 認める", "除雪 来る", "返金 する"])
TURNS = st.lists(
    st.builds(
        lambda speaker, found, cues, words, gap_ms: (
            Turn(speaker, "テスト", tuple(found), tuple(cues), words),
            gap_ms,
        ),
        st.sampled_from(Speaker),
        FOUND,
        CUES,
        WORDS,
        st.integers(min_value=-1_500, max_value=120_000),
    ),
    max_size=25,
)
POLICIES = st.builds(
    lambda first, warnings, held, requests: replace(
        PLAIN,
        first_severe_level=Severity(first),
        warnings_before_close=warnings,
        held_limit_ms=held,
        stalemate_limit_ms=held,
        requests_count=requests,
    ),
    st.integers(1, 2),
    st.integers(1, 3),
    st.sampled_from([None, 60_000, 600_000]),
    st.booleans(),
)
HARMLESS_CUES = st.lists(
    st.sampled_from([Cue.COMPLAINT, Cue.NOT_HEARD, Cue.WELFARE, Cue.CALMED]), max_size=3
)


def scheduled(turns: list[tuple[Turn, int]]) -> list[Turn]:
    """Put the turns on the clock; some begin a little before the one heard earlier."""
    at_ms, placed = 0, []
    for turn, gap_ms in turns:
        at_ms = max(0, at_ms + 1_000 + gap_ms)
        placed.append(turn.at(at_ms))
    return placed


@given(TURNS, POLICIES)
def test_levels_alerts_and_versions_keep_their_bounds(
    turns: list[tuple[Turn, int]], policy: Policy
) -> None:
    open_keys: set[str] = set()
    for decision in play(*scheduled(turns), policy=policy):
        for alert in decision.alerts:
            match alert.change:
                case AlertChange.RAISED:
                    assert alert.key not in open_keys
                    open_keys.add(alert.key)
                case AlertChange.UPDATED:
                    assert alert.key in open_keys
                case AlertChange.CLOSED:
                    open_keys.remove(alert.key)
            assert all((alert.reason, alert.quote, alert.clause))

        assert 0 <= decision.level <= 3
        assert len(open_keys) <= 3
        assert decision.policy_version == policy.version
        assert decision.detector_version == "detector-1"


@given(TURNS, HARMLESS_CUES, st.sampled_from(Speaker))
def test_a_harmless_utterance_never_raises_the_level(
    turns: list[tuple[Turn, int]], cues: list[Cue], speaker: Speaker
) -> None:
    conversation, decisions = played(*scheduled(turns))
    before = decisions[-1].level if decisions else Severity.NONE
    last_ms = decisions[-1].at_ms if decisions else 0

    after = conversation.hear(
        Utterance("harmless", speaker, "そうですか", last_ms, last_ms + 1_000),
        Assessment("harmless", (), tuple(cues)),
    )

    assert after.level <= before
    assert after.findings == ()


@given(TURNS, TURNS)
@settings(max_examples=40)
def test_calls_do_not_know_of_each_other(
    one: list[tuple[Turn, int]], other: list[tuple[Turn, int]]
) -> None:
    first, second = scheduled(one), scheduled(other)
    alone = play(*first), play(*second)

    left, right = CallConversation(PLAIN, "detector-1"), CallConversation(PLAIN, "detector-1")
    mixed: tuple[list[Decision], list[Decision]] = ([], [])
    for number in range(max(len(first), len(second))):
        if number < len(second):
            mixed[1].append(right.hear(*second[number].heard(number)))
        if number < len(first):
            mixed[0].append(left.hear(*first[number].heard(number)))

    assert mixed == alone


@given(TURNS)
def test_calling_every_alert_wrong_leaves_only_what_had_no_line(
    turns: list[tuple[Turn, int]],
) -> None:
    conversation, decisions = played(*scheduled(turns))
    raised = [a.key for d in decisions for a in d.alerts if a.change is AlertChange.RAISED]

    levels = [conversation.dismiss(key).level for key in raised]

    assert levels == sorted(levels, reverse=True)
    assert {offence.alert_key for offence in conversation.state.offences} <= {""}
    assert conversation.state.board.alerts == ()
