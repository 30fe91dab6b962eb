"""Glue: what recognition costs and how well it hears, stock faster-whisper beside it in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import faster_whisper

from app.bench.comparison import Decode, Hearing, compare, report, stock_decode
from app.bench.recordings import Recording, load_recordings
from app.bootstrap import compute_type, prepare_model
from app.settings import AsrSettings, Settings
from asr.plausibility import judge
from asr.types import MODEL_RATE_HZ, Effort
from asr.whisper import WhisperConfig, WhisperModel

DIFFERENCES: Final = ("cer_difference", "cer_capped_difference")
_ALL_VOICE: Final = 1.0
"""A recording is one utterance: no voice activity has looked at it."""


def measure_recognition(
    wav_dir: Path, utterances: Path, batch: int, rounds: int, on_progress: Callable[[float], None]
) -> dict[str, Any]:
    """Return ``{"ours": {…}, "stock": {…}, "quick": {…}, …}``: core-seconds per second, CER, how they differ.

    *ours* is what recognition does while there is time, *quick* what it falls to under
    load; that decides how many calls a machine bears.
    """
    settings = Settings()
    recordings = load_recordings(wav_dir, utterances)
    model = prepare_model(settings)
    loaded = WhisperModel(model.path, name=model.name, config=whisper_config(settings.asr))
    decoders = {
        "ours": _ours(loaded, batch, Effort.THOROUGH),
        "stock": _stock(model.path, settings.asr),
        "quick": _ours(loaded, batch, Effort.QUICK),
    }
    for decode in decoders.values():
        decode(recordings[:1])  # the first decode allocates; it belongs to none of them
    measured = compare(recordings, decoders, rounds, on_progress)
    figures = report(recordings, measured["ours"], measured["stock"], rounds)
    quick = report(recordings, measured["quick"], measured["stock"], rounds)
    apart = {key: quick[key] for key in ("times_cheaper", *DIFFERENCES)}
    return {
        "model": model.name,
        "batch": batch,
        **figures,
        "quick": {**quick["ours"], **apart},
    }


def whisper_config(settings: AsrSettings) -> WhisperConfig:
    """Return what the server gives its recognisers."""
    return WhisperConfig(
        device=settings.device,
        compute_type=compute_type(settings),
        beam_size=settings.beam_size,
    )


def _ours(model: WhisperModel, batch: int, effort: Effort) -> Decode:
    def decode(recordings: Sequence[Recording]) -> list[Hearing]:
        # Neighbours in length share a window, as the pool's queue has it.
        by_length = sorted(range(len(recordings)), key=lambda index: len(recordings[index].samples))
        hearings = [Hearing("")] * len(recordings)
        for begin in range(0, len(by_length), batch):
            places = by_length[begin : begin + batch]
            decoded = model.decode([recordings[place].samples for place in places], effort)
            for place, raw in zip(places, decoded, strict=True):
                duration_ms = len(recordings[place].samples) * 1000 // MODEL_RATE_HZ
                judged = judge(
                    raw, duration_ms=duration_ms, voice_ratio=_ALL_VOICE, model_name=model.name
                )
                hearings[place] = Hearing(judged.text, bool(judged.doubts))
        return hearings

    return decode


def _stock(directory: Path, settings: AsrSettings) -> Decode:
    model: Any = faster_whisper.WhisperModel(
        str(directory),
        device=settings.device,
        compute_type=compute_type(settings),
        cpu_threads=1,
        num_workers=1,
    )
    return stock_decode(model, beam_size=1)
