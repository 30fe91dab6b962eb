"""Glue: how much of what tells of persons is covered in sentences of our own, and what is covered beside it.

A line of a corpus is ``{"id", "marked"}``: the sentence with what is personal in braces, ``{t:090-1234-5678}``.
Nobody in it is real.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.privacy.personal import personal_spans
from app.privacy.spans import Kind, PersonalSpan

HERE: Final = Path(__file__).parent
MARK: Final = re.compile(r"\{(\w):([^}]*)\}")
LETTERS: Final = {
    "n": Kind.NAME,
    "t": Kind.TELEPHONE,
    "a": Kind.ADDRESS,
    "m": Kind.MY_NUMBER,
    "c": Kind.CARD,
    "k": Kind.ACCOUNT,
    "b": Kind.BIRTH_DATE,
    "e": Kind.EMAIL,
    "o": Kind.OFFICIAL_NUMBER,
}


@dataclass(frozen=True, slots=True)
class Sentence:
    id: str
    text: str
    personal: tuple[PersonalSpan, ...]


@dataclass(slots=True)
class Count:
    marked: int = 0
    covered: int = 0
    """All of it."""
    right: int = 0
    """Found spans that touch something personal."""
    found: int = 0

    @property
    def recall(self) -> float:
        return self.covered / self.marked if self.marked else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0


@dataclass(slots=True)
class Measured:
    by_kind: dict[Kind, Count] = field(default_factory=lambda: {kind: Count() for kind in Kind})
    missed: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    @property
    def all(self) -> Count:
        counts = self.by_kind.values()
        return Count(
            *(sum(getattr(one, name) for one in counts) for name in Count.__dataclass_fields__)
        )


def sentences_in(name: str) -> Iterator[Sentence]:
    for line in (HERE / name).read_text("utf-8").splitlines():
        told = json.loads(line)
        yield sentence_of(told["id"], told["marked"])


def sentence_of(sentence_id: str, marked: str) -> Sentence:
    text, personal, done = "", [], 0
    for found in MARK.finditer(marked):
        text += marked[done : found.start()]
        personal.append(PersonalSpan(len(text), len(text) + len(found[2]), LETTERS[found[1]]))
        text += found[2]
        done = found.end()
    return Sentence(sentence_id, text + marked[done:], tuple(personal))


def measured(sentences: Iterable[Sentence]) -> Measured:
    result = Measured()
    for one in sentences:
        spans = personal_spans(one.text)
        letters = {at for span in spans for at in range(span.start, span.end)}
        for personal in one.personal:
            count = result.by_kind[personal.kind]
            count.marked += 1
            if all(at in letters for at in range(personal.start, personal.end)):
                count.covered += 1
            else:
                result.missed.append(f"{one.id} {personal.kind}: {one.text}")
        for span in spans:
            count = result.by_kind[span.kind]
            count.found += 1
            if any(span.start < real.end and real.start < span.end for real in one.personal):
                count.right += 1
            else:
                result.beside.append(f"{one.id} {span.kind}: {one.text[span.start : span.end]}")
    return result
