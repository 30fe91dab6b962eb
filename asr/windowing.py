"""Pure: how much of Whisper's 30 seconds a segment needs, and how many tokens it may become.

Whisper was trained on 30 s windows, but a window may be shorter. Measured with Whisper base,
int8, sentences over a simulated telephone line: the figures stand at the fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asr.types import MODEL_RATE_HZ

FRAMES_A_SECOND: Final = 100
FULL_WINDOW_FRAMES: Final = 3_000
FULL_WINDOW_SAMPLES: Final = 30 * MODEL_RATE_HZ
SHORTEST_SAMPLES: Final = MODEL_RATE_HZ // 10
"""Below 100 ms there is no syllable to hear, and the spectrogram needs 25 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowLimits:
    """How far a window may be shortened, and how fast anybody can speak."""

    floor_frames: int = 750
    """Shorter windows make the model drop and invent words, above all in sentences of a second.
    Character error rate and core-seconds per second, batches of eight, floor/margin: 750/200: .245
    .0173, 700/100: .249 .0160, 600/100: .253 .0144, 500/100: .258 .0134, 300/100: .292 .0185."""
    margin_frames: int = 200
    """Silence after the words, by which the model knows that they ended, and in which it works:
    without those rows of the encoder (50 instead of 100 kept) the error rate is .293."""
    tokens_a_second: int = 15
    """84 sentences reached 6.4; a decoder in a loop writes on until it is stopped."""
    tokens_extra: int = 16
    """Room for the shortest segments, which are denser than long ones."""

    def __post_init__(self) -> None:
        if not 2 <= self.floor_frames <= FULL_WINDOW_FRAMES:
            raise ValueError("floor_frames must be 2..3000")
        if self.margin_frames < 0 or self.tokens_a_second < 1 or self.tokens_extra < 1:
            raise ValueError("margin_frames, tokens_a_second and tokens_extra must be positive")


def window_frames(sample_count: int, limits: WindowLimits) -> int:
    """Return the even number of spectrogram frames to give *sample_count* samples."""
    speech_frames = -(-sample_count * FRAMES_A_SECOND // MODEL_RATE_HZ)
    wanted = max(limits.floor_frames, speech_frames + limits.margin_frames)
    # The encoder halves the frames, so their number must be even.
    return min(FULL_WINDOW_FRAMES, wanted + wanted % 2)


def windows(sample_counts: Sequence[int], limits: WindowLimits, *, together: bool) -> list[int]:
    """Return the window of each of a batch; *together*, everybody gets what the longest needs.

    A card encodes a batch at once and needs one length; a processor encodes one by one.
    """
    lengths = [window_frames(count, limits) for count in sample_counts]
    return [max(lengths)] * len(lengths) if together and lengths else lengths


def token_bound(sample_count: int, limits: WindowLimits) -> int:
    """Return the most tokens that *sample_count* samples can be; more is a decoder in a loop."""
    return limits.tokens_extra + -(-sample_count * limits.tokens_a_second // MODEL_RATE_HZ)
