"""Pure: windows and their voice activity to stretches of speech that can be recognised.

A segment ends at a pause. Who speaks without one is cut after 6 to 8 seconds
where the sound is quietest, so that an alert never waits for the end of a tirade.
Everything happens on whole windows of 32 ms: the settings are rounded up to them,
the greatest length down.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from asr.types import WINDOW_MS, WINDOW_SAMPLES, Cut, Samples, SpeechSegment, Window

_QUIET_SAMPLES: Final = 1_600
"""100 ms: how much sound round a possible cut is measured."""


def _windows(ms: int) -> int:
    return -(-ms // WINDOW_MS)


@dataclass(frozen=True, slots=True)
class SegmenterConfig:
    """When speech begins, when it ends, and how much sound is kept round it."""

    start_threshold: float = 0.35
    """Voice activity at which speech begins.

    At 0.5, noise of -38 dBFS on the line cost 3 % of what is said in the shipped calls and cut four
    turns by a fifth or more; here it costs 0.7 % and cuts none. At 0.3 an office's murmur begins to count.
    """
    stop_threshold: float = 0.25
    """Once begun, speech goes on while voice activity is at least this."""
    min_speech_ms: int = 64
    """Less speech than this between two pauses is a click, not a word.

    Two windows: 「死ね」 is about 250 ms long and must never fall through.
    """
    pre_roll_ms: int = 300
    """Sound kept from before speech began: voice activity notices soft consonants late."""
    pause_ms: int = 500
    """So much silence ends a segment."""
    tail_ms: int = 200
    """So much of that silence stays in the segment: endings fade away."""
    forced_cut_from_ms: int = 6_000
    """Speech without a pause is cut between here and *max_segment_ms*."""
    max_segment_ms: int = 8_000
    """No segment is longer, pre-roll and tail included."""

    def __post_init__(self) -> None:
        if not 0.0 < self.stop_threshold <= self.start_threshold <= 1.0:
            raise ValueError("0 < stop_threshold <= start_threshold <= 1 must hold")
        if self.min_speech_ms < 1 or self.pause_ms < 1 or self.pre_roll_ms < 0:
            raise ValueError(
                "min_speech_ms and pause_ms must be positive, pre_roll_ms not negative"
            )
        if not 0 <= self.tail_ms <= self.pause_ms:
            raise ValueError("tail_ms must lie between 0 and pause_ms")
        if self.max_segment_ms < self.forced_cut_from_ms + 200:
            raise ValueError("the forced cut needs 200 ms to choose from")
        if self.forced_cut_from_ms < self.pre_roll_ms + self.min_speech_ms + self.pause_ms:
            raise ValueError("a forced cut must not come before the first pause could")


class Segmenter:
    """Feed the windows of one track in order; take finished segments as they come.

    Whatever it is fed, the segments it returns are in order, do not overlap, and
    none is longer than ``max_segment_ms``. A window at or above the start
    threshold lies in a segment, unless there was less than ``min_speech_ms`` of
    speech between the pauses round it. Never more than ``max_segment_ms`` of
    sound is kept.
    """

    __slots__ = (
        "_begun",
        "_config",
        "_continued",
        "_held",
        "_max_windows",
        "_min_speech_windows",
        "_next_index",
        "_pause_windows",
        "_pre_roll_windows",
        "_quiet_run",
        "_speaking",
        "_speech_windows",
        "_tail_windows",
        "_voiced",
    )

    def __init__(self, config: SegmenterConfig | None = None, *, start_ms: int = 0) -> None:
        """Begin a call, or go on with it at *start_ms*, the checkpoint of an earlier segmenter."""
        self._config = config or SegmenterConfig()
        self._min_speech_windows = _windows(self._config.min_speech_ms)
        self._pre_roll_windows = _windows(self._config.pre_roll_ms)
        self._pause_windows = _windows(self._config.pause_ms)
        self._tail_windows = _windows(self._config.tail_ms)
        self._max_windows = self._config.max_segment_ms // WINDOW_MS
        self._held: deque[Samples] = deque()
        """In silence what may become pre-roll, while somebody speaks the unfinished segment."""
        self._voiced: deque[bool] = deque()
        """Of each held window, whether voice activity called it speech."""
        self._next_index = start_ms // WINDOW_MS
        self._begun = False
        self._speaking = False
        self._continued = False
        """The unfinished segment is what a forced cut left over: part of something said."""
        self._speech_windows = 0
        self._quiet_run = 0

    @property
    def checkpoint_ms(self) -> int:
        """The time before which everything is finished with.

        It lies in a segment that was returned, or was silence that no segment
        will need: whoever starts again with the sound from here on loses nothing.
        """
        return self._first_held * WINDOW_MS

    @property
    def speech_so_far(self) -> int | None:
        """Where the unfinished segment begins, in ms; None while nobody speaks."""
        if self._speaking and self._is_speech:
            return self._first_held * WINDOW_MS
        return None

    def feed(self, window: Window, probability: float) -> SpeechSegment | None:
        """Accept the next *window* and return the segment that it finishes, if it does.

        Raises:
            ValueError: *window* is not the one that follows the last. The
                first may have any index.
        """
        if self._begun and window.index != self._next_index:
            raise ValueError(f"window {self._next_index} was expected, not {window.index}")
        self._begun = True
        self._next_index = window.index + 1
        voiced = probability >= self._config.stop_threshold
        self._held.append(window.samples)
        self._voiced.append(voiced)

        if not self._speaking:
            if probability < self._config.start_threshold:
                self._forget_all_but(self._pre_roll_windows)
                return None
            self._speaking = True
            self._speech_windows = 0
        if voiced:
            self._quiet_run = 0
            self._speech_windows += 1
        else:
            self._quiet_run += 1
            if self._quiet_run >= self._pause_windows:
                return self._finish(Cut.PAUSE)
        if len(self._held) >= self._max_windows:
            return self._cut_at_the_quietest_place()
        return None

    @property
    def unfinished_ms(self) -> int:
        """How long the unfinished segment is; 0 in silence and while the speaker pauses."""
        if not self._speaking or not self._is_speech or self._quiet_run > self._tail_windows:
            return 0  # after a pause its end is near: what is finished is soon here
        return len(self._held) * WINDOW_MS

    def unfinished(self) -> SpeechSegment | None:
        """Return a copy of the unfinished segment, None where it is 0 ms long; changes nothing.

        What is returned later begins with these samples, unless a forced cut makes it shorter.
        """
        if not self.unfinished_ms:
            return None
        start_ms, count = self._first_held * WINDOW_MS, len(self._held)
        return SpeechSegment(
            start_ms=start_ms,
            end_ms=start_ms + count * WINDOW_MS,
            samples=np.concatenate(tuple(self._held)),
            voice_ratio=sum(self._voiced) / count,
            cut=Cut.PARTIAL,
        )

    def flush(self) -> SpeechSegment | None:
        """Return the unfinished segment, if somebody was speaking, as at a hang-up.

        A hard boundary: what is fed afterwards begins a new segment.
        """
        return self._finish(Cut.FLUSH) if self._speaking else None

    @property
    def _first_held(self) -> int:
        return self._next_index - len(self._held)

    @property
    def _is_speech(self) -> bool:
        """Whether the unfinished segment is worth recognising."""
        needed = 1 if self._continued else self._min_speech_windows
        return self._speech_windows >= needed

    def _finish(self, cut: Cut) -> SpeechSegment | None:
        """End the speech; what is held behind it may be the next one's pre-roll."""
        segment = None
        if self._is_speech:
            surplus = max(0, self._quiet_run - self._tail_windows)
            segment = self._take(len(self._held) - surplus, cut)
        self._speaking = self._continued = False
        self._forget_all_but(self._pre_roll_windows)
        return segment

    def _cut_at_the_quietest_place(self) -> SpeechSegment:
        segment = self._take(self._quietest_boundary(), Cut.FORCED)
        self._speech_windows = sum(self._voiced)
        # If the cut fell into the last silence, only that silence is left over.
        self._speaking = self._continued = self._speech_windows > 0
        if not self._speaking:
            self._forget_all_but(self._pre_roll_windows)
        return segment

    def _quietest_boundary(self) -> int:
        """Return before which held window the 100 ms round the boundary are quietest."""
        first = _windows(self._config.forced_cut_from_ms)
        candidates = np.concatenate(list(islice(self._held, first, None)))
        energy = np.concatenate(([0.0], np.cumsum(np.square(candidates, dtype=np.float64))))
        middles = np.arange(0, len(energy), WINDOW_SAMPLES)
        reach = _QUIET_SAMPLES // 2
        middles = middles[(middles >= reach) & (middles + reach < len(energy))]
        quietest = int(np.argmin(energy[middles + reach] - energy[middles - reach]))
        return first + int(middles[quietest]) // WINDOW_SAMPLES

    def _take(self, count: int, cut: Cut) -> SpeechSegment:
        start_ms = self._first_held * WINDOW_MS
        samples = np.concatenate([self._held.popleft() for _ in range(count)])
        voiced_count = sum(self._voiced.popleft() for _ in range(count))
        return SpeechSegment(
            start_ms=start_ms,
            end_ms=start_ms + count * WINDOW_MS,
            samples=samples,
            voice_ratio=voiced_count / count,
            cut=cut,
        )

    def _forget_all_but(self, count: int) -> None:
        while len(self._held) > count:
            self._held.popleft()
            self._voiced.popleft()
