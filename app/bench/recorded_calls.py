"""Adapter: recordings of whole calls, and when their words were really spoken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.bench.latency import SpokenTurn
from app.simulate.native import CallSound
from asr.wav import read_wav

_SHORTEST_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class RecordedCall:
    name: str
    sound: CallSound
    turns: tuple[SpokenTurn, ...]
    """In the order in which they begin; empty where nobody wrote them down."""

    def at_most(self, duration_ms: int) -> RecordedCall:
        """Return the beginning of the call, at least a second of it."""
        sound = self.sound
        samples = max(_SHORTEST_MS, duration_ms) * sound.rate_hz // 1000
        if samples >= sound.samples:
            return self
        payload = sound.payload[: samples * sound.frame_bytes]
        return RecordedCall(
            self.name, CallSound(payload, sound.encoding, sound.rate_hz, sound.tracks), self.turns
        )


def load_calls(folder: Path) -> tuple[RecordedCall, ...]:
    """Return the recordings of *folder*; ``<name>.turns.jsonl`` beside one tells its true times."""
    return tuple(
        RecordedCall(path.stem, _sound(path), _turns(path.with_suffix(".turns.jsonl")))
        for path in sorted(folder.glob("*.wav"))
    )


def _sound(path: Path) -> CallSound:
    wav = read_wav(path)
    tracks = ("caller", "operator")[: wav.channel_count]
    return CallSound(wav.payload, wav.encoding.value, wav.rate_hz, tracks)


def _turns(path: Path) -> tuple[SpokenTurn, ...]:
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(
        SpokenTurn(turn["speaker"], turn["start_ms"], turn["end_ms"])
        for turn in map(json.loads, lines)
    )
