"""Adapter: single utterances as sound, with what was said in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.errors import BadRequest
from asr.types import MODEL_RATE_HZ, Samples
from asr.wav import read_wav


@dataclass(frozen=True, slots=True)
class Recording:
    utterance_id: str
    text: str
    samples: Samples


def load_recordings(folder: Path, utterances: Path) -> list[Recording]:
    """Return every utterance of the file whose ``<id>.wav`` is in *folder*, mixed to one channel.

    Raises:
        BadRequest: a line is no utterance, or none has a recording.
    """
    recordings = []
    for number, line in enumerate(utterances.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            spoken = json.loads(line)
            utterance_id, text = str(spoken["id"]), str(spoken["text"])
        except (ValueError, KeyError, TypeError):
            raise BadRequest(
                "bad_utterances", f"{utterances.name} の {number} 行目に id と text がありません。"
            ) from None
        path = folder / f"{utterance_id}.wav"
        if path.is_file():
            recordings.append(Recording(utterance_id, text, mono(path)))
    if not recordings:
        raise BadRequest(
            "no_recordings", f"{folder} に {utterances.name} の <id>.wav が見つかりません。"
        )
    return recordings


def mono(path: Path) -> Samples:
    """Return the recording as one channel at the model's rate."""
    channels = read_wav(path).channels(MODEL_RATE_HZ)
    mixed: Samples = np.mean(np.stack(channels), axis=0, dtype=np.float32)
    return mixed
