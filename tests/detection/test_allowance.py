"""What the policy allows next, for each standing of a call; never an order, never a count that is not the policy's."""

from __future__ import annotations

from itertools import product

import pytest

from detection.allowance import allowed_next, warning_limit_of
from detection.policy_files import load_policy
from detection.types import Severity, Step

NONE, CAUTION, WARNING, STOP = Severity
OVERRUN = "話が平行線になってから30分を超えています"

TABLE = [
    (Step.LISTEN, NONE, 0, 3, "", "警告は不要です。終了のご案内の前には3回の警告が必要です"),
    (Step.ASK_TO_STOP, CAUTION, 0, 3, "", "あと3回の警告で、終了のご案内ができます"),
    (Step.WARN, WARNING, 2, 3, "", "あと1回の警告で、終了のご案内ができます"),
    (Step.LISTEN, NONE, 1, 3, "", "あと2回の警告で、終了のご案内ができます"),
    (
        Step.LISTEN,
        WARNING,
        3,
        3,
        "",
        "3回の警告をお伝えしました。このうえ続くときは、理由を告げて終了できます(判断は職員と上司)",
    ),
    (
        Step.CLOSE,
        STOP,
        3,
        3,
        "",
        "3回の警告をお伝えしました。理由を告げて終了できます(判断は職員と上司)",
    ),
    (
        Step.CLOSE,
        STOP,
        0,
        None,
        "",
        "終了に当たる状況のおそれがあります。理由を告げて終了できます(判断は職員と上司)",
    ),
    (Step.LISTEN, NONE, 0, None, "", "警告は不要です。方針に警告の回数の定めはありません"),
    (
        Step.WARN,
        WARNING,
        0,
        None,
        "",
        "方針に警告の回数の定めはありません。警告をお伝えしても続くときは、終了のご案内ができます(判断は職員と上司)",
    ),
    (
        Step.LISTEN,
        WARNING,
        1,
        None,
        "",
        "1回の警告をお伝えしました。方針に警告の回数の定めはありません。このうえ続くときは、理由を告げて終了できます(判断は職員と上司)",
    ),
    (
        Step.WARN,
        WARNING,
        0,
        3,
        OVERRUN,
        f"{OVERRUN}。警告をお伝えし、続くときは、理由を告げて終了できます(判断は職員と上司)",
    ),
    (
        Step.WARN,
        WARNING,
        1,
        None,
        OVERRUN,
        f"{OVERRUN}。続くときは、理由を告げて終了できます(判断は職員と上司)",
    ),
    (
        Step.EMERGENCY,
        STOP,
        0,
        3,
        OVERRUN,
        "危害のおそれがあります。警告の回数を待たずに、上司への連絡と通報の相談ができます(判断は職員と上司)",
    ),
    (
        Step.WELFARE,
        WARNING,
        1,
        3,
        OVERRUN,
        "警告や終了のご案内より先に、ご本人の安全と支援先をご案内ください。上司にご相談ください",
    ),
]


@pytest.mark.parametrize(("step", "level", "warnings", "limit", "overrun", "text"), TABLE)
def test_what_may_follow(
    step: Step, level: Severity, warnings: int, limit: int | None, overrun: str, text: str
) -> None:
    assert allowed_next(step, level, warnings, limit, overrun=overrun).text == text


@pytest.mark.parametrize(
    ("step", "level", "warnings", "limit", "overrun"),
    list(product(Step, Severity, (0, 1, 3, 12), (None, 2, 3), ("", OVERRUN))),
)
def test_an_end_is_a_persons_decision_and_rests_on_the_policys_words(
    step: Step, level: Severity, warnings: int, limit: int | None, overrun: str
) -> None:
    allowed = allowed_next(step, level, warnings, limit, overrun=overrun)

    assert ("理由を告げて終了できます" in allowed.text) <= ("判断は職員と上司" in allowed.text)
    assert ("できます" in allowed.text) == (allowed.clause is not None)
    assert len(allowed.text) <= 100
    assert "AI" not in allowed.text


def test_only_more_than_one_warning_is_a_number() -> None:
    limits = {name: warning_limit_of(load_policy(name)) for name in ("ebetsu", "saga", "sapporo")}

    assert limits == {"ebetsu": None, "saga": 3, "sapporo": None}
