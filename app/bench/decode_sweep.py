"""Glue: what each setting of the decoder costs and how well it hears, stock faster-whisper beside them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

import faster_whisper
import numpy as np
from rich.table import Table

from app.bench.comparison import Decode, Hearing, Measured, compare, report, stock_decode
from app.bench.recordings import Recording, load_recordings
from app.bootstrap import prepare_model
from app.settings import Settings
from asr.search import QUICK, Search
from asr.types import RawTranscript, Samples
from asr.windowing import FULL_WINDOW_FRAMES, WindowLimits

STOCK: Final = "stock, greedy"
_TAKE_NOISE: Final = 2e-5
"""-94 dBFS, a twelfth of mu-law's smallest step."""
_TAKE_SHIFT_SAMPLES: Final = 160
_TAKE_SEED: Final = 33


class Searching(Protocol):
    """A recogniser that can be told how to search."""

    def look(self, batch: Sequence[Samples], search: Search) -> list[RawTranscript]: ...


LoadModel = Callable[[Path, str, str], Searching]
"""From a directory, a name and a type to compute in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One way to decode."""

    name: str
    search: Search = field(default_factory=Search)
    batch: int = 8
    alike: bool = True
    """Batches of neighbours in length; otherwise as they come."""
    compute_type: str = "int8"


def _window(floor: int, margin: int) -> Search:
    return Search(limits=WindowLimits(floor_frames=floor, margin_frames=margin))


WINDOWS: Final = (
    *((floor, 200) for floor in (300, 400, 500, 600, 750, 1_000, FULL_WINDOW_FRAMES)),
    *((750, margin) for margin in (50, 100, 150, 300)),
    *((floor, 100) for floor in (500, 600, 700)),
)

SETTINGS: Final = (
    *(Setting(name=f"window {f}/{m}", search=_window(f, m)) for f, m in WINDOWS),
    *(Setting(name=f"batch of {n}", batch=n) for n in (1, 4, 16)),
    *(Setting(name=f"batch of {n}, mixed", batch=n, alike=False) for n in (4, 8, 16)),
    *(Setting(name=f"beam {n}", search=Search(beam_size=n)) for n in (2, 3, 5)),
    *(Setting(name=kind, compute_type=kind) for kind in ("int8_float32", "float32")),
    Setting(name="quick", search=QUICK),
    Setting(name="quick, batch of 16", search=QUICK, batch=16),
    Setting(name="thorough", search=Search(beam_size=5)),
)


def chosen(names: Sequence[str]) -> tuple[Setting, ...]:
    """Return the settings whose name begins with one of *names*; all for none."""
    return tuple(s for s in SETTINGS if not names or s.name.startswith(tuple(names)))


def takes(recordings: Iterable[Recording], count: int) -> list[Recording]:
    """Return each recording *count* times, a little shifted and with noise that nobody hears.

    The decoder is chaotic: a difference in the sixteenth bit changes a third of its sentences and
    the error rate of 160 by .01. Several takes show the setting instead of the luck.
    """
    return [_take(recording, number) for recording in recordings for number in range(1, count + 1)]


def _take(recording: Recording, number: int) -> Recording:
    if number == 1:
        return recording
    key = [_TAKE_SEED, number, *recording.utterance_id.encode()]
    rng = np.random.default_rng(key)
    shifted = recording.samples[int(rng.integers(_TAKE_SHIFT_SAMPLES)) :]
    noise = rng.normal(0.0, _TAKE_NOISE, shifted.size).astype(np.float32)
    return replace(
        recording, utterance_id=f"{recording.utterance_id}#{number}", samples=shifted + noise
    )


def measure_sweep(
    wav_dir: Path,
    utterances: Path,
    settings: Sequence[Setting],
    take_count: int,
    load: LoadModel,
    on_progress: Callable[[float], None],
) -> dict[str, Any]:
    """Return what each of *settings* costs and mishears, beside stock faster-whisper on the same sound."""
    recordings = takes(load_recordings(wav_dir, utterances), take_count)
    model = prepare_model(Settings())
    decoders = {
        STOCK: _stock(model.path, beam_size=1),
        "stock, beam 5": _stock(model.path, beam_size=5),
        **_ours(load, model.path, model.name, settings),
    }
    for decode in decoders.values():
        decode(recordings[:1])  # the first decode allocates; it belongs to nobody
    return {
        "model": model.name,
        "takes": take_count,
        "settings": rows(recordings, compare(recordings, decoders, 1, on_progress)),
    }


def rows(
    recordings: Sequence[Recording], measured: Mapping[str, Measured]
) -> dict[str, dict[str, Any]]:
    """Return one row a decoder, compared with ``STOCK``."""
    table = {}
    for name, one in measured.items():
        figures = report(recordings, one, measured[STOCK], rounds=1)
        table[name] = {
            **{k: figures["ours"][k] for k in ("core_seconds_per_second", "cer", "cer_capped")},
            **{k: figures[k] for k in ("times_cheaper", "cer_difference", "cer_capped_difference")},
        }
    return table


def sweep_table(result: dict[str, Any]) -> Table:
    """Return the rows for people."""
    table = Table(
        "", "CPU 秒 / 音声秒", "標準の 1/", "文字誤り率", "1 発話 100 % まで", "標準との差"
    )
    for name, row in result["settings"].items():
        apart = row["cer_difference"]
        table.add_row(
            name,
            f"{row['core_seconds_per_second']:.4f}",
            f"{row['times_cheaper']:.1f}",
            f"{row['cer']:.3f}",
            f"{row['cer_capped']:.3f}",
            f"{apart['ours_minus_stock']:+.3f} ({apart['low']:+.3f} 〜 {apart['high']:+.3f})"
            + ("" if apart["clear"] else " 差なし"),
        )
    return table


def start_over_single_threaded(wanted: Mapping[str, str]) -> None:
    """Begin this command again in the environment *wanted*, a recogniser's, if it is not in it.

    NumPy reads OMP_NUM_THREADS when it is imported. With two threads its spectrogram costs 8 ms a
    sentence instead of 0.6, which would be counted as recognition.
    """
    if os.environ.get("OMP_NUM_THREADS") != wanted["OMP_NUM_THREADS"]:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], wanted)  # noqa: S606 - ourselves


def _ours(
    load: LoadModel, directory: Path, name: str, settings: Sequence[Setting]
) -> dict[str, Decode]:
    models = {
        kind: load(directory, name, kind)
        for kind in sorted({setting.compute_type for setting in settings})
    }
    return {setting.name: _decoder(models[setting.compute_type], setting) for setting in settings}


def _decoder(model: Searching, setting: Setting) -> Decode:
    def decode(recordings: Sequence[Recording]) -> list[Hearing]:
        places = list(range(len(recordings)))
        if setting.alike:
            places.sort(key=lambda place: len(recordings[place].samples))
        hearings = [Hearing("")] * len(recordings)
        for begin in range(0, len(places), setting.batch):
            batch = places[begin : begin + setting.batch]
            heard = model.look([recordings[place].samples for place in batch], setting.search)
            for place, transcript in zip(batch, heard, strict=True):
                hearings[place] = Hearing(transcript.text)
        return hearings

    return decode


def _stock(directory: Path, *, beam_size: int) -> Decode:
    model: Any = faster_whisper.WhisperModel(
        str(directory), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1
    )
    return stock_decode(model, beam_size=beam_size)
