"""Pure: the screens' second language. The Japanese text is the key; what has no English stays Japanese.

What is data – what was said, its reasons, the clauses of the policy, the sentences to say – is
Japanese in both: the operator speaks Japanese with the caller.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.japan import JAPAN

COOKIE: Final = "mimamori_language"
_PLACE: Final = re.compile(r"\{(\w+)\}")
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


class Language(StrEnum):
    JAPANESE = "ja"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text of the screens with its values, said in the language of whoever reads it; made by ``phrase``."""

    japanese: str
    values: Mapping[str, object]

    def __str__(self) -> str:
        return Catalogue().words(self)


def phrase(japanese: str, **values: object) -> Phrase:
    """Return *japanese* with its ``{places}``; values may be phrases, days and moments."""
    return Phrase(japanese, MappingProxyType(values))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the texts of the screens are in another language."""

    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By the Japanese text, its ``{places}`` included."""
    errors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By the code of the error."""
    language: Language = Language.JAPANESE

    def text(self, japanese: str, **values: object) -> str:
        """Return *japanese* in this language, with ``{name}`` replaced by its value."""
        return _PLACE.sub(
            lambda place: self.words(values[place[1]]) if place[1] in values else place[0],
            self.texts.get(japanese, japanese),
        )

    def words(self, value: object) -> str:
        """Return *value* as a person reads it: a phrase, a day, a moment in Japan's time, a number."""
        match value:
            case Phrase():
                return self.text(value.japanese, **value.values)
            case datetime():
                local = value.astimezone(JAPAN)
                return f"{self.words(local.date())} {local:%H:%M}"
            case date() if self.language is Language.ENGLISH:
                return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
            case date():
                return f"{value.year}年{value.month}月{value.day}日"
            case _:
                return str(value)

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
