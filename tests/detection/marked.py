"""Sentences with the judged words in 〔〕, and what the rules of context decide about them."""

from __future__ import annotations

from detection.context import set_aside_by
from detection.context_rule import Example
from detection.surroundings import Surroundings
from detection.text import normalise
from detection.types import Span


def around(example: Example) -> Surroundings:
    """Return the surroundings of what stands in 〔〕."""
    opened, closed = example.marked.index("〔"), example.marked.index("〕")
    text = normalise(example.marked.replace("〔", "").replace("〕", ""))
    start, end = text.range_of(Span(opened, closed - 1))
    return Surroundings(text, start, end, example.category, example.severity)


def why(example: Example, keeps: frozenset[str] = frozenset()) -> str:
    """Return the id of the rule that sets the words aside; empty where they stand."""
    found = set_aside_by(around(example), keeps)
    return found.rule if found else ""
