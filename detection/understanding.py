"""Glue: judges one utterance by what it means as well as by its words.

Word lists name a rule and an exact quotation; the trained model knows wordings that no list holds. Where the
model is sure that the words are harmless, what the lists found is set aside and says so.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from detection.context import Why, set_aside_by
from detection.detector import MOST_HYPOTHESES, LexiconDetector, load_lexicon_detector
from detection.meaning.outputs import CALLER_CUES, OPERATOR_CUES, Meaning
from detection.meaning.ports import MeaningSource, Said
from detection.meaning.reader import load_meaning_reader
from detection.meaning.wording import reason_of
from detection.parts import ALL_PARTS, Part
from detection.policy import CLAUSES
from detection.ports import Detector, ReadingSource
from detection.sudachi import shared_readings
from detection.surroundings import Surroundings
from detection.text import NormalText, normalise
from detection.types import (
    Assessment,
    Category,
    Cue,
    Finding,
    SetAside,
    Severity,
    Span,
    Speaker,
    Utterance,
)

CODE_VERSION: Final = "3"
"""Raise with every change of code that changes an assessment; the trained model counts by itself."""

ENCODER_RUNS_ON: Final = frozenset({"x86_64", "AMD64"})
"""Elsewhere the encoder has no wheel: word lists judge alone, and the detector's version says so."""
LIKELY: Final = 0.5
HARMLESS: Final = 0.15
"""Below the model sets aside what the lists found. Between the two it only doubts it: of 18 sentences of the
calibration and choosing sets that the lists found and the model put between 0.1 and 0.5, 17 were harassment."""
HARDLY_MORE: Final = 0.5
"""A threat of the lists that is at least this share of all that was said is doubted, not set aside: of few words the
model knows least. The fair sentences of the corpus and the choosing set that it clears of a threat reach 0.43."""
DOUBTED_SCORE: Final = 0.5
"""What a policy counts by default, and asks a person to check."""
SURE: Final = 0.7
"""Below a finding weighs one step less, and the policy asks for a check."""
CONSIDERED: Final = 0.25
"""From here a category that was not found is named among what was considered."""
OTHER_READINGS_WEIGH: Final = 0.4
"""Of the recogniser's other readings together, where there are any."""
SURE_CUE: Final = 0.5
SURE_CUES: Final[Mapping[Cue, float]] = {Cue.WARNED: 0.8, Cue.FAULT_ADMITTED: 0.8}
"""What changes a level by itself asks for more: an apology is no fault, an explained rule no warning."""
NO_CUE: Final = 0.03


class UnderstandingDetector:
    """Joins word lists, context and meaning. Keeps nothing between utterances."""

    def __init__(
        self,
        words: LexiconDetector,
        readings: ReadingSource,
        meaning: MeaningSource,
        *,
        minds_context: bool = True,
    ) -> None:
        """Without *minds_context* what was quoted or denied counts: for measuring alone."""
        self._minds_context = minds_context
        self._words = words
        self._readings = readings
        self._meaning = meaning
        names = f"{CODE_VERSION}:{words.version}:{meaning.version}:{minds_context}"
        self._version = f"understanding-{hashlib.sha256(names.encode()).hexdigest()[:12]}"

    @property
    def version(self) -> str:
        return self._version

    def assess(self, utterance: Utterance) -> Assessment:
        text, tokens = normalise(utterance.text), self._readings.tokens(utterance.text)
        by_words = self._words.judge(utterance, text, tokens)
        if not text.normal:
            return by_words
        said = Said(text, tokens, by_words.severity)
        if utterance.speaker is Speaker.OPERATOR:
            (meaning,) = self._meaning.read([said])
            return replace(by_words, cues=_cues(by_words.cues, meaning, operator=True))
        meaning = self._joined(said, utterance)
        findings, aside = self._findings(text, by_words.findings, meaning)
        return replace(
            by_words,
            findings=findings,
            cues=_cues(by_words.cues, meaning, operator=False),
            set_aside=(*by_words.set_aside, *aside),
        )

    def _joined(self, first: Said, utterance: Utterance) -> Meaning:
        """Read the first reading together with the recogniser's others."""
        others = [h for h in dict.fromkeys(utterance.hypotheses) if h != utterance.text]
        more = [
            Said(normalise(other), self._readings.tokens(other), first.gravest)
            for other in others[:MOST_HYPOTHESES]
        ]
        meanings = self._meaning.read([first, *more])
        if len(meanings) == 1:
            return meanings[0]
        weigh = OTHER_READINGS_WEIGH / (len(meanings) - 1)
        mixed = tuple(
            (1 - OTHER_READINGS_WEIGH) * one + weigh * sum(rest)
            for one, *rest in zip(*(m.probabilities for m in meanings), strict=True)
        )
        return replace(meanings[0], probabilities=mixed)

    def _findings(
        self, text: NormalText, by_words: tuple[Finding, ...], meaning: Meaning
    ) -> tuple[tuple[Finding, ...], tuple[SetAside, ...]]:
        considered = tuple(
            SetAside(
                f"meaning.{category.value}",
                f"検討したが、確からしさが足りない({p:.0%})",
                doubted=True,
            )
            for category in Category
            if CONSIDERED <= (p := meaning.category(category)) < LIKELY
        )
        if HARMLESS <= meaning.harm < LIKELY and by_words:
            return tuple(_doubted(finding) for finding in by_words), considered
        if meaning.harm < LIKELY:
            doubt = f"言い回しの意味からは当たらない({meaning.harm:.0%})"
            bare = tuple(_doubted(each) for each in by_words if _is_bare_threat(text, each))
            rules = {each.rule for each in bare}
            others = (f.rule for f in by_words if f.rule not in rules)
            doubted = (SetAside(rule, doubt, doubted=True) for rule in others)
            return bare, (*doubted, *considered)
        known = {finding.category for finding in by_words}
        likely = [c for c in Category if meaning.category(c) >= LIKELY]
        if not likely and not by_words:
            likely = [max(Category, key=meaning.category)]
        new = [_found(text, category, meaning) for category in likely if category not in known]
        kept, aside = list(by_words), list(considered)
        for finding in new:
            why = _set_aside(text, finding) if self._minds_context else None
            if why is None:
                kept.append(finding)
            else:
                aside.append(SetAside(finding.rule, why.label))
        return tuple(sorted(kept, key=lambda f: (f.span.start, -f.severity))), tuple(aside)


def _found(text: NormalText, category: Category, meaning: Meaning) -> Finding:
    span = meaning.span if meaning.span.end <= len(text.original) else Span(0, len(text.original))
    return Finding(
        category=category,
        severity=severity_of(meaning),
        span=span,
        quote=text.original[span.start : span.end],
        rule=f"meaning.{category.value}",
        clause=CLAUSES[category],
        reason=reason_of(category),
        score=meaning.harm,
    )


def _is_bare_threat(text: NormalText, finding: Finding) -> bool:
    words = finding.span.end - finding.span.start
    return finding.severity is Severity.STOP and words >= HARDLY_MORE * len(text.original)


def _doubted(finding: Finding) -> Finding:
    severity = Severity(max(Severity.CAUTION, finding.severity - 1))
    score = min(finding.score, DOUBTED_SCORE)
    return replace(finding, severity=severity, score=score)


def severity_of(meaning: Meaning) -> Severity:
    """Return the gravest severity that is more likely than not; one step less where harm itself is unsure."""
    likely = [s for s in (Severity.STOP, Severity.WARNING) if meaning.at_least(s) >= LIKELY]
    gravest = likely[0] if likely else Severity.CAUTION
    return gravest if meaning.harm >= SURE else Severity(max(Severity.CAUTION, gravest - 1))


def _set_aside(text: NormalText, finding: Finding) -> Why | None:
    """Say why the whole utterance is somebody else's, denied or asked.

    The model has read all of it. Judged by the quotation alone, these rules took 9 of 354 harassing
    sentences of the choosing set away and not one false alarm.
    """
    whole = Surroundings(text, 0, len(text.normal), finding.category, finding.severity)
    return set_aside_by(whole)


def _cues(by_words: tuple[Cue, ...], meaning: Meaning, *, operator: bool) -> tuple[Cue, ...]:
    known = OPERATOR_CUES if operator else CALLER_CUES
    ask = meaning.operator if operator else meaning.caller
    kept = [cue for cue in by_words if cue not in known or ask(cue) >= NO_CUE]
    kept += [c for c in known if ask(c) >= SURE_CUES.get(c, SURE_CUE) and c not in kept]
    return tuple(kept)


@cache
def load_detector(parts: frozenset[Part] = ALL_PARTS) -> Detector:
    """Return the detector that ships; one serves a whole process.

    It keeps nothing between utterances, and each would load dictionary and encoder anew. Fewer *parts*
    than all are for measuring what a part is worth.

    Raises:
        LexiconInvalid: a shipped word list breaks the rules.
        EncoderUnavailable: the encoder's wheel is missing or another.
        MeaningInvalid: the trained arrays are missing or damaged.
    """
    words = load_lexicon_detector(parts)
    if Part.MEANING not in parts or platform.machine() not in ENCODER_RUNS_ON:
        return words
    context = Part.CONTEXT in parts
    return UnderstandingDetector(
        words, shared_readings(), load_meaning_reader(), minds_context=context
    )
