"""Pure: what is wrong in a policy file, and what two policies say, in the office's words."""

from __future__ import annotations

from typing import Final

from detection.errors import PolicyInvalid
from detection.policy_faults import Fault, FaultKind
from detection.policy_keys import Stated

MOST_IN_ONE_LINE: Final = 3
_WRITTEN: Final = "({found} と書かれています)"
_SAID: Final = {
    FaultKind.NOT_UTF8: "文字コードが UTF-8 ではありません。UTF-8 で保存し直してください",
    FaultKind.NOT_TOML: (
        "TOML として読めません({found})。引用符、かっこ、= の抜けがないか確かめてください"
    ),
    FaultKind.UNKNOWN_KEY: "{key} という項目はありません。書けるのは {known} です",
    FaultKind.NOT_A_TABLE: "{key} は [{key}] という見出しにし、項目はその下に書いてください"
    + _WRITTEN,
    FaultKind.MISSING: "{key} がありません。最初の [見出し] より上に書いてください",
    FaultKind.NOT_A_TEXT: "{key} には空でない文字列を書いてください" + _WRITTEN,
    FaultKind.NOT_A_VERSION: "{key} は改行などを含まない {high} 文字以内で書いてください"
    + _WRITTEN,
    FaultKind.NOT_A_NUMBER: "{key} には {low}〜{high} の数を書いてください" + _WRITTEN,
    FaultKind.NOT_WHOLE: "{key} には {low}〜{high} の整数を書いてください" + _WRITTEN,
    FaultKind.OUT_OF_RANGE: "{key} は {low}〜{high} の間で書いてください" + _WRITTEN,
    FaultKind.NOT_A_TRUTH: "{key} には true か false を書いてください" + _WRITTEN,
    FaultKind.NOT_A_LIST: '{key} には分類を ["sexual", "apology"] のように並べてください'
    + _WRITTEN,
    FaultKind.NOT_A_CATEGORY: "{key} の {found} という分類はありません。書けるのは {known} です",
    FaultKind.HIDES_HARM: (
        "{key} に {found} とは書けません。危害の予告は、止めることも軽く扱うこともできません。"
        "書けるのは {allowed} です"
    ),
    FaultKind.FROM_THE_TALK: (
        "{key} に {found} とは書けません。繰り返しと拘束は会話の流れから判断します。"
        "[repetition] と [minutes] で決めてください"
    ),
}


def fault_line(source: str, fault: Fault) -> str:
    """Return *fault* of the file *source* with its place, in one line."""
    column = f"{fault.place.column}文字目" if fault.place.column > 1 else ""
    meant = f"({fault.meant} のことではありませんか)" if fault.meant else ""
    return f"{source} {fault.place.line}行目{column}: {fault_words(fault)}{meant}"


def fault_words(fault: Fault) -> str:
    low, high, known = f"{fault.low:g}", f"{fault.high:g}", "、".join(fault.known)
    return _SAID[fault.kind].format(
        key=fault.key,
        found=fault.found,
        low=low,
        high=high,
        known=known,
        allowed=f"{low}〜{high}" if fault.low < fault.high else known,
    )


def faults_in_one_line(invalid: PolicyInvalid) -> str:
    """Return the first faults for a command that cannot begin, and how to see the others."""
    lines = [fault_line(invalid.source, fault) for fault in invalid.faults[:MOST_IN_ONE_LINE]]
    others = len(invalid.faults) - len(lines)
    more = f" / ほか{others}件は mimamori policy check で確かめられます" if others else ""
    return " / ".join(lines) + more


def stated_words(value: Stated | str | None, unit: str = "") -> str:
    """Return one value of a policy for a table; empty where the policy says nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, tuple):
        return "、".join(value) or "なし"
    return f"{value}{unit}" if isinstance(value, str) else f"{value:g}{unit}"
