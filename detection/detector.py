"""Glue: judges one utterance by itself: normalise, match by spelling and by sound, look at what stands around.

Words that matched and do not count are told apart from words that never matched: a person who asks why
nothing was flagged finds the rule and the reason in ``Assessment.set_aside``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

from detection.caller_speech import caller_cues, content_of
from detection.context import set_aside_by
from detection.lexicon import Entry, Lexicon, without_spelling
from detection.lexicon_files import shipped_lexicon
from detection.operator_speech import operator_cues
from detection.parts import ALL_PARTS, Part
from detection.phonetic import hear, sound_of
from detection.ports import ReadingSource, SentenceVectors, Token
from detection.respelling import respell
from detection.sentence_point import SentencePoint
from detection.sentence_vectors import shared_sentence_vectors
from detection.sudachi import shared_readings
from detection.surroundings import Surroundings
from detection.text import NormalText, normalise
from detection.types import Assessment, Category, Finding, SetAside, Span, Speaker, Utterance

CODE_VERSION: Final = "5"
"""Raise with every change of code that changes an assessment; the word lists count by themselves."""

UNSURE_BELOW: Final = 0.4
"""Confidence of the recogniser under which its words are worth less."""
UNSURE_SCORE: Final = 0.6
UNSURE_FLOOR: Final = 0.5
"""Doubt alone takes nothing below what a policy counts by default: it asks for a check, it does not silence."""
HYPOTHESIS_SCORE: Final = 0.55
"""For words that stand only in what the recogniser thought second best."""
GUESS_SCORE: Final = 0.75
"""For words that hold only if the recogniser wrote one word for another."""
MOST_HYPOTHESES: Final = 3
MOST_OF_A_RULE: Final = 8
"""Findings of one rule in one utterance: who shouts two words a hundred times is quoted often enough.

Of 32,307 sentences of the corpus none has more than five of all rules together.
"""

STATES_FROM_LETTERS: Final = 8
"""「はい、わかりました」 states nothing that could come back: it gets no vector."""

_MASK: Final = "〓"


class LexiconDetector:
    """Finds what the word lists say. Keeps nothing between utterances."""

    def __init__(
        self,
        reading_source: ReadingSource,
        lexicon: Lexicon,
        vectors: SentenceVectors | None = None,
        parts: frozenset[Part] = ALL_PARTS,
    ) -> None:
        """Without *vectors* a demand that comes back is known by its words alone.

        Fewer *parts* than all are for measuring what a part is worth.
        """
        self._parts = parts
        self._readings = reading_source
        self._vectors = vectors
        self._lexicon = lexicon if Part.WORDS in parts else without_spelling(lexicon)
        named = ",".join(sorted(parts))
        digest = hashlib.sha256(f"{CODE_VERSION}:{lexicon.digest}:{named}".encode())
        self._version = f"lexicon-{digest.hexdigest()[:12]}"

    @property
    def version(self) -> str:
        return self._version

    def assess(self, utterance: Utterance) -> Assessment:
        tokens = self._readings.tokens(utterance.text)
        return self.judge(utterance, normalise(utterance.text), tokens)

    def judge(
        self, utterance: Utterance, text: NormalText, tokens: tuple[Token, ...]
    ) -> Assessment:
        """Assess an utterance whose text was already normalised and cut into words."""
        if utterance.speaker is Speaker.OPERATOR:
            cues = operator_cues(text, self._lexicon.operator_cues)
            words = content_of(tokens)
            meaning = self._meaning(utterance.text)
            return Assessment(utterance.utterance_id, (), cues, words=words, meaning=meaning)
        findings, set_aside = self._judged(text, tokens)
        others = self._second_best(utterance, findings)
        if utterance.confidence < UNSURE_BELOW:
            findings = tuple(replace(f, score=_unsure(f.score)) for f in findings)
            others = tuple(replace(f, score=f.score * UNSURE_SCORE) for f in others)
        cues, demand = caller_cues(text, tokens, self._lexicon.caller_cues)
        return Assessment(
            utterance_id=utterance.utterance_id,
            findings=(*findings, *others),
            cues=cues,
            demand=demand,
            set_aside=set_aside,
            words=content_of(tokens),
            meaning=self._meaning(utterance.text),
        )

    def _meaning(self, text: str) -> SentencePoint | None:
        if self._vectors is None or sum(map(str.isalnum, text)) < STATES_FROM_LETTERS:
            return None
        return SentencePoint(partial(self._vectors.vector, text))

    def _judged(
        self, text: NormalText, tokens: tuple[Token, ...]
    ) -> tuple[tuple[Finding, ...], tuple[SetAside, ...]]:
        listens = Part.READINGS in self._parts
        respelt = respell(text, self._lexicon.respellings if listens else ())
        text = respelt.text
        innocents = [
            (found.span(), innocent.reason)
            for innocent in (self._lexicon.innocents if Part.CONTEXT in self._parts else ())
            for found in innocent.pattern.finditer(text.normal)
            if found.group()
        ]
        found: list[Finding] = []
        aside: list[SetAside] = []
        for match in self._matches(text, tokens, [span for span, _ in innocents]):
            entry = match.entry
            around = Surroundings(text, match.start, match.end, entry.category, entry.severity)
            why = set_aside_by(around, entry.keeps) if Part.CONTEXT in self._parts else None
            if why is None:
                finding = match.finding(text)
                found.append(
                    _guessed(finding) if respelt.is_guess(match.start, match.end) else finding
                )
            else:
                aside.append(SetAside(entry.id, why.label))
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
            # An added pattern may match between two letters (「(?<=を)」): there are no words to quote.
            found_in = entry.pattern.finditer(normal) if entry.pattern else ()
            spelled = [found for found in found_in if found.group()]
            for found in spelled:
                yield _Match(entry, *found.span(), entry.score)
            if spelled or Part.READINGS not in self._parts:
                continue
            for reading in entry.readings:
                heard = hear(reading, sound)
                if heard is None:
                    continue
                start, end = text.range_of(heard.span)
                if any(spelling in text.normal[start:end] for spelling in reading.spellings):
                    continue
                if start < end and not any(a < end and start < b for a, b in innocents):
                    yield _Match(entry, start, end, entry.score * (1 - heard.cost / 2))

    def _disguised(
        self, text: NormalText, innocents: list[tuple[tuple[int, int], str]]
    ) -> Iterator[SetAside]:
        for entry in self._lexicon.entries:
            for found in entry.pattern.finditer(text.normal) if entry.pattern else ():
                start, end = found.span()
                for (a, b), reason in innocents:
                    if a < end and start < b:
                        yield SetAside(entry.id, reason)

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


@cache
def load_lexicon_detector(parts: frozenset[Part] = ALL_PARTS) -> LexiconDetector:
    """Return the detector with the shipped word lists; one serves a whole process.

    It keeps nothing between utterances, and each would map its dictionary (77 MB) anew.

    Raises:
        LexiconInvalid: a shipped file breaks the rules.
    """
    return LexiconDetector(shared_readings(), shipped_lexicon(), shared_sentence_vectors(), parts)


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


def _guessed(finding: Finding) -> Finding:
    reason = f"{finding.reason}(音の近い言葉を含む)"
    score = max(min(finding.score, UNSURE_FLOOR), finding.score * GUESS_SCORE)
    return replace(finding, score=score, reason=reason)


def _unsure(score: float) -> float:
    return max(min(score, UNSURE_FLOOR), score * UNSURE_SCORE)


def _masked(normal: str, ranges: Iterable[tuple[int, int]]) -> str:
    letters = list(normal)
    for start, end in ranges:
        letters[start:end] = _MASK * (end - start)
    return "".join(letters)


def _gravest(findings: list[Finding]) -> tuple[Finding, ...]:
    """Keep one finding of each category for overlapping words, and of each rule the first few."""
    kept: list[Finding] = []
    taken: dict[Category, set[int]] = {}
    told: Counter[str] = Counter()
    ordered = sorted(
        findings, key=lambda f: (-f.severity, -f.score, f.span.start - f.span.end, f.span.start)
    )
    for finding in ordered:
        letters = range(finding.span.start, finding.span.end)
        known = taken.setdefault(finding.category, set())
        if told[finding.rule] < MOST_OF_A_RULE and known.isdisjoint(letters):
            known.update(letters)
            told[finding.rule] += 1
            kept.append(finding)
    return tuple(sorted(kept, key=lambda f: (f.span.start, -f.severity)))
