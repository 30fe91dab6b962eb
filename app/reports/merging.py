"""Pure: what somebody typed into a form beside what another saved meanwhile. Nothing of either is lost.

The form says of each field by a short digest what stood in it when it was opened: so it is known who changed what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_DIGITS: Final = 16


class Changed(StrEnum):
    NOBODY = "nobody"
    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Merged:
    """One field of a form that came too late."""

    text: str
    """To go on with: one's own where one changed it, else what was saved."""
    saved: str
    changed: Changed


def mark_of(text: str) -> str:
    """Return a short digest of *text*, for the form to bring back."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def own_changes(typed: Mapping[str, str], marks: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of *typed* that differ from what stood there when the form was opened."""
    return {key: text for key, text in typed.items() if marks.get(key) != mark_of(text)}


def merged(typed: str | None, mark: str | None, saved: str) -> Merged:
    """Return how a field goes on: *typed* over what had *mark*, while *saved* was stored."""
    theirs = mark is not None and mark != mark_of(saved)
    mine = typed is not None and mark != mark_of(typed)
    if typed is not None and mine and typed != saved:
        return Merged(typed, saved, Changed.BOTH if theirs else Changed.MINE)
    return Merged(saved, saved, Changed.THEIRS if theirs else Changed.NOBODY)
