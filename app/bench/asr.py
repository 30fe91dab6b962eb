"""Glue: what recognition costs and how well it hears, stock faster-whisper beside it in the same run.

One thread each, one after the other over the same sound, in turns, so that a noisy
machine is noisy for both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import faster_whisper

from app.bench.recordings import Recording, load_recordings
from app.bootstrap import prepare_model
from app.settings import Settings
from asr.types import MODEL_RATE_HZ
from asr.whisper import WhisperConfig, WhisperModel
from detection.measures import character_errors, total

TURN: Final = 32
"""Recordings decoded by one before the other has its turn."""


def measure_recognition(
    wav_dir: Path, utterances: Path, batch: int, on_progress: Callable[[float], None]
) -> dict[str, Any]:
    """Return ``{"ours": {…}, "stock": {…}}`` with core-seconds per second of sound and CER."""
    settings = Settings()
    recordings = load_recordings(wav_dir, utterances)
    model = prepare_model(settings)
    ours = WhisperModel(
        model.path, name=model.name, config=WhisperConfig(beam_size=settings.asr.beam_size)
    )
    stock: Any = faster_whisper.WhisperModel(
        str(model.path), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1
    )
    _ours(ours, recordings[:1], 1)  # the first decode allocates; it belongs to neither
    _stock(stock, recordings[:1])
    heard: dict[str, list[str]] = {"ours": [], "stock": []}
    spent = {"ours": 0.0, "stock": 0.0}
    for begin in range(0, len(recordings), TURN):
        turn = recordings[begin : begin + TURN]
        before = time.process_time()
        heard["ours"] += _ours(ours, turn, batch)
        between = time.process_time()
        heard["stock"] += _stock(stock, turn)
        spent["ours"] += between - before
        spent["stock"] += time.process_time() - between
        on_progress((begin + len(turn)) / len(recordings))
    sound_seconds = sum(len(r.samples) for r in recordings) / MODEL_RATE_HZ
    return {
        "recordings": len(recordings),
        "sound_seconds": round(sound_seconds, 1),
        "batch": batch,
        "model": model.name,
        **{
            name: {
                "core_seconds_per_second": round(spent[name] / sound_seconds, 5),
                "cer": round(_error_rate(recordings, heard[name]), 4),
            }
            for name in ("ours", "stock")
        },
    }


def _ours(model: WhisperModel, recordings: Sequence[Recording], batch: int) -> list[str]:
    # Neighbours in length share a window, as the pool's queue has it.
    by_length = sorted(range(len(recordings)), key=lambda index: len(recordings[index].samples))
    texts = [""] * len(recordings)
    for begin in range(0, len(by_length), batch):
        places = by_length[begin : begin + batch]
        decoded = model.decode([recordings[place].samples for place in places])
        for place, transcript in zip(places, decoded, strict=True):
            texts[place] = transcript.text
    return texts


def _stock(model: Any, recordings: Sequence[Recording]) -> list[str]:  # noqa: ANN401 - untyped library
    texts = []
    for recording in recordings:
        segments, _ = model.transcribe(
            recording.samples,
            language="ja",
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        texts.append("".join(segment.text for segment in segments))
    return texts


def _error_rate(recordings: Sequence[Recording], heard: Sequence[str]) -> float:
    spoken = zip(recordings, heard, strict=True)
    return total(character_errors(recording.text, text) for recording, text in spoken).rate or 0.0
