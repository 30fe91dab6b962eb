"""A change as text: single values of a policy, words that are added, two hearings of one call."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feedback.reviews import SwitchedOff
from app.judgements.opinions import Standing, Verdict
from app.trials.added_words import NothingToFind, Words, word_lists
from app.trials.hearing import StoredCall, compare
from app.trials.policy_text import UnknownKey, with_values
from app.trials.rules import Rules, RulesSpec, changed_lexicon, open_rules
from app.trials.states import Levels, Tally, tally, without_small_numbers
from app.trials.wire import call_fields, call_of
from detection.conversation import CallConversation
from detection.errors import PolicyInvalid
from detection.policy import Policy
from detection.policy_files import load_policy
from detection.policy_keys import KEYS
from detection.policy_writing import policy_toml
from detection.text import normalise
from detection.types import (
    Assessment,
    Category,
    Finding,
    Pressed,
    Severity,
    Span,
    Speaker,
    Step,
    Utterance,
)

EBETSU = load_policy("ebetsu")


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_a_value_that_stays_as_it_is_changes_no_policy(key: object) -> None:
    told = getattr(key, "stated")(EBETSU)  # noqa: B009 - a key of any form
    path = str(getattr(key, "path"))  # noqa: B009
    value = (
        "" if told is None else ", ".join(told) if isinstance(told, tuple) else str(told).lower()
    )

    assert with_values(EBETSU, {path: value})[0] == EBETSU


def test_a_value_is_changed_set_and_taken_out() -> None:
    changed, text = with_values(
        EBETSU, {"minutes.held": "30", "levels.points_for_warning": "5", "categories.off": "sexual"}
    )
    out, _ = with_values(changed, {"minutes.held": ""})

    assert (changed.held_limit_ms, changed.points_for_warning) == (1_800_000, 5)
    assert changed.categories_off == frozenset({Category.SEXUAL})
    assert "held = 30" in text
    assert out.held_limit_ms is None


def test_a_value_that_may_not_stand_there_is_refused_and_so_is_an_unknown_key() -> None:
    with pytest.raises(PolicyInvalid) as invalid:
        with_values(EBETSU, {"minutes.held": 'x"\n[categories]'})
    with pytest.raises(UnknownKey):
        with_values(EBETSU, {"minutes.other": "1"})

    assert [fault.key for fault in invalid.value.faults] == ["minutes.held"]


@given(
    st.lists(
        st.text(min_size=1, max_size=20).filter(
            lambda text: any(map(str.isalnum, normalise(text.strip()).normal))
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_words_are_added_make_a_word_list_that_can_be_read(words: list[str]) -> None:
    lists = word_lists([Words(Category.APOLOGY, 2, tuple(words))])

    lexicon = changed_lexicon(lists.values(), [])

    (entry,) = [one for one in lexicon.entries if one.id == "office.apology_1"]
    assert entry.pattern is not None
    assert all(entry.pattern.search(normalise(word.strip()).normal) for word in words)


@pytest.mark.parametrize("word", ["・", "「」", " "])
def test_a_word_without_letters_is_refused(word: str) -> None:
    with pytest.raises(NothingToFind):
        word_lists([Words(Category.APOLOGY, 2, (word,))])


def test_removed_entries_are_gone_and_the_version_tells_it() -> None:
    whole, less = changed_lexicon([], []), changed_lexicon([], ["mental.fool_at_you"])

    assert len(less.entries) == len(whole.entries) - 1
    assert whole.digest != less.digest


def test_a_call_comes_out_of_the_pipe_as_it_went_in() -> None:
    call = StoredCall(
        "c",
        (
            Utterance("u", Speaker.CALLER, "あ\n「", 0, 900, 0.5, ("あ", "い")),
            Pressed(1_000, "お控えください", Step.WARN, "sato"),
        ),
        5_000,
    )

    assert call_of(call_fields(call)) == call


class Rude:
    """A detector that finds one mild word in everything."""

    version = "rude"

    def assess(self, utterance: Utterance) -> Assessment:
        found = Finding(
            category=Category.MENTAL_ATTACK,
            severity=Severity.CAUTION,
            span=Span(0, len(utterance.text)),
            quote=utterance.text,
            rule="rude",
            clause="",
            reason="",
        )
        return Assessment(utterance.utterance_id, (found,), ())


def rules_under(policy: Policy) -> Rules:
    return Rules(Rude(), lambda: CallConversation(policy, Rude.version), SwitchedOff())


def test_time_alone_makes_a_difference_where_only_a_limit_was_changed() -> None:
    limited, _ = with_values(EBETSU, {"minutes.held": "1"})
    call = StoredCall("c", (Utterance("u", Speaker.CALLER, "はい", 0, 900),), 120_000)

    same = compare(call, rules_under(EBETSU), rules_under(EBETSU))
    compared = compare(call, rules_under(EBETSU), rules_under(limited))

    assert not same.differs
    assert (compared.level_before, compared.level_after) == (1, 2)
    assert (compared.come, compared.gone) == (1, 0)
    (difference,) = compared.differences
    assert difference.findings == (("conversation.held", "restraint", 0, 2),)


def test_a_rule_that_is_left_out_takes_its_lines_away_and_a_threat_stays() -> None:
    off = SwitchedOff(frozenset({("rude", "mental_attack")}))
    call = StoredCall("c", (Utterance("u", Speaker.CALLER, "はい", 0, 900),), 5_000)
    rules = rules_under(EBETSU)

    compared = compare(call, rules, replace(rules, switched_off=off))

    assert (compared.come, compared.gone) == (0, 1)
    assert (compared.level_before, compared.level_after) == (1, 0)


def test_the_same_rules_never_differ_from_themselves() -> None:
    rules = open_rules(RulesSpec(policy_toml(EBETSU)), ())
    said = ("お前は馬鹿か", "落ち着いてください", "殺すぞ", "終了します", "馬鹿野郎")
    told = tuple(
        Utterance(
            f"u{n}",
            Speaker.OPERATOR if n % 2 else Speaker.CALLER,
            text,
            n * 9_000,
            n * 9_000 + 2_000,
        )
        for n, text in enumerate(said)
    )

    compared = compare(StoredCall("c", told, 60_000), rules, rules)

    assert (compared.differs, compared.come, compared.gone) == (False, 0, 0)
    assert compared.level_before == compared.level_after == 3


def test_what_was_judged_decides_what_a_change_would_have_meant() -> None:
    calls = [
        Levels("meant", 2, 1, 0, 1, differs=True),
        Levels("fair", 3, 0, 0, 1, differs=True),
        Levels("found", 0, 2, 1, 0, differs=True),
        Levels("bothered", 1, 2, 1, 0, differs=True),
        Levels("open", 2, 0, 0, 1, differs=True),
        Levels("unjudged", 1, 1, 0, 0, differs=False),
    ]
    verdicts = {
        "meant": Verdict.HARASSMENT,
        "found": Verdict.HARASSMENT,
        "fair": Verdict.NOT_HARASSMENT,
        "bothered": Verdict.NOT_HARASSMENT,
        "open": Verdict.UNDECIDED,
    }
    counted = tally(
        calls, {call: Standing(verdict, 1, ("mori",)) for call, verdict in verdicts.items()}
    )

    assert (counted.harassment_missed, counted.fair_relieved) == (1, 1)
    assert (counted.harassment_found, counted.fair_alarmed) == (1, 1)
    assert (counted.harassment, counted.fair) == (2, 2)
    assert (counted.up, counted.down, counted.same, counted.differing) == (2, 3, 1, 5)
    assert (counted.alerts_come, counted.alerts_gone) == (2, 3)


@given(*(st.integers(0, 12) for _ in range(5)))
def test_what_is_told_to_who_sees_no_call_gives_no_small_number_away(
    up: int, down: int, same: int, quiet: int, come: int
) -> None:
    # Who changes level differs, and so may some of those that keep it.
    differing = up + down + min(quiet, same)
    counted = Tally(up=up, down=down, same=same, differing=differing, alerts_come=come)

    told = without_small_numbers(counted, 5)

    calls = up + down + same
    for name, number in asdict(counted).items():
        assert told[name] in (None, number)
        assert told[name] is None or not 0 < number < 5
    could_be = {
        (a, b)
        for a in range(calls + 1)
        for b in range(calls + 1 - a)
        for known in [{"up": a, "down": b, "same": calls - a - b}]
        if all(told[n] in (None, number) for n, number in known.items())
        and (told["differing"] is None or a + b <= told["differing"])
    }
    for place, name in enumerate(("up", "down")):
        if 0 < getattr(counted, name) < 5:
            assert len({one[place] for one in could_be}) > 1
