"""Pure: writes words that somebody would add as a word list, the kind that detection reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detection.policy import CLAUSES
from detection.text import normalise
from detection.types import Category

SPARED = "お世話になっております"
"""A list names words that it must not find; these hold for any."""


@dataclass(frozen=True, slots=True)
class Words:
    category: Category
    severity: int
    words: tuple[str, ...]


class NothingToFind(Exception):  # noqa: N818 - named as a fact
    """A word holds no letter that detection reads."""


def word_lists(added: Iterable[Words]) -> dict[Category, str]:
    """Return one word list as TOML for each category; each word stands for itself, not for a pattern.

    Raises:
        NothingToFind: a word is empty once blanks and signs are taken off.
    """
    by_category: dict[Category, list[Words]] = {}
    for one in added:
        by_category.setdefault(one.category, []).append(one)
    return {category: _list(category, all_of) for category, all_of in by_category.items()}


def _list(category: Category, added: Sequence[Words]) -> str:
    lines = [
        'kind = "findings"',
        f"category = {_text(category.value)}",
        f"clause = {_text(CLAUSES[category])}",
    ]
    for number, one in enumerate(added, start=1):
        words = [word.strip() for word in one.words if word.strip()]
        patterns = [re.escape(normalise(word).normal) for word in words]
        if not patterns or not all(any(map(str.isalnum, p)) for p in patterns):
            raise NothingToFind
        lines += [
            "",
            "[[entry]]",
            f"id = {_text(f'office.{category.value}_{number}')}",
            f"severity = {one.severity}",
            f"patterns = [{', '.join(map(_text, patterns))}]",
            f"catches = [{', '.join(map(_text, words))}]",
            f"spares = [{_text(SPARED)}]",
            f"reason = {_text(f'「{words[0]}」など、この役所が加えた言葉のおそれがあります。')}",
        ]
    return "\n".join(lines) + "\n"


def _text(words: str) -> str:
    # A JSON string is a TOML string, but for the one sign that JSON leaves as it is.
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007f")
