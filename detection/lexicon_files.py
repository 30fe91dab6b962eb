"""Adapter: the word lists that ship with this version."""

from __future__ import annotations

from functools import cache
from importlib import resources

from detection.lexicon import Lexicon, read_lexicon


def shipped_word_lists() -> dict[str, str]:
    """Return ``{file name: TOML text}``."""
    folder = resources.files("detection").joinpath("lexicons")
    return {
        file.name: file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }


@cache
def shipped_lexicon() -> Lexicon:
    """Return them as they were read, once for a process.

    Raises:
        LexiconInvalid: a shipped file breaks the rules.
    """
    return read_lexicon(shipped_word_lists())
