"""One-time tokens: for one call, once, for ten minutes."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telephony.one_time_tokens import LIFETIME_MS, MOST_PER_CALL, OneTimeTokens

CALL = "twilio.CA1"


def tokens(most_calls: int = 100) -> OneTimeTokens:
    numbers = count()
    return OneTimeTokens(lambda: f"token{next(numbers)}", most_calls=most_calls)


def test_a_token_opens_the_call_that_it_was_issued_for() -> None:
    issuing = tokens()
    token = issuing.issue(CALL, 0)

    redeemed = issuing.redeem(token, CALL, 1_000)

    assert redeemed


def test_a_token_is_good_once() -> None:
    issuing = tokens()
    token = issuing.issue(CALL, 0)
    issuing.redeem(token, CALL, 1_000)

    again = issuing.redeem(token, CALL, 1_001)

    assert not again


@pytest.mark.parametrize(
    ("token", "call_id"),
    [("token0", "twilio.CA2"), ("token1", CALL), ("", CALL), ("\ud800", CALL), ("tökèn0", CALL)],
)
def test_another_call_or_another_token_is_refused_and_spends_nothing(
    token: str, call_id: str
) -> None:
    issuing = tokens()
    issued = issuing.issue(CALL, 0)

    assert not issuing.redeem(token, call_id, 1)
    assert issuing.redeem(issued, CALL, 2)


@pytest.mark.parametrize(("after_ms", "good"), [(LIFETIME_MS - 1, True), (LIFETIME_MS, False)])
def test_a_token_lasts_ten_minutes(after_ms: int, good: bool) -> None:
    issuing = tokens()
    token = issuing.issue(CALL, 5)

    assert issuing.redeem(token, CALL, 5 + after_ms) is good


def test_of_several_answers_to_one_call_either_may_be_used() -> None:
    issuing = tokens()
    first, second = issuing.issue(CALL, 0), issuing.issue(CALL, 10)

    assert issuing.redeem(second, CALL, 20)
    assert issuing.redeem(first, CALL, 30)


def test_a_call_that_asks_on_and_on_keeps_its_latest_tokens() -> None:
    issuing = tokens()
    issued = [issuing.issue(CALL, 0) for _ in range(MOST_PER_CALL + 1)]

    good = [issuing.redeem(token, CALL, 1) for token in issued]

    assert good == [False, *[True] * MOST_PER_CALL]


def test_the_oldest_call_gives_way() -> None:
    issuing = tokens(most_calls=2)
    issued = {call: issuing.issue(call, 0) for call in ("a", "b", "c")}

    good = {call: issuing.redeem(token, call, 1) for call, token in issued.items()}

    assert good == {"a": False, "b": True, "c": True}


def test_what_is_too_old_is_forgotten() -> None:
    issuing = tokens()
    issuing.issue("a", 0)

    issuing.issue("b", LIFETIME_MS)

    assert len(issuing) == 1


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from("abc"), st.integers(0, 8), st.integers(0, 300_000))
    )
)
def test_whatever_is_asked_no_token_opens_twice_and_the_number_is_bounded(
    asked: list[tuple[bool, str, int, int]],
) -> None:
    issuing, now_ms = tokens(most_calls=2), 0
    issued: list[tuple[str, str]] = []
    opened: list[str] = []

    for issues, call, which, later_ms in asked:
        now_ms += later_ms
        if issues:
            issued.append((call, issuing.issue(call, now_ms)))
        elif which < len(issued) and issuing.redeem(issued[which][1], call, now_ms):
            assert issued[which][0] == call
            opened.append(issued[which][1])

    assert len(opened) == len(set(opened))
    assert len(issuing) <= 2
