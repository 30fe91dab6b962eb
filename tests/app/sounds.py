"""Pure: calls as bytes, made of voices that say nothing."""

from __future__ import annotations

import numpy as np

from asr.codec import encode
from asr.resampling import resample
from asr.types import MODEL_RATE_HZ, AudioFormat, Encoding, Samples
from tests.fakes import babble

MULAW_TWO_TRACKS = AudioFormat(Encoding.MULAW, 8_000, 2)


def silence(ms: int) -> Samples:
    return np.zeros(ms * MODEL_RATE_HZ // 1000, dtype=np.float32)


def speech(ms: int = 1_600) -> Samples:
    return babble(("aoieu" * 40)[: max(1, ms // 160)])


def joined(*parts: Samples) -> Samples:
    return np.concatenate(parts)


def sentences(count: int) -> Samples:
    """Return *count* stretches of speech with pauses that end a segment."""
    return joined(silence(400), *[part for _ in range(count) for part in (speech(), silence(900))])


def call_bytes(
    caller: Samples, operator: Samples | None = None, audio: AudioFormat = MULAW_TWO_TRACKS
) -> bytes:
    """Return the tracks as a carrier would send them; a missing operator says nothing."""
    other = np.zeros_like(caller) if operator is None else operator
    length = max(len(caller), len(other))
    tracks = [
        resample(np.pad(track, (0, length - len(track))), MODEL_RATE_HZ, audio.rate_hz)
        for track in (caller, other)[: audio.track_count]
    ]
    interleaved = np.stack(tracks, axis=1).reshape(-1).astype(np.float32)
    return encode(audio.encoding, interleaved)
