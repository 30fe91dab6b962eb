"""Pure: what a person changed in a text that was filled in, letter by letter."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

MOST_COMPARED: Final = 4_000
"""Letters of both together: beyond that the texts stand side by side only."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of either text."""

    text: str
    kind: str
    """``same``, ``taken`` (only in the first) or ``added`` (only in the second)."""


def difference(before: str, after: str) -> tuple[Stretch, ...]:
    """Return both woven together: without what was added it is *before*, without what was taken *after*."""
    if before == after:
        return (Stretch(after, "same"),) if after else ()
    if len(before) + len(after) > MOST_COMPARED:
        return tuple(one for one in (Stretch(before, "taken"), Stretch(after, "added")) if one.text)
    stretches: list[Stretch] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            stretches.append(Stretch(before[a:b], "same"))
            continue
        if b > a:
            stretches.append(Stretch(before[a:b], "taken"))
        if d > c:
            stretches.append(Stretch(after[c:d], "added"))
    return tuple(stretches)
