"""Pure: the letters and the sounds of an utterance as features: runs of one to five, each counted once.

Letters carry wording; sounds survive the recogniser, which writes another word of the same reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from detection.phonetic import Sound
from detection.text import NormalText

MOST_LETTERS: Final = 5
LEAST_BEATS, MOST_BEATS = 2, 6
_EDGE: Final = "^"
_LETTER_MARK, _SOUND_MARK = "字", "音"


def letter_runs(text: NormalText) -> Iterator[tuple[str, int, int]]:
    """Yield runs of letters with their range of the normal text; sentence edges count as a letter."""
    edged = f"{_EDGE}{text.normal}{_EDGE}"
    last = len(text.normal)
    for length in range(1, MOST_LETTERS + 1):
        for start in range(len(edged) - length + 1):
            run = edged[start : start + length]
            if run != _EDGE:
                yield _LETTER_MARK + run, max(0, start - 1), min(last, start - 1 + length)


def sound_runs(sound: Sound) -> Iterator[tuple[str, int, int]]:
    """Yield runs of beats with their range of the original text."""
    for length in range(LEAST_BEATS, MOST_BEATS + 1):
        for start in range(len(sound.skeleton) - length + 1):
            beats = sound.beats[start : start + length]
            yield (
                _SOUND_MARK + sound.skeleton[start : start + length],
                beats[0].start,
                beats[-1].end,
            )


def features(text: NormalText, sound: Sound) -> set[str]:
    """Return every run of *text* and *sound*."""
    found = {run for run, _, _ in letter_runs(text)}
    return found | {run for run, _, _ in sound_runs(sound)}
