"""Pure: what is covered in a copy that is disclosed, in the words and in the sound.

A recogniser that gives no time of a word leaves two ways: a tone over the whole sentence, or over where the
word stands in it by its letters, with a second on either side. The line carries an echo of each side to the
other, a little later, so a tone covers both tracks and reaches beyond the sentence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from app.privacy.lines import Line, spans_of_lines
from app.privacy.sight import MASK, TextSight, sight_of_lines
from app.privacy.spans import WORDS, PersonalSpan
from asr.codec import encode_mulaw

BLACK: Final = "■■■"
"""Whatever was said is as long as this: its length would tell something."""
AROUND_MS: Final = 1_000
BEYOND_MS: Final = 300
"""On either side of a sentence: its echo comes later, and one cut amid unbroken speech may end within a name."""
TONE_HZ: Final = 1_000
TONE_LOUD: Final = 0.1
"""-20 dBFS."""
RATE_HZ: Final = 8_000
KNOWN: Final = "前に話された個人の情報"


class SoundCover(StrEnum):
    """How far the tone reaches."""

    SENTENCE = "sentence"
    WORDS = "words"


class Said(NamedTuple):
    """One sentence of the call."""

    utterance_id: str
    track: str
    start_ms: int
    end_ms: int
    text: str


class Unheard(NamedTuple):
    """A stretch of which there are no words: nobody has read what was said there."""

    track: str
    start_ms: int
    end_ms: int


class Place(NamedTuple):
    """``text[start:end]`` of one sentence."""

    utterance_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cover:
    """What is covered, and how far in the sound."""

    place: Place
    sound: SoundCover = SoundCover.SENTENCE


@dataclass(frozen=True, slots=True)
class Suggestion:
    place: Place
    kind: str
    """In Japanese: what it seems to be."""


def suggested(said: Sequence[Said]) -> list[Suggestion]:
    """Return what tells of persons in a call, as it is covered for who reads it covered."""
    lines = [Line(one.track, one.text) for one in said]
    sight, spans = sight_of_lines(lines), spans_of_lines(lines)
    return [
        Suggestion(Place(one.utterance_id, start, end), _kind(found, start, end))
        for one, found in zip(said, spans, strict=True)
        for start, end in _differing(one.text, sight.of(one.text))
    ]


def unseen(said: Sequence[Said], sight: TextSight) -> list[Place]:
    """Return everything that is covered for who has *sight* of the call."""
    return [
        Place(one.utterance_id, start, end)
        for one in said
        for start, end in _differing(one.text, sight.of(one.text))
    ]


def _kind(found: Iterable[PersonalSpan], start: int, end: int) -> str:
    near = (span for span in found if span.start < end and start < span.end)
    return next((WORDS[span.kind] for span in near), KNOWN)


def _differing(text: str, covered: str) -> Iterable[tuple[int, int]]:
    begin: int | None = None
    for place, (letter, shown) in enumerate(zip(text, covered, strict=True)):
        if shown == MASK and letter != MASK:
            begin = place if begin is None else begin
        elif begin is not None:
            yield begin, place
            begin = None
    if begin is not None:
        yield begin, len(text)


def blackened(said: Sequence[Said], covers: Iterable[Cover]) -> list[str]:
    """Return the texts of *said* with what is covered replaced, in the same order."""
    by_id = _by_sentence(covers)
    return [_blackened(one.text, by_id.get(one.utterance_id, ())) for one in said]


def _blackened(text: str, covers: Iterable[Cover]) -> str:
    places = (cover.place for cover in covers)
    parts, at = [], 0
    for start, end in _joined((max(0, one.start), min(one.end, len(text))) for one in places):
        parts += [text[at:start], BLACK]
        at = end
    return "".join((*parts, text[at:]))


def places_covered(said: Sequence[Said], covers: Iterable[Cover]) -> int:
    """Return how many places a reader sees covered: what touches is one."""
    known = {one.utterance_id for one in said}
    return sum(
        len(_joined((cover.place.start, cover.place.end) for cover in found))
        for utterance_id, found in _by_sentence(covers).items()
        if utterance_id in known
    )


def covered_ms(said: Sequence[Said], covers: Iterable[Cover]) -> list[tuple[int, int]]:
    """Return from where to where the sound is covered, in order, without overlaps."""
    by_id = _by_sentence(covers)
    return _joined(_reach(one, cover) for one in said for cover in by_id.get(one.utterance_id, ()))


def _reach(said: Said, cover: Cover) -> tuple[int, int]:
    first_ms, last_ms = max(0, said.start_ms - BEYOND_MS), said.end_ms + BEYOND_MS
    if cover.sound is SoundCover.SENTENCE or not said.text:
        return first_ms, last_ms
    a_letter_ms = (said.end_ms - said.start_ms) / len(said.text)
    begin_ms = said.start_ms + int(cover.place.start * a_letter_ms) - AROUND_MS
    end_ms = said.start_ms + int(cover.place.end * a_letter_ms) + AROUND_MS
    return max(first_ms, begin_ms), min(last_ms, end_ms)


def toned(woven: bytes, first_frame: int, covered: Sequence[tuple[int, int]]) -> bytes:
    """Return two tracks of mu-law at 8 kHz, woven, that begin at *first_frame*, with a tone where they are covered."""
    frames = len(woven) // 2
    sound = np.frombuffer(woven, np.uint8).reshape(frames, 2).copy()
    for begin_ms, end_ms in covered:
        begin = max(0, begin_ms * RATE_HZ // 1000 - first_frame)
        end = min(frames, -(-end_ms * RATE_HZ // 1000) - first_frame)
        if begin < end:
            places = np.arange(first_frame + begin, first_frame + end)
            tone = TONE_LOUD * np.sin(2 * np.pi * TONE_HZ * places / RATE_HZ)
            sound[begin:end] = np.frombuffer(
                encode_mulaw(tone.astype(np.float32)), np.uint8
            ).reshape(-1, 1)
    return sound.tobytes()


def _by_sentence(covers: Iterable[Cover]) -> Mapping[str, list[Cover]]:
    found = defaultdict[str, list[Cover]](list)
    for cover in covers:
        found[cover.place.utterance_id].append(cover)
    return found


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(ranges):
        if begin >= end:
            continue
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined
