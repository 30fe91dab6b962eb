"""Pure: a finding as a Japanese sentence that a supervisor can read out, and as short parts for who looks closer.

The sentence says what was said, when, which clause it may fall under and how that was found; it claims no more
than was found, and says 要確認 where words or rule are unsure. A likelihood never stands without its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from detection.alerting import unsure
from detection.considered import clause_words, not_counted
from detection.policy import CLAUSES, Policy
from detection.rule_book import HowFound, RuleBook
from detection.talk_so_far import Answer
from detection.types import Finding, SetAside, Severity, Span, Utterance

MOST_ANSWERS_TOLD: Final = 3

SEVERITY_NAMES: Final[Mapping[Severity, str]] = MappingProxyType(
    {
        Severity.CAUTION: "注意",
        Severity.WARNING: "警告",
        Severity.STOP: "打ち切り・通報",
    }
)
_SEVERITY_MEANS: Final = {
    Severity.CAUTION: "お話は続けられます",
    Severity.WARNING: "やまない場合は、通話の終了を検討します",
    Severity.STOP: "すぐに上司と共有し、通報も検討します",
}
_EASED: Final = "市が誤りを認めたため、もとの重さから一段下げています。"
_LIKELIHOODS: Final = ((0.9, "高い"), (0.7, "やや高い"), (0.0, "半ばほど"))
"""What a finding's score is called; below half nothing is found by meaning."""
_OVERRUNS: Final = frozenset({HowFound.HELD, HowFound.HELD_AFTER_ABUSE, HowFound.STALEMATE})
_OF_THE_TALK: Final = _OVERRUNS | {HowFound.PERSISTENCE}
_AS_HEARD: Final = frozenset({HowFound.SOUND, HowFound.RESPELT, HowFound.OTHER_READING})
"""The words that count are not those that were written down."""
_HOW: Final = {
    HowFound.WORDS: "あらかじめ登録された言い方に一致しました。",
    HowFound.SOUND: "あらかじめ登録された言葉と読みが近く、文字起こしの文字が違っているおそれがあります。",
    HowFound.RESPELT: "文字起こしに多い聞き違いを直して読むと、あらかじめ登録された言い方に一致します。",
    HowFound.OTHER_READING: "文字起こしの別の候補に、あらかじめ登録された言い方がありました。",
}
_MINUTE_MS: Final = 60_000
_PAUSE: Final = re.compile(r"[、。,.??!!\s…]")


class PartKind(StrEnum):
    """What one part of an explanation is about, in the order in which they are shown."""

    SAID = "said"
    WHEN = "when"
    HOW = "how"
    ANSWERS = "answers"
    CLAUSE = "clause"
    SEVERITY = "severity"
    CONSIDERED = "considered"
    VERSIONS = "versions"


PART_NAMES: Final[Mapping[PartKind, str]] = MappingProxyType(
    {
        PartKind.SAID: "言葉",
        PartKind.WHEN: "いつ",
        PartKind.HOW: "見つけ方",
        PartKind.ANSWERS: "それまでの職員の答え",
        PartKind.CLAUSE: "方針の箇所",
        PartKind.SEVERITY: "重さ",
        PartKind.CONSIDERED: "ほかに検討したこと",
        PartKind.VERSIONS: "版",
    }
)


@dataclass(frozen=True, slots=True)
class Part:
    """One labelled part; its lines are whole sentences or quotations."""

    kind: PartKind
    lines: tuple[str, ...]

    @property
    def label(self) -> str:
        return PART_NAMES[self.kind]


@dataclass(frozen=True, slots=True)
class Explanation:
    sentence: str
    """To be read out as it stands."""
    parts: tuple[Part, ...]

    def fields(self) -> dict[str, Any]:
        """Return it as it is stored and sent."""
        parts = [
            {"kind": part.kind.value, "label": part.label, "lines": list(part.lines)}
            for part in self.parts
        ]
        return {"text": self.sentence, "parts": parts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What stood around a finding."""

    said: Utterance
    """The words that it rests on."""
    at_ms: int | None
    """When they were said, or when a limit was passed; None outside of a call."""
    policy: Policy
    detector_version: str
    found: tuple[Finding, ...] = ()
    """Everything that counted in these words."""
    uncounted: tuple[Finding, ...] = ()
    """What was found in these words and did not count in this call."""
    set_aside: tuple[SetAside, ...] = ()
    """As in the assessment: ``rule: why``."""
    answers: tuple[Answer, ...] = ()
    """What the operator had answered in this call."""
    early: bool = False
    """The sentence is not over."""
    cut_short: bool = False
    """The rest of the sentence was lost."""


def explain(finding: Finding, around: Circumstances, book: RuleBook) -> Explanation:
    """Say why *finding* stands, in words for people."""
    how = book.how(finding, around.said)
    sentences = (*_claim(finding, around, how), *_doubts(finding, around))
    parts = (
        Part(PartKind.SAID, _said(finding, around, how)),
        Part(PartKind.WHEN, _when_told(around)),
        Part(PartKind.HOW, _how_told(finding, around, how)),
        Part(PartKind.ANSWERS, _answers(around) if how in _OF_THE_TALK else ()),
        Part(PartKind.CLAUSE, (f"「{finding.clause}」", around.policy.title)),
        Part(PartKind.SEVERITY, _severity(finding, how, doubted=book.is_doubted(finding))),
        Part(PartKind.CONSIDERED, _considered(finding, around, book)),
        Part(PartKind.VERSIONS, _versions(finding, around)),
    )
    return Explanation("".join(sentences), tuple(part for part in parts if part.lines))


def eased_fields(told: Mapping[str, Any], severity: Severity) -> dict[str, Any]:
    """Return an explanation as it was stored, once the finding weighs less: the city has admitted its mistake."""
    lines = [_weight(severity), _EASED]
    parts = [
        {**part, "lines": lines} if part["kind"] == PartKind.SEVERITY.value else part
        for part in told["parts"]
    ]
    return {**told, "parts": parts}


def spoken_time(at_ms: int) -> str:
    """Return a time of the call as it is said: 「3分12秒」, 「1時間2分」."""
    seconds = at_ms // 1_000
    hours, minutes, seconds = seconds // 3_600, seconds // 60 % 60, seconds % 60
    told = ((hours, "時間"), (minutes, "分"), (seconds, "秒"))
    return "".join(f"{number}{unit}" for number, unit in told if number) or "0秒"


def told_with(span: Span, text: str) -> str:
    """Return the words at *span* with those around them that make them readable: whole clauses of *text*."""
    if not span.start < span.end <= len(text):
        return ""
    before = [found.end() for found in _PAUSE.finditer(text, 0, span.start)]
    after = _PAUSE.search(text, span.end)
    inside = text[span.start : span.end]
    end = span.end if _PAUSE.search(inside[-1]) else after.start() if after else len(text)
    return text[max(before, default=0) : end]


def likelihood(score: float) -> str:
    """Return a likelihood in words: who is under stress compares no numbers, and none is certain."""
    return next(words for least, words in _LIKELIHOODS if score >= least)


def _claim(finding: Finding, around: Circumstances, how: HowFound) -> tuple[str, ...]:
    begun = "" if around.at_ms is None else f"通話開始から{spoken_time(around.at_ms)}"
    clause = f"方針の{clause_words(finding.clause)}に当たるおそれがあります。"
    if how in _OVERRUNS:
        then = f"{begun}の時点で、" if begun else ""
        last = f"直前の相手の方の言葉は「{finding.quote}」です。" if finding.quote else ""
        return f"{then}{clause}", _ended(finding.reason), last
    then = f"{begun}、" if begun else ""
    heard = "と聞き取られた言葉は" if how in _AS_HEARD else "という言葉は"
    quoted = told_with(finding.span, around.said.text) or finding.quote
    claim = f"{then}相手の方の「{quoted}」{heard}、{clause}"
    if how is HowFound.MEANING:
        return claim, _by_meaning(finding)
    return claim, _HOW.get(how) or _ended(finding.reason)


def _by_meaning(finding: Finding) -> str:
    return (
        "言い回しの意味から見つけたもので、問題のある言い方とみる確からしさは"
        f"{likelihood(finding.score)}とみられます。"
    )


def _doubts(finding: Finding, around: Circumstances) -> tuple[str, ...]:
    if around.early:
        return ("話の途中の聞き取りによるもので、文の終わりまでは要確認です。",)
    if around.cut_short:
        return ("文の途中までしか聞き取れていないため、要確認です。",)
    if around.said.confidence < around.policy.check_below_confidence:
        return ("聞き取りが不確かなため、要確認です。",)
    if unsure(finding, around.said.confidence, around.policy):
        return ("確かさが十分でないため、要確認です。",)
    return ()


def _said(finding: Finding, around: Circumstances, how: HowFound) -> tuple[str, ...]:
    quote, text = finding.quote, around.said.text
    if how in _OVERRUNS:
        return (f"直前の言葉:「{quote}」",) if quote else ()
    return (f"「{quote}」",) if quote == text else (f"「{quote}」", f"発言の全体:「{text}」")


def _when_told(around: Circumstances) -> tuple[str, ...]:
    return () if around.at_ms is None else (f"通話開始から{spoken_time(around.at_ms)}",)


def _how_told(finding: Finding, around: Circumstances, how: HowFound) -> tuple[str, ...]:
    policy, reason = around.policy, _ended(finding.reason)
    title = f"方針「{policy.title}」"
    match how:
        case HowFound.PERSISTENCE:
            times = policy.returns_for_persistence
            return (
                reason,
                f"{title}では、お答えの後に同じご要望が{times}回以上戻ったとき、繰り返しとみます。",
            )
        case HowFound.HELD:
            return reason, f"{title}の上限は、通話開始から{_minutes(policy.held_limit_ms)}です。"
        case HowFound.HELD_AFTER_ABUSE:
            limit = _minutes(policy.held_after_abuse_limit_ms)
            return reason, f"{title}の上限は、暴言などが繰り返されたとき{limit}です。"
        case HowFound.STALEMATE:
            limit = _minutes(policy.stalemate_limit_ms)
            return reason, f"{title}の上限は、話が平行線になってから{limit}です。"
        case HowFound.MEANING:
            return _by_meaning(finding), _ended(finding.reason.partition("(言い回し")[0])
        case HowFound.UNKNOWN:
            return (reason,)
        case _:
            return _HOW[how], reason


def _minutes(limit_ms: int | None) -> str:
    return "定めなし" if limit_ms is None else f"{limit_ms // _MINUTE_MS}分"


def _answers(around: Circumstances) -> tuple[str, ...]:
    until_ms = around.said.start_ms
    before = [answer for answer in around.answers if answer.at_ms < until_ms]
    return tuple(
        f"{spoken_time(answer.at_ms)}:「{answer.words}」({'お断り' if answer.refused else 'ご説明'})"
        for answer in before[-MOST_ANSWERS_TOLD:]
    )


def _severity(finding: Finding, how: HowFound, *, doubted: bool) -> tuple[str, ...]:
    return _weight(finding.severity), _why_so_grave(finding, how, doubted=doubted)


def _weight(severity: Severity) -> str:
    return f"「{SEVERITY_NAMES[severity]}」:{_SEVERITY_MEANS[severity]}。"


def _why_so_grave(finding: Finding, how: HowFound, *, doubted: bool) -> str:
    if "(方針により「" in finding.reason:
        return "もとはこれより重い言い方ですが、方針で決めた重さまでにしています。"
    if "一段下げ)" in finding.reason:
        return _EASED
    match how:
        case HowFound.MEANING if doubted:
            return "意味からみた確からしさが十分でないときは、重さを一段軽くみます(「注意」より軽くはしません)。"
        case HowFound.MEANING if finding.severity is Severity.CAUTION:
            return "意味からみて、これより重いとみる見込みは半分に届きませんでした。"
        case HowFound.MEANING:
            return "意味からみて、この重さ以上とみる見込みが半分を超えました。"
        case HowFound.PERSISTENCE if finding.severity is Severity.CAUTION:
            return "繰り返しははじめは「注意」とし、お願いや警告の後も続けば「警告」とします。"
        case HowFound.PERSISTENCE:
            return "繰り返しが見つかり、お願いか警告をした後も続いたためです。"
        case HowFound.HELD | HowFound.HELD_AFTER_ABUSE | HowFound.STALEMATE:
            return "方針で決めた時間の上限を超えたためです。"
        case _ if doubted:
            return "もとはこれより重い言い方ですが、意味からみた確からしさが足りないため、一段軽くみています。"
        case _:
            return "この言い方に、あらかじめ決めてある重さです。"


def _considered(finding: Finding, around: Circumstances, book: RuleBook) -> tuple[str, ...]:
    known = {finding.category, *(other.category for other in around.found)}
    others = dict.fromkeys(
        clause_words(CLAUSES[other.category])
        for other in around.found
        if other.category is not finding.category
    )
    also = (f"同じ発言は、{'、'.join(others)}に当たるおそれもあります。",) if others else ()
    aside = not_counted(around.set_aside, around.uncounted, known, around.policy, book)
    return (*also, *aside) or ("ほかに当たりうるものはありませんでした。",)


def _versions(finding: Finding, around: Circumstances) -> tuple[str, ...]:
    return (
        f"ルール:{finding.rule}",
        f"検知:{around.detector_version}",
        f"方針:{around.policy.version}",
    )


def _ended(sentence: str) -> str:
    """Return *sentence* with its full stop at its end, behind what was added in brackets."""
    return f"{sentence.replace('。(', '(').rstrip('。')}。"
