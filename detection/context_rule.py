"""Pure: what a rule about the context of words is: an id, a label, one function, and the sentences that prove it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from detection.surroundings import Surroundings
from detection.types import Category, Severity


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence with the judged words in 〔〕, and as what they were judged."""

    marked: str
    category: Category = Category.MENTAL_ATTACK
    severity: Severity = Severity.WARNING


def insult(marked: str) -> Example:
    return Example(marked)


def threat(marked: str) -> Example:
    return Example(marked, Category.PHYSICAL_ATTACK, Severity.STOP)


def demand(marked: str) -> Example:
    return Example(marked, Category.APOLOGY)


def of(category: Category, marked: str) -> Example:
    return Example(marked, category)


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which the context decides about words.

    The first rule that applies decides. Most take the harm away; one with *stands* says that it is meant.
    """

    id: str
    """Stable; no two rules share it."""
    name: str
    """The group of rules to which it belongs, as explanations speak of it."""
    label: str
    """Japanese, shown to the operator as the reason."""
    applies: Callable[[Surroundings], bool]
    """For a word or a phrase: what stands before and behind it decides."""
    catches: tuple[Example, ...]
    spares: tuple[Example, ...]
    """Near neighbours to which this rule does not apply."""
    of_clause: Callable[[Surroundings], bool] | None = None
    """The same for a whole clause (`context_clauses`); without it the rule says nothing about clauses."""
    stands: bool = False
