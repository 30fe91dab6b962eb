"""Glue: the words of one call as the index keeps them: covered, folded, and as they sound."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from app.calls.protocol import Track
from app.privacy.lines import Line
from app.privacy.sight import masked_lines
from app.search.folding import folded
from app.search.index import Covers, Indexed, pieces_in
from app.search.sounding import sounding
from detection.ports import Token
from detection.sudachi import SudachiReadings


class _Own(threading.local):
    """A tokenizer is for one thread, and this is done beside the one that judges live calls."""

    readings: SudachiReadings | None = None


_own: Final = _Own()


def words_here(text: str) -> tuple[Token, ...]:
    """Return the words of *text*, in any thread."""
    if _own.readings is None:
        _own.readings = SudachiReadings()
    return _own.readings.tokens(text)


def indexed(call_id: str, said: Sequence[Line]) -> Indexed:
    """Prepare all that was said in a call, in the order of its ends; what is covered for auditors is not in it."""
    words: dict[str, list[str]] = {track.value: [] for track in Track}
    readings: dict[str, list[str]] = {track.value: [] for track in Track}
    covers: Covers = {}
    for line, covered in zip(said, masked_lines(said), strict=True):
        track = line.speaker
        ranges = covered_ranges(line.text, covered)
        if ranges:
            covers.setdefault(track, {})[str(len(words[track]))] = ranges
        words[track].append(folded(covered).text)
        readings[track].append(sounding(words_here(covered)).text)
    caller, operator = Track.CALLER.value, Track.OPERATOR.value
    lines = {track: "\n".join(each) for track, each in words.items()}
    sounds = {track: "\n".join(each) for track, each in readings.items()}
    return Indexed(
        call_id,
        caller_words=lines[caller],
        caller_readings=sounds[caller],
        operator_words=lines[operator],
        operator_readings=sounds[operator],
        covers=covers,
        pieces=pieces_in(lines.values(), sounds.values()),
    )


def covered_ranges(text: str, covered: str) -> list[list[int]]:
    """Return the ranges in which *covered*, which is as long, differs from *text*."""
    differing = (
        at for at, (one, other) in enumerate(zip(text, covered, strict=True)) if one != other
    )
    runs = groupby(enumerate(differing), key=lambda place: place[1] - place[0])
    ranges = list[list[int]]()
    for _, run in runs:
        places = [at for _, at in run]
        ranges.append([places[0], places[-1] + 1])
    return ranges
