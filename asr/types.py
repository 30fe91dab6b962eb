"""Pure: the values that travel through recognition. All times are milliseconds of the call's sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

MODEL_RATE_HZ: Final = 16_000
"""Silero and Whisper both hear 16 kHz; everything behind the framer is in this rate."""
WINDOW_SAMPLES: Final = 512
WINDOW_MS: Final = 32

Samples = NDArray[np.float32]
"""Mono sound, 16 kHz, -1.0 to 1.0."""


class Encoding(StrEnum):
    MULAW = "mulaw"
    ALAW = "alaw"
    PCM_S16LE = "pcm_s16le"

    @property
    def sample_bytes(self) -> int:
        return 2 if self is Encoding.PCM_S16LE else 1


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How a carrier's bytes are laid out: tracks are interleaved sample by sample."""

    encoding: Encoding
    rate_hz: int
    """8000 or 16000."""
    track_count: int
    """1 or 2."""

    def __post_init__(self) -> None:
        if self.rate_hz not in (8_000, 16_000):
            raise ValueError("rate_hz must be 8000 or 16000")
        if self.track_count not in (1, 2):
            raise ValueError("track_count must be 1 or 2")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every track."""
        return self.encoding.sample_bytes * self.track_count

    @property
    def window_frames(self) -> int:
        """Samples of a track, in the carrier's rate, that fill one window."""
        return self.rate_hz * WINDOW_MS // 1000


@dataclass(frozen=True, slots=True)
class Window:
    """32 ms of one track: the unit of voice activity."""

    index: int
    """Windows since the beginning of the call; ``index * 32`` is its time."""
    samples: Samples
    """Exactly 512 samples."""

    @property
    def start_ms(self) -> int:
        return self.index * WINDOW_MS

    @property
    def end_ms(self) -> int:
        return (self.index + 1) * WINDOW_MS


class Cut(StrEnum):
    """Why a segment ended."""

    PAUSE = "pause"
    FORCED = "forced"
    FLUSH = "flush"
    PARTIAL = "partial"
    """It has not ended: what was said of it so far."""


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """A stretch of one track in which somebody speaks, ready to be recognised."""

    start_ms: int
    end_ms: int
    samples: Samples
    """``(end_ms - start_ms) * 16`` samples."""
    voice_ratio: float
    """Share of its windows that voice activity called speech, 0..1."""
    cut: Cut

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


class Rank(IntEnum):
    """Whose words are wanted first; the lower goes first."""

    FLAGGED = 0
    """A caller of whom something was found already."""
    CALLER = 1
    """A caller; also the operator who speaks with a flagged one."""
    OPERATOR = 2
    PARTIAL = 3
    """A sentence that is still being spoken: only when nobody else needs the recognisers."""


@dataclass(frozen=True, slots=True)
class Urgency:
    """Where a segment belongs in the queue."""

    line: str
    """One track of one call: lines are served fairly, and each in its own order."""
    rank: Rank


class Effort(StrEnum):
    """How hard a recogniser tries."""

    QUICK = "quick"
    """One reading of each segment."""
    THOROUGH = "thorough"
    """Whatever the settings allow to win words back."""


class Shedding(IntEnum):
    """What recognition leaves out to keep up; each step contains the ones before it."""

    NOTHING = 0
    PARTIALS = 1
    """Sentences that are still being spoken are not recognised."""
    OPERATOR = 2
    """The operator's words wait until there is room, and are given up first."""
    THOROUGHNESS = 3
    """Every segment is read once only."""


class Doubt(StrEnum):
    """A sign that a transcript may not be what was said."""

    LOW_PROBABILITY = "low_probability"
    NO_SPEECH = "no_speech"
    REPETITIVE = "repetitive"
    TOO_FAST = "too_fast"
    LITTLE_VOICE = "little_voice"
    PHANTOM_PHRASE = "phantom_phrase"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class RawTranscript:
    """What the model wrote and how sure it was, before anyone has judged it."""

    text: str
    avg_logprob: float
    no_speech_probability: float
    token_count: int
    truncated: bool = False
    """The decoder stopped at its length limit, not at the end of the sentence."""
    hypotheses: tuple[str, ...] = ()
    """Other readings, best first, without *text*."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a recogniser made of one batch."""

    transcripts: tuple[RawTranscript | None, ...]
    """One a segment, in order; ``None`` where it could not be decoded."""
    resident_bytes: int = 0
    """Its memory afterwards, by which the pool replaces it; 0 where that is not ours to watch."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in one segment; an empty text means that nothing was."""

    text: str
    confidence: float
    """0..1: about the share of characters that are right, lowered by each doubt."""
    doubts: tuple[Doubt, ...] = ()
    hypotheses: tuple[str, ...] = ()
    model: str = ""
    """Name and version of the recogniser, stored with every utterance."""
    avg_logprob: float = field(default=0.0)
    no_speech_probability: float = field(default=0.0)
