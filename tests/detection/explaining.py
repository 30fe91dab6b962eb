"""Pure: findings made by hand, and what stood around them, for the tests of explanations."""

from __future__ import annotations

from typing import Any

from detection.explanation import Circumstances, Explanation, PartKind, explain
from detection.policy import CLAUSES
from detection.policy_files import load_policy
from detection.rule_book import load_rule_book
from detection.types import Category, Finding, Severity, Span, Speaker, Utterance

BOOK = load_rule_book()
POLICY = load_policy("kumamoto")


def said(text: str, at_ms: int = 192_000, **fields: Any) -> Utterance:
    return Utterance("u", Speaker.CALLER, text, at_ms, at_ms + 4_000, **fields)


def finding(text: str, quote: str, category: Category, rule: str, **fields: Any) -> Finding:
    start = text.index(quote)
    facts: dict[str, Any] = {
        "severity": Severity.WARNING,
        "reason": "職員を困らせる言葉のおそれがあります。",
        "clause": CLAUSES[category],
        **fields,
    }
    return Finding(
        category=category,
        span=Span(start, start + len(quote)),
        quote=quote,
        rule=rule,
        **facts,
    )


def around(utterance: Utterance, **fields: Any) -> Circumstances:
    facts = {"at_ms": utterance.start_ms, "policy": POLICY, "detector_version": "d-1", **fields}
    return Circumstances(said=utterance, **facts)


def told(text: str, quote: str, category: Category, rule: str, **fields: Any) -> Explanation:
    return explain(finding(text, quote, category, rule, **fields), around(said(text)), BOOK)


def lines(explanation: Explanation, kind: PartKind) -> tuple[str, ...]:
    return next((part.lines for part in explanation.parts if part.kind is kind), ())
