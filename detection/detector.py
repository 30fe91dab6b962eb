"""Glue: judges one utterance by itself: normalise, match by spelling and by sound, look at what stands around.

Words that matched and do not count are told apart from words that never matched: a person who asks why
nothing was flagged finds the rule and the reason in ``Assessment.set_aside``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from typing import Final

from detection.context import Surroundings, set_aside_by
from detection.lexicon import Entry, Lexicon, read_lexicon
from detection.operator_speech import operator_cues
from detection.phonetic import hear, sound_of
from detection.ports import Detector, ReadingSource, Token
from detection.sudachi import SudachiReadings
from detection.text import NormalText, normalise
from detection.types import Assessment, Cue, Finding, Span, Speaker, Utterance

CODE_VERSION: Final = "1"
"""Raise with every change of code that changes an assessment; the word lists count by themselves."""

UNSURE_BELOW: Final = 0.4
"""Confidence of the recogniser under which its words are worth less."""
UNSURE_SCORE: Final = 0.6
HYPOTHESIS_SCORE: Final = 0.5
"""For words that stand only in what the recogniser thought second best."""
MOST_HYPOTHESES: Final = 3

_SENTENCE_ENDS: Final = "。?"
_MASK: Final = "〓"
_CONTENT: Final = frozenset({"名詞", "動詞", "形容詞", "形状詞"})
_FEW_WORDS: Final = 2
"""A demand with fewer words (「すぐ来い」) leans on the sentence before it."""


class LexiconDetector:
    """Finds what the word lists say. Keeps nothing between utterances."""

    def __init__(self, reading_source: ReadingSource, lexicon: Lexicon) -> None:
        self._readings = reading_source
        self._lexicon = lexicon
        digest = hashlib.sha256(f"{CODE_VERSION}:{lexicon.digest}".encode())
        self._version = f"lexicon-{digest.hexdigest()[:12]}"

    @property
    def version(self) -> str:
        return self._version

    def assess(self, utterance: Utterance) -> Assessment:
        text = normalise(utterance.text)
        if utterance.speaker is Speaker.OPERATOR:
            cues = operator_cues(text, self._lexicon.operator_cues)
            return Assessment(utterance.utterance_id, (), cues)
        tokens = self._readings.tokens(utterance.text)
        findings, set_aside = self._judged(text, tokens)
        findings = (*findings, *self._second_best(utterance, findings))
        if utterance.confidence < UNSURE_BELOW:
            findings = tuple(replace(f, score=f.score * UNSURE_SCORE) for f in findings)
        cues, demands = self._caller_cues(text)
        return Assessment(
            utterance_id=utterance.utterance_id,
            findings=findings,
            cues=cues,
            demand=_demand(text, tokens, demands),
            set_aside=set_aside,
        )

    def _judged(
        self, text: NormalText, tokens: tuple[Token, ...]
    ) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        innocents = [
            (found.span(), innocent.reason)
            for innocent in self._lexicon.innocents
            for found in innocent.pattern.finditer(text.normal)
        ]
        found: list[Finding] = []
        aside: list[str] = []
        for match in self._matches(text, tokens, [span for span, _ in innocents]):
            entry = match.entry
            around = Surroundings(text, match.start, match.end, entry.category, entry.severity)
            why = set_aside_by(around, entry.keeps)
            if why is None:
                found.append(match.finding(text))
            else:
                aside.append(f"{entry.id}: {why.label}")
        if innocents:
            aside += self._disguised(text, innocents)
        return _gravest(found), tuple(dict.fromkeys(aside))

    def _matches(
        self, text: NormalText, tokens: tuple[Token, ...], innocents: list[tuple[int, int]]
    ) -> Iterator[_Match]:
        """Yield every place where an entry matches outside of innocent words."""
        normal = _masked(text.normal, innocents)
        sound = sound_of(tokens)
        for entry in self._lexicon.entries:
            spelled = list(entry.pattern.finditer(normal)) if entry.pattern else []
            for found in spelled:
                yield _Match(entry, *found.span(), entry.score)
            if spelled:
                continue
            for reading in entry.readings:
                heard = hear(reading, sound)
                if heard is None:
                    continue
                start, end = text.range_of(heard.span)
                if start < end and not any(a < end and start < b for a, b in innocents):
                    yield _Match(entry, start, end, entry.score * (1 - heard.cost / 2))

    def _disguised(
        self, text: NormalText, innocents: list[tuple[tuple[int, int], str]]
    ) -> Iterator[str]:
        for entry in self._lexicon.entries:
            for found in entry.pattern.finditer(text.normal) if entry.pattern else ():
                start, end = found.span()
                for (a, b), reason in innocents:
                    if a < end and start < b:
                        yield f"{entry.id}: {reason}"

    def _second_best(self, utterance: Utterance, first: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Return what only the recogniser's other guesses hold; it may stand anywhere in the words."""
        others = [h for h in dict.fromkeys(utterance.hypotheses) if h != utterance.text]
        known = {f.category for f in first}
        found: dict[str, Finding] = {}
        for other in others[:MOST_HYPOTHESES]:
            findings, _ = self._judged(normalise(other), self._readings.tokens(other))
            for finding in findings:
                if finding.category not in known:
                    found.setdefault(
                        finding.category,
                        replace(
                            finding,
                            span=Span(0, len(utterance.text)),
                            quote=utterance.text,
                            score=finding.score * HYPOTHESIS_SCORE,
                        ),
                    )
        return tuple(found.values())

    def _caller_cues(self, text: NormalText) -> tuple[tuple[Cue, ...], list[tuple[int, int]]]:
        cues: dict[Cue, None] = {}
        demands: list[tuple[int, int]] = []
        for entry in self._lexicon.caller_cues:
            for found in entry.pattern.finditer(text.normal):
                cues[entry.cue] = None
                if entry.cue is Cue.DEMAND:
                    demands.append(found.span())
        return tuple(cues), demands


def load_detector() -> Detector:
    """Return the detector with the shipped word lists.

    Raises:
        LexiconInvalid: a shipped file breaks the rules.
    """
    folder = resources.files("detection").joinpath("lexicons")
    files = {
        file.name: file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }
    return LexiconDetector(SudachiReadings(), read_lexicon(files))


@dataclass(frozen=True, slots=True)
class _Match:
    """Where an entry matched, in the normal text."""

    entry: Entry
    start: int
    end: int
    score: float

    def finding(self, text: NormalText) -> Finding:
        span = text.locate(self.start, self.end)
        return Finding(
            category=self.entry.category,
            severity=self.entry.severity,
            span=span,
            quote=text.original[span.start : span.end],
            rule=self.entry.id,
            clause=self.entry.clause,
            reason=self.entry.reason,
            score=self.score,
        )


def _masked(normal: str, ranges: Iterable[tuple[int, int]]) -> str:
    for start, end in ranges:
        normal = f"{normal[:start]}{_MASK * (end - start)}{normal[end:]}"
    return normal


def _gravest(findings: list[Finding]) -> tuple[Finding, ...]:
    """Keep one finding of each category for overlapping words."""
    kept: list[Finding] = []
    ordered = sorted(
        findings, key=lambda f: (-f.severity, -f.score, f.span.start - f.span.end, f.span.start)
    )
    for finding in ordered:
        if not any(k.category is finding.category and _overlap(k, finding) for k in kept):
            kept.append(finding)
    return tuple(sorted(kept, key=lambda f: (f.span.start, -f.severity)))


def _overlap(one: Finding, other: Finding) -> bool:
    return one.span.start < other.span.end and other.span.start < one.span.end


def _demand(text: NormalText, tokens: tuple[Token, ...], demands: list[tuple[int, int]]) -> str:
    """Return the content words of the sentences that demand something."""
    if not demands:
        return ""
    words: list[str] = []
    for start, end in demands:
        sentence = _sentence(text.normal, start, end)
        said = _content(text, tokens, sentence)
        if len(said) < _FEW_WORDS and sentence[0] > 0:
            before = _sentence(text.normal, sentence[0] - 1, sentence[0] - 1)
            said = _content(text, tokens, before) + said
        words += said
    return " ".join(dict.fromkeys(words))


def _sentence(normal: str, start: int, end: int) -> tuple[int, int]:
    first = max(normal.rfind(mark, 0, start) for mark in _SENTENCE_ENDS) + 1
    last = min((at for mark in _SENTENCE_ENDS if (at := normal.find(mark, end)) >= 0), default=-1)
    return first, last if last >= 0 else len(normal)


def _content(text: NormalText, tokens: tuple[Token, ...], at: tuple[int, int]) -> list[str]:
    span = text.locate(*at)
    return [
        token.normal
        for token in tokens
        if token.part_of_speech in _CONTENT
        and span.start <= token.start < span.end
        and text.range_of(Span(token.start, token.end))[1] > 0
    ]
