"""Pure: the screens' second language. The Japanese text is the key; what has no English stays Japanese.

What is data – what was said, its reasons, the clauses of the policy, the sentences to say – is
Japanese in both: the operator speaks Japanese with the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

COOKIE: Final = "mimamori_language"


class Language(StrEnum):
    JAPANESE = "ja"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the texts of the screens are in another language."""

    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By the Japanese text, its ``{places}`` included."""
    errors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By the code of the error."""

    def text(self, japanese: str, **values: object) -> str:
        """Return *japanese* in this language, with ``{name}`` replaced by its value."""
        found = self.texts.get(japanese, japanese)
        for name, value in values.items():
            found = found.replace(f"{{{name}}}", str(value))
        return found

    def error(self, code: str, message: str) -> str:
        return self.errors.get(code, message)

    def all_of(self, words: object) -> object:
        """Return *words* with every text in it translated, however deep."""
        if isinstance(words, str):
            return self.text(words)
        if isinstance(words, Mapping):
            return {key: self.all_of(value) for key, value in words.items()}
        if isinstance(words, list | tuple):
            return [self.all_of(value) for value in words]
        return words


def language_of(chosen: str | None) -> Language:
    """Return the language that a browser has chosen; Japanese where it has said nothing known."""
    return Language.ENGLISH if chosen == Language.ENGLISH.value else Language.JAPANESE
