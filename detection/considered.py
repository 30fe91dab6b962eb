"""Pure: what else was looked at in an utterance and did not count, each as a sentence of the office's Japanese."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from detection.policy import CLAUSES, Policy
from detection.rule_book import BY_MEANING, RuleBook
from detection.types import Category, Finding, SetAside
from detection.weighing import counted

PLAINER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "打ち消し": "打ち消す言い方",
        "引用": "人の言葉を伝えるお話",
        "以前の発言のおわび": "以前の発言をわびる言葉",
        "第三者のこと": "その場にいない人についての言葉",
    }
)
"""Labels of context rules that say too little in a sentence; the others stand in it as they are."""


def clause_words(clause: str) -> str:
    """Return a clause of the policy as it stands in a sentence: what names a case is said of a demand."""
    return f"「{clause}」の要求" if clause.endswith("場合") else f"「{clause}」"


def not_counted(
    set_aside: Iterable[SetAside],
    uncounted: Iterable[Finding],
    known: Collection[Category],
    policy: Policy,
    book: RuleBook,
) -> tuple[str, ...]:
    """Return one sentence for each thing that was looked at and not counted, none twice.

    *set_aside*: of an assessment. *uncounted*: what the assessment found and the call did not count.
    *known*: what the utterance was found to be in the end.
    """
    told = [_aside(line, known, book) for line in set_aside]
    told += [_weighed_out(finding, known, policy) for finding in uncounted]
    return tuple(dict.fromkeys(sentence for sentence in told if sentence))


def _aside(aside: SetAside, known: Collection[Category], book: RuleBook) -> str:
    category = book.category_of(aside.rule)
    if aside.doubted and aside.rule.startswith(BY_MEANING):
        # A category that the words were found to be after all, by another rule, is not "also considered".
        if category is None or category in known:
            return ""
        return (
            f"{clause_words(CLAUSES[category])}も検討しましたが、確からしさが足りないため、"
            "数えていません。"
        )
    reason = _because(aside.why)
    if aside.doubted:
        reason = "言い回しの意味からみた確からしさが足りないため"
    return f"{_words_of(category, known)}、{reason}、数えていません。"


def _because(why: str) -> str:
    plain = why.rstrip("。").removesuffix("です")
    return f"{PLAINER.get(plain, plain)}のため"


def _weighed_out(finding: Finding, known: Collection[Category], policy: Policy) -> str:
    words = _words_of(finding.category, known)
    if counted(finding, policy) is not None:
        return f"{words}、ここまでの通話の経過から、数えていません。"
    if finding.category in policy.categories_off:
        return f"{words}、方針「{policy.title}」で扱わないことにしているため、数えていません。"
    return f"{words}、方針「{policy.title}」で決めた確からしさに届かないため、数えていません。"


def _words_of(category: Category | None, known: Collection[Category]) -> str:
    if category is None:
        return "ほかの決まりに当たりうる言葉もありましたが"
    more = "はほかにも" if category in known else "も"
    return f"{clause_words(CLAUSES[category])}に当たりうる言葉{more}ありましたが"
