"""Glue: what tells of persons in a conversation, where a number goes on in the next line and an answer has a question.

A name that somebody gave once is known in the rest of the call, where nothing round it says that it is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from app.privacy.digits import LINE_END, plain, spoken_numbers
from app.privacy.number_kinds import kinds_of
from app.privacy.personal import personal_spans
from app.privacy.spans import Kind, PersonalSpan, in_order

ASKED_LINES: Final = 2
"""So many lines of the other side before an answer may hold the question."""
_BETWEEN_CHARACTERS: Final = 24
"""The other side says はい, or says the digits again, while a number goes on."""
_PAUSES: Final = "の、。- ー"
_DIGITS_AT_END: Final = re.compile(
    r"(?:\d|ゼロ|レイ|イチ|ニー?|サン|ヨン|ゴー?|ロク|ナナ|シチ|ハチ|キュウ|キュー)[ノ、。\s\-ー]{0,3}$"
)
_DIGITS_AT_BEGINNING: Final = re.compile(
    r"(?:ハイ|エート|エット|エー|アノ|ソレカラ|デ)?[、。\s]{0,2}"
    r"(?:\d|ゼロ|レイ|イチ|ニー|サン|ヨン|ゴー|ロク|ナナ|シチ|ハチ|キュウ|キュー|ニ|ゴ)"
)


class Line(NamedTuple):
    speaker: str
    text: str


def spans_of_lines(lines: Sequence[Line]) -> list[tuple[PersonalSpan, ...]]:
    """Return for each of *lines* what tells of persons in it."""
    found = [
        list(personal_spans(line.text, _asked(lines, place))) for place, line in enumerate(lines)
    ]
    for chain in _chains(lines):
        joined = LINE_END.join(plain(lines[place].text) for place in chain)
        asked = plain(_asked(lines, chain[0]))
        for number in spoken_numbers(joined):
            for span in kinds_of(number, joined, asked):
                _share_out(span, chain, lines, found)
    return [in_order(spans) for spans in found]


def known_words(lines: Sequence[Line], spans: Sequence[Iterable[PersonalSpan]]) -> frozenset[str]:
    """Return what was told of persons in *lines*, word for word, where it can be known again."""
    return frozenset(
        word
        for line, found in zip(lines, spans, strict=True)
        for span in found
        if _is_telling(word := line.text[span.start : span.end], span.kind)
    )


def _is_telling(word: str, kind: Kind) -> bool:
    return len(word) >= (2 if kind is Kind.NAME else 4)


def _asked(lines: Sequence[Line], place: int) -> str:
    """Return what the other side said just before the line at *place*."""
    before: list[str] = []
    for line in reversed(lines[max(0, place - ASKED_LINES) : place]):
        if line.speaker == lines[place].speaker:
            continue
        before.insert(0, line.text)
    return " ".join(before)


def _chains(lines: Sequence[Line]) -> Iterator[list[int]]:
    """Yield the places of lines over which one speaker goes on saying digits."""
    taken: set[int] = set()
    ends = [_DIGITS_AT_END.search(plain(line.text)) is not None for line in lines]
    for first in range(len(lines)):
        if first in taken or not ends[first]:
            continue
        chain = [first]
        while ends[chain[-1]] and (after := _next_of_same(lines, chain[-1])) is not None:
            if _DIGITS_AT_BEGINNING.match(plain(lines[after].text)) is None:
                break
            chain.append(after)
            taken.add(after)
        if len(chain) > 1:
            yield chain


def _next_of_same(lines: Sequence[Line], place: int) -> int | None:
    """Return the speaker's next line, where the other side said at most one short one between."""
    for after in (place + 1, place + 2):
        if after >= len(lines):
            return None
        if lines[after].speaker == lines[place].speaker:
            return after
        if len(lines[after].text) > _BETWEEN_CHARACTERS:
            return None
    return None


def _share_out(
    span: PersonalSpan,
    chain: Sequence[int],
    lines: Sequence[Line],
    found: list[list[PersonalSpan]],
) -> None:
    """Give each line of *chain* its part of *span*, which stands in all of them joined."""
    begins = 0
    for place in chain:
        length = len(lines[place].text)
        start, end = max(span.start - begins, 0), min(span.end - begins, length)
        while end > start and lines[place].text[end - 1] in _PAUSES:
            end -= 1
        if start < end:
            found[place].append(PersonalSpan(start, end, span.kind))
        begins += length + len(LINE_END)
