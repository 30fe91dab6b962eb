"""Glue: which kind of rule stands behind a finding, and which conduct a rule is about."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Final

from detection.detector import HYPOTHESIS_SCORE, UNSURE_BELOW, UNSURE_SCORE
from detection.lexicon import Entry
from detection.lexicon_files import shipped_lexicon
from detection.overrun import HELD, HELD_AFTER_ABUSE, STALEMATE
from detection.persistence import RULE as PERSISTENCE
from detection.text import normalise
from detection.types import Category, Finding, Utterance
from detection.understanding import SURE

BY_MEANING: Final = "meaning."
"""How the ids of the trained model's rules begin; the category follows."""
NEAR_IN_SOUND: Final = "(音の近い言葉を含む)"
"""What the detector adds to an entry's reason where it read one word for another."""


class HowFound(StrEnum):
    """In which way a rule came to its finding."""

    WORDS = "words"
    """A wording of the word lists stands in the text."""
    SOUND = "sound"
    """It is read like a word of the lists."""
    RESPELT = "respelt"
    """It stands there once a usual slip of the recogniser is mended."""
    OTHER_READING = "other_reading"
    """It stands only in what the recogniser thought second best."""
    MEANING = "meaning"
    """The trained model."""
    PERSISTENCE = "persistence"
    HELD = "held"
    HELD_AFTER_ABUSE = "held_after_abuse"
    STALEMATE = "stalemate"
    UNKNOWN = "unknown"
    """No rule of this version."""


_OF_THE_TALK: Final = {
    PERSISTENCE: (HowFound.PERSISTENCE, Category.PERSISTENCE),
    HELD: (HowFound.HELD, Category.RESTRAINT),
    HELD_AFTER_ABUSE: (HowFound.HELD_AFTER_ABUSE, Category.RESTRAINT),
    STALEMATE: (HowFound.STALEMATE, Category.RESTRAINT),
}
CONVERSATION_RULES: Final = frozenset(_OF_THE_TALK)


class RuleBook:
    """Knows every rule that this version can find something by."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.id: entry for entry in entries}

    @property
    def rules(self) -> tuple[str, ...]:
        meaning = (f"{BY_MEANING}{category.value}" for category in Category)
        return (*self._entries, *meaning, *sorted(CONVERSATION_RULES))

    def category_of(self, rule: str) -> Category | None:
        """Return what *rule* is about; None for one that this version does not have."""
        if rule in _OF_THE_TALK:
            return _OF_THE_TALK[rule][1]
        if rule.startswith(BY_MEANING):
            named = rule.removeprefix(BY_MEANING)
            return Category(named) if named in set(Category) else None
        entry = self._entries.get(rule)
        return entry.category if entry is not None else None

    def is_doubted(self, finding: Finding) -> bool:
        """Say whether *finding* weighs less, or would have, because the meaning of its words was unsure."""
        if finding.rule.startswith(BY_MEANING):
            return finding.score < SURE
        entry = self._entries.get(finding.rule)
        return entry is not None and finding.severity < entry.severity

    def how(self, finding: Finding, said: Utterance) -> HowFound:
        """Say how *finding* was come to in the words of *said*."""
        if finding.rule in _OF_THE_TALK:
            return _OF_THE_TALK[finding.rule][0]
        if finding.rule.startswith(BY_MEANING):
            return HowFound.MEANING
        entry = self._entries.get(finding.rule)
        if entry is None:
            return HowFound.UNKNOWN
        if _is_spelled(entry, finding, said.text):
            return HowFound.WORDS
        if _is_second_best(entry, finding, said):
            return HowFound.OTHER_READING
        if finding.reason.startswith(f"{entry.reason}{NEAR_IN_SOUND}"):
            return HowFound.RESPELT
        return HowFound.SOUND if entry.readings else HowFound.WORDS


def _is_second_best(entry: Entry, finding: Finding, said: Utterance) -> bool:
    """Such a finding stands for the whole utterance, and is worth little."""
    if all(other == said.text for other in said.hypotheses):
        return False
    unsure = UNSURE_SCORE if said.confidence < UNSURE_BELOW else 1.0
    most = entry.score * HYPOTHESIS_SCORE * unsure
    whole = (finding.span.start, finding.span.end) == (0, len(said.text))
    return whole and finding.score <= most + 1e-9


def _is_spelled(entry: Entry, finding: Finding, text: str) -> bool:
    if entry.pattern is None:
        return False
    normal = normalise(text)
    start, end = normal.range_of(finding.span)
    matches = (match.span() for match in entry.pattern.finditer(normal.normal))
    return any(a < end and start < b for a, b in matches)


@cache
def load_rule_book() -> RuleBook:
    """Return the book of the shipped word lists; 26 ms once, and no pattern is compiled twice.

    Raises:
        LexiconInvalid: a shipped file breaks the rules.
    """
    return RuleBook(shipped_lexicon().entries)
