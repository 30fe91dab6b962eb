"""Pure: words around a match that take its harm away: negation, quotation, a victim's account and others.

Each rule looks at the sentence of the match only, and only near it: a caller who says 「夫に殺すと言われて」 and
then threatens the clerk is heard with the second sentence.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from detection.text import NormalText
from detection.types import Category, Severity


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A match in the normal text, and what kind of entry matched."""

    text: NormalText
    start: int
    end: int
    category: Category
    severity: Severity


@dataclass(frozen=True, slots=True)
class Why:
    """Why a match does not count."""

    rule: str
    label: str


def set_aside_by(around: Surroundings, keeps: Collection[str] = ()) -> Why | None:
    """Return the first rule that takes the harm away, but for those named in *keeps*."""
    return None
