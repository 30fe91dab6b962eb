"""Pure: what the office's policy allows next, in words to be read on the operator's screen. A person decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from detection.policy import Policy
from detection.types import Severity, Step

WARN_OR_STOP: Final = (
    "状況に応じて、警告を行う、対応を中止するなど、毅然とした態度で組織一丸となって対応します"
)
REPORT: Final = (
    "悪質と判断される場合には、警察への通報や弁護士への相談など、関係機関と連携して対応します"
)
"""The policy's own words, section 「カスタマーハラスメントへの対応」."""

_DECIDE: Final = "(判断は職員と上司)"


@dataclass(frozen=True, slots=True)
class Allowance:
    text: str
    clause: str | None
    """The policy's words that it rests on; None where it calls for nothing."""


def warning_limit_of(policy: Policy) -> int | None:
    """Return how many warnings the policy wants before the end, None where it fixes no number.

    One warning is what every policy wants; only more than one is a number.
    """
    return policy.warnings_before_close if policy.warnings_before_close > 1 else None


def allowed_next(
    step: Step, level: Severity, warnings: int, limit: int | None, *, overrun: str = ""
) -> Allowance:
    """Return what the policy allows after so many *warnings* of *limit*.

    *overrun* says which limit of time was passed; empty where none was.
    """
    if step is Step.EMERGENCY:
        return Allowance(
            "危害のおそれがあります。警告の回数を待たずに、上司への連絡と通報の相談ができます(判断は職員と上司)",
            REPORT,
        )
    if step is Step.WELFARE:
        return Allowance(
            "警告や終了のご案内より先に、ご本人の安全と支援先をご案内ください。上司にご相談ください",
            None,
        )
    said = f"{warnings}回の警告をお伝えしました。" if warnings else ""
    if step is Step.CLOSE:
        said = said or "終了に当たる状況のおそれがあります。"
        return Allowance(f"{said}理由を告げて終了できます{_DECIDE}", WARN_OR_STOP)
    if overrun:
        then = "続くときは、" if warnings else "警告をお伝えし、続くときは、"
        return Allowance(f"{overrun}。{then}理由を告げて終了できます{_DECIDE}", WARN_OR_STOP)
    if limit is None:
        return _without_number(level, said)
    return _of_number(level, warnings, limit)


def _of_number(level: Severity, warnings: int, limit: int) -> Allowance:
    left = limit - warnings
    if left <= 0:
        return Allowance(
            f"{warnings}回の警告をお伝えしました。このうえ続くときは、理由を告げて終了できます{_DECIDE}",
            WARN_OR_STOP,
        )
    if level is Severity.NONE and not warnings:
        return Allowance(f"警告は不要です。終了のご案内の前には{limit}回の警告が必要です", None)
    return Allowance(f"あと{left}回の警告で、終了のご案内ができます", WARN_OR_STOP)


def _without_number(level: Severity, said: str) -> Allowance:
    fixes_none = "方針に警告の回数の定めはありません"
    if said:
        return Allowance(
            f"{said}{fixes_none}。このうえ続くときは、理由を告げて終了できます{_DECIDE}",
            WARN_OR_STOP,
        )
    if level is Severity.NONE:
        return Allowance(f"警告は不要です。{fixes_none}", None)
    return Allowance(
        f"{fixes_none}。警告をお伝えしても続くときは、終了のご案内ができます{_DECIDE}", WARN_OR_STOP
    )
