"""Pure: how much of what was said in a call somebody reads. What is masked keeps its length: places stay true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.privacy.lines import Line, known_words, spans_of_lines
from app.privacy.personal import MASK, covered, personal_spans

__all__ = ["COVERED", "MASK", "WHOLE", "TextSight", "masked_lines", "masked_text", "sight_of_lines"]


@dataclass(frozen=True, slots=True)
class TextSight:
    """One person's sight of one call."""

    whole: bool
    known: frozenset[str] = frozenset()
    """What was told of persons elsewhere in the call, and is covered wherever it stands again."""
    as_said: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The lines of the call, and how they are read: an answer to 「お名前は」 holds more than it shows by itself.

    Also those that hold nothing: to find that out again takes the dictionary.
    """

    def of(self, text: str) -> str:
        """Return *text* as this person reads it."""
        if self.whole:
            return text
        covered_line = self.as_said.get(text)
        if covered_line is not None:
            return covered_line
        return _without(self.known, text, masked_text(text))

    def of_part(self, whole_text: str, start: int, end: int) -> str:
        """Return ``whole_text[start:end]`` as it is read within the whole."""
        return self.of(whole_text)[start:end]

    def of_all(self, told: Any, *, untouched: frozenset[str] = frozenset()) -> Any:  # noqa: ANN401 - JSON
        """Return JSON with every text in it as this person reads it, but under the names *untouched*."""
        if self.whole:
            return told
        if isinstance(told, str):
            return self.of(told)
        if isinstance(told, Mapping):
            return {
                name: value if name in untouched else self.of_all(value, untouched=untouched)
                for name, value in told.items()
            }
        if isinstance(told, list | tuple):
            return [self.of_all(value, untouched=untouched) for value in told]
        return told


WHOLE: Final = TextSight(whole=True)
COVERED: Final = TextSight(whole=False)


def sight_of_lines(lines: Sequence[Line]) -> TextSight:
    """Return the covered sight of a call in which *lines* were said."""
    spans = spans_of_lines(lines)
    known = known_words(lines, spans)
    as_said: dict[str, str] = {}
    for line, found in zip(lines, spans, strict=True):
        read = _without(known, line.text, covered(line.text, found))
        # 「1234567」 may be said twice, and be somebody's number once: it is covered both times.
        as_said[line.text] = _both(as_said.get(line.text, read), read)
    return TextSight(whole=False, known=known, as_said=as_said)


def masked_text(text: str) -> str:
    """Return *text*, of the same length, with what tells of persons covered."""
    return covered(text, personal_spans(text))


def masked_lines(lines: Sequence[Line]) -> list[str]:
    """Return the texts of *lines*, each as long as it was, with what tells of persons covered."""
    sight = sight_of_lines(lines)
    return [sight.of(line.text) for line in lines]


def _both(one: str, other: str) -> str:
    """Return the same line covered where either has it covered."""
    if one == other:
        return one
    return "".join(MASK if MASK in pair else pair[0] for pair in zip(one, other, strict=True))


def _without(known: frozenset[str], text: str, read: str) -> str:
    """Return *read* with every one of *known* covered that stands in *text*, also where another lies over it."""
    for word in known:
        start = text.find(word)
        while start >= 0:
            end = start + len(word)
            read = read[:start] + MASK * len(word) + read[end:]
            start = text.find(word, start + 1)
    return read
