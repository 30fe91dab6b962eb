"""Pure: decides whether the words around a finding take its harm away: negation, quotation, a victim's account …

The judged words may be one word of a list, a clause or the whole utterance. Each rule is a function with an id,
a label and its examples (`context_*.py`); this module asks them in order. A rule looks at the sentence of the
words only, and only near them: a caller who says 「夫に殺すと言われて」 and then threatens the clerk is heard
with the second sentence. What insists (「殺すぞって言ってるんだよ」) stands against every rule that reads
words behind.

Of several clauses judged together each must be harmless by itself: set aside by a rule, or a call for help.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from detection.context_cases import CONDITIONAL_THREAT, DANGER, PERMISSION, SUPPOSITION
from detection.context_clauses import FRIGHTENING, asks_for_help, of_others
from detection.context_denial import APOLOGY, HELD_BACK, NEGATION
from detection.context_people import OWN_DEATH, SELF, THIRD_PERSON, VICTIM
from detection.context_reports import HEARSAY, PLAYED, QUOTATION
from detection.context_rule import Rule
from detection.context_things import IDIOM, NAME, PROCEDURE, THANKS, THING_RULE
from detection.context_voices import REPEATED_BACK, REPROACH, SAID_TO_OTHERS
from detection.surroundings import SAID, Surroundings

RULES: Final = (
    NEGATION,
    APOLOGY,
    HELD_BACK,
    DANGER,
    CONDITIONAL_THREAT,
    SUPPOSITION,
    PERMISSION,
    REPEATED_BACK,
    HEARSAY,
    QUOTATION,
    SAID_TO_OTHERS,
    VICTIM,
    PLAYED,
    REPROACH,
    PROCEDURE,
    THING_RULE,
    NAME,
    IDIOM,
    OWN_DEATH,
    SELF,
    THIRD_PERSON,
    THANKS,
)
"""In order of how plainly they say so; the first that applies decides."""
RULE_NAMES: Final = frozenset(
    name for rule in RULES if not rule.stands for name in (rule.id, rule.name)
)
"""What an entry of a word list may keep out of: one rule, or a group of them."""
SPEECH_RULES: Final = tuple(
    rule for rule in RULES if rule.id in ("negation", "apology", "conditional_threat", "quotation")
)
WORD_RULES: Final = (
    CONDITIONAL_THREAT,
    NEGATION,
    APOLOGY,
    SUPPOSITION,
    HEARSAY,
    QUOTATION,
    SAID_TO_OTHERS,
    VICTIM,
    PLAYED,
    PROCEDURE,
    SELF,
)
"""Those that may speak for a whole clause when each frightening word of it falls under one."""
_MOST_WORDS: Final = 4
# 「〔家に火をつけてやるからな〕、と言われました」: the clause is an object of the next.
_TAKEN_UP: Final = re.compile(rf"{SAID}(?!こ)")


@dataclass(frozen=True, slots=True)
class Why:
    """Why words do not count."""

    rule: str
    label: str


def set_aside_by(around: Surroundings, keeps: Collection[str] = ()) -> Why | None:
    """Return the first rule that takes the harm away, but for those named in *keeps*; None if it stands."""
    if not around.is_clause:
        return _why(_decisive(_less_its_quotation_mark(around), keeps))
    told = None
    parts = around.clauses
    for part in parts:
        rule = _decisive_for_clause(part, keeps)
        if rule is not None and rule.stands:
            return None
        if rule is None and (len(parts) == 1 or not asks_for_help(part)):
            return None
        told = told or rule
    return _why(told)


def _less_its_quotation_mark(around: Surroundings) -> Surroundings:
    """Return the words without the 「って」 that some entries take in: 「〔覚えてろよって〕捨てぜりふを」."""
    marked = re.search(r"(?<=[よぞろだるたえれけせねか])って$", around.matched)
    return around.part(around.start, around.start + marked.start()) if marked else around


def _why(rule: Rule | None) -> Why | None:
    return None if rule is None or rule.stands else Why(rule.id, rule.label)


def _asked(rule: Rule, keeps: Collection[str]) -> bool:
    return rule.id not in keeps and rule.name not in keeps


def _decisive(around: Surroundings, keeps: Collection[str]) -> Rule | None:
    return next((r for r in RULES if _asked(r, keeps) and r.applies(around)), None)


def _decisive_for_clause(clause: Surroundings, keeps: Collection[str]) -> Rule | None:
    """Return the rule that decides about *clause*, by its own words or by what takes it up again."""
    for rule in RULES:
        if _asked(rule, keeps) and rule.of_clause is not None and rule.of_clause(clause):
            return rule
    if _TAKEN_UP.match(clause.after):
        return next((r for r in SPEECH_RULES if _asked(r, keeps) and r.applies(clause)), None)
    return _decisive_for_words(clause, keeps)


def _decisive_for_words(clause: Surroundings, keeps: Collection[str]) -> Rule | None:
    """Return the rule about the frightening words of *clause*, if each of them is decided about."""
    found = [word.span() for word in FRIGHTENING.finditer(clause.matched)]
    if not 0 < len(found) <= _MOST_WORDS or clause.ends_aimed:
        return None
    if not of_others(clause.matched[found[-1][1] :]):
        return None
    words = [clause.part(clause.start + a, clause.start + b, until=clause.end) for a, b in found]
    rules = [
        next((r for r in WORD_RULES if _asked(r, keeps) and r.applies(word)), None)
        for word in words
    ]
    return rules[0] if all(rule is not None and not rule.stands for rule in rules) else None
