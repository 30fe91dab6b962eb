"""Pure: whether the words of a call are what somebody searches for, where, and how well.

Both databases only bring candidates; what is decided here is the same on both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.search.asking import Asked, Scope, Term, Track, Words
from app.search.folding import folded
from app.search.sounding import sounding
from detection.types import Span

AS_WRITTEN: Final = 3
BY_SOUND: Final = 1
"""What a hit counts for the order by relevance."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One side's words of a call: line by line, folded, and how they sound."""

    track: str
    words: str
    readings: str


@dataclass(frozen=True, slots=True)
class HitLine:
    """The utterance ``index`` of ``track``, counted from 0 in the order of their ends."""

    track: str
    index: int
    worth: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What was found in a text, for the eye."""

    span: Span
    by_sound: bool


def matches(asked: Asked, sides: Sequence[Spoken]) -> bool:
    """Say whether the call with these *sides* is one that is searched for."""
    chosen = _chosen(asked, sides)
    if asked.scope is Scope.UTTERANCE and asked.terms:
        return any(_lines_with_all(asked, side) for side in chosen)
    if not all(any(_stands_in(term, side) for side in chosen) for term in asked.terms):
        return False
    return not any(letters in side.words for letters in asked.excluded for side in chosen)


def hit_lines(asked: Asked, sides: Sequence[Spoken]) -> list[HitLine]:
    """Return the utterances of a call that matches which show it."""
    lines_of = _lines_with_all if asked.scope is Scope.UTTERANCE else _lines_with_any
    return [
        HitLine(side.track, index, worth)
        for side in _chosen(asked, sides)
        for index, worth in sorted(lines_of(asked, side).items())
    ]


def _lines_with_any(asked: Asked, side: Spoken) -> dict[int, int]:
    """Return what each line of *side* in which one of the terms stands counts for all of them."""
    worths = dict[int, int]()
    for term in asked.terms:
        for index, worth in _worths(term, side).items():
            worths[index] = worths.get(index, 0) + worth
    return worths


def _lines_with_all(asked: Asked, side: Spoken) -> dict[int, int]:
    """Return what each line of *side* in which every term stands, and nothing excluded, counts.

    The longest word, which few lines hold, is looked for in the whole side, the others in those lines only:
    where two words are frequent but seldom together, ten thousand calls are decided in vain.
    """
    if not asked.terms:
        return {}
    rarest = max(asked.terms, key=lambda term: len(term.letters))
    found = _worths(rarest, side)
    if not found:
        return {}
    words, readings = side.words.split("\n"), side.readings.split("\n")
    for term in asked.terms:
        if term is not rarest:
            also = {index: _worth(term, words[index], readings[index]) for index in found}
            found = {index: worth + also[index] for index, worth in found.items() if also[index]}
    return {
        index: worth
        for index, worth in found.items()
        if not any(letters in words[index] for letters in asked.excluded)
    }


def _worths(term: Term, side: Spoken) -> dict[int, int]:
    """Return what each line of *side* counts for *term*. Whole sides are looked through, not line by line."""
    worths = dict[int, int]()
    if term.reading is not None:
        at = index = 0
        for heard in term.reading.pattern.finditer(side.readings):
            index += side.readings.count("\n", at, heard.start())
            at = heard.start()
            worths[index] = BY_SOUND
    worths.update(dict.fromkeys(_lines_with(term.letters, side.words), AS_WRITTEN))
    return worths


def _lines_with(letters: str, words: str) -> Iterator[int]:
    """Yield the numbers of the lines of *words* in which *letters* stand."""
    index, begin = 0, 0
    at = words.find(letters)
    while at >= 0:
        index += words.count("\n", begin, at)
        yield index
        begin = words.find("\n", at)
        if begin < 0:
            return
        at = words.find(letters, begin)


def marks_in(asked: Asked, text: str, words: Words) -> list[Mark]:
    """Return what is to be marked in *text*, from left to right and without overlaps."""
    letters, sound = folded(text), None
    marks = list[Mark]()
    for term in asked.terms:
        written = letters.places_of(term.letters)
        marks += [Mark(span, by_sound=False) for span in written]
        if not written and term.reading is not None:
            sound = sound or sounding(words(text))
            marks += [Mark(span, by_sound=True) for span in sound.places_of(term.reading.pattern)]
    return _apart(marks)


def _apart(marks: Sequence[Mark]) -> list[Mark]:
    kept = list[Mark]()
    for mark in sorted(marks, key=lambda one: (one.span.start, -one.span.end, one.by_sound)):
        if not kept or mark.span.start >= kept[-1].span.end:
            kept.append(mark)
        elif mark.span.end > kept[-1].span.end:
            before = kept.pop()
            whole = Span(before.span.start, mark.span.end)
            kept.append(Mark(whole, before.by_sound and mark.by_sound))
    return kept


def _chosen(asked: Asked, sides: Sequence[Spoken]) -> list[Spoken]:
    return [side for side in sides if asked.track in (Track.BOTH, side.track)]


def _stands_in(term: Term, side: Spoken) -> bool:
    return _worth(term, side.words, side.readings) > 0


def _worth(term: Term, words: str, readings: str) -> int:
    if term.letters in words:
        return AS_WRITTEN
    if term.reading is not None and term.reading.pattern.search(readings):
        return BY_SOUND
    return 0
