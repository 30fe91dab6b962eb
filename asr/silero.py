"""Adapter: voice activity by Silero v6, the model file that faster-whisper brings along.

One session serves every track; a track keeps only its own state (1.3 kB). Measured, all
included: 8 µs a window where 64 tracks or more are judged together, 70 µs for a track by itself.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from asr.errors import AsrError, ModelCorrupt, ModelNotFound, VoiceActivityFailed
from asr.onnx_file import NotOnnx
from asr.silero_graph import HEARD_SAMPLES, MEMORY, for_many_tracks
from asr.types import WINDOW_SAMPLES, Samples

_BEFORE_SAMPLES: Final = HEARD_SAMPLES - WINDOW_SAMPLES
"""The model hears the end of the window before."""
_SILENT_ENERGY: Final = WINDOW_SAMPLES * (10 / 32_768) ** 2
"""Below -70 dBFS. A line without sound: zeros, or A-law's idle code, which is 8 of 32768."""
_WINDOWS_TO_SETTLE: Final = 8
_QUIET_PROBABILITY: Final = 0.1
_QUIET_WINDOWS: Final = 128
"""4 s without speech, after which the model's memory is emptied; see ``SileroTracks``."""
_TRACK: Final = np.dtype(
    [
        ("h", np.float32, MEMORY),
        ("c", np.float32, MEMORY),
        ("before", np.float32, _BEFORE_SAMPLES),
        ("probability", np.float32),
        ("silent_run", np.int32),
        ("quiet_run", np.int32),
    ]
)
"""What is known of a track: the model's two memories, the last sound and answer, how long it was quiet."""
_PLACES: Final = 128
"""Tracks for which room is made at first: 0.2 MB."""
_MOST_AT_ONCE: Final = 64
"""Windows in one run of the model; 128 cost the same and 5 MB more."""

ONNX_ERRORS: Final[tuple[type[Exception], ...]] = tuple(
    member
    for member in vars(onnx_errors).values()
    if isinstance(member, type) and issubclass(member, Exception)
)
"""Whatever onnxruntime raises; its exceptions have no common root of their own."""


@contextmanager
def _translated(error: type[AsrError], message: str) -> Iterator[None]:
    try:
        yield
    except ONNX_ERRORS as cause:
        raise error(message) from cause


def model_path() -> Path:
    """Return where the model file lies, without importing faster-whisper (1 s and 100 MB).

    Raises:
        ModelNotFound: faster-whisper is not installed.
    """
    package = importlib.util.find_spec("faster_whisper")
    if package is None or not package.submodule_search_locations:
        raise ModelNotFound("faster-whisper is not installed; install mimamori again")
    return Path(package.submodule_search_locations[0]) / "assets" / "silero_vad_v6.onnx"


class _Session(Protocol):
    """What is used of an onnxruntime session, which brings no types."""

    def run(
        self, output_names: Sequence[str], input_feed: dict[str, NDArray[np.float32]], /
    ) -> Sequence[NDArray[np.float32]]: ...


class SileroModel:
    """The loaded model. What was made by different calls of its methods may run in different threads."""

    def __init__(self, session: _Session) -> None:
        self._session = session

    @classmethod
    def load(cls, path: Path | None = None) -> SileroModel:
        """Load the model from *path*, or the one that was installed.

        Raises:
            ModelNotFound: there is no such file.
            ModelCorrupt: the file is not this model.
        """
        where = path or model_path()
        if not where.is_file():
            raise ModelNotFound(f"{where}: no voice activity model; install faster-whisper again")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Waiting threads would burn the cores that the recognisers need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The arena saves no time here and costs 18 MB.
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        wrong = f"{where}: not the voice activity model Silero v6; install faster-whisper again"
        try:
            model = for_many_tracks(where.read_bytes())
        except NotOnnx as cause:
            raise ModelCorrupt(wrong) from cause
        with _translated(ModelCorrupt, wrong):
            session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        return cls(session)

    def new_track(self) -> SileroTrack:
        """Return a model that has heard nothing yet, for one track of one call."""
        return SileroTrack(self._session)

    def many_tracks(self) -> SileroTracks:
        """Return a model for the tracks of all calls."""
        return SileroTracks(self._session)


class SileroTracks:
    """Voice activity of many tracks, one window of each at a time.

    Whoever is judged together, a track gets the answers that it would get alone.

    The model's memory drifts while nobody speaks, and then it overlooks speech:
    after 32 s of office noise it called 393 windows of a recording speech that it
    calls 461 when fresh. So the memory is emptied after every 4 s without speech
    (459 windows; in 142 s of office noise no window reached 0.5).

    A line that carries no sound is not judged again and again: after eight
    silent windows in a row (256 ms) the last answer and the memory are kept as
    they are until there is sound. Speech behind 96 s of such silence is found
    as well as without it (1443 windows of 1445; 1398 if the silence is judged).

    Until one of the two happens, the answers are exactly the model's own.
    """

    __slots__ = ("_c", "_free", "_h", "_heard", "_session", "_tracks")

    def __init__(self, session: _Session, *, places: int = _PLACES) -> None:
        self._session = session
        self._free = list(range(places))
        self._tracks = np.zeros(places, dtype=_TRACK)
        # What the model is given; always the same, so that no run makes room anew.
        together = min(places, _MOST_AT_ONCE)
        self._heard = np.empty((together, HEARD_SAMPLES), dtype=np.float32)
        self._h = np.empty((1, together, MEMORY), dtype=np.float32)
        self._c = np.empty((1, together, MEMORY), dtype=np.float32)

    def open(self) -> int:
        """Return a place for a track of which nothing was heard yet."""
        if not self._free:
            places = len(self._tracks)
            self._free.extend(range(places, 2 * places))
            self._tracks = np.concatenate((self._tracks, np.zeros(places, dtype=_TRACK)))
        place = self._free.pop()
        self._tracks[place] = np.zeros((), dtype=_TRACK)
        return place

    def close(self, place: int) -> None:
        """Forget the track; its place is for whoever comes next."""
        self._free.append(place)

    def probabilities(self, places: Sequence[int], windows: Samples) -> list[float]:
        """Return how likely it is, 0..1, that each of *windows* [N, 512] holds speech.

        They belong to the tracks of *places*, of which none comes twice.

        Raises:
            VoiceActivityFailed: the model failed; the next windows may work.
            ValueError: there are not 512 samples for each place.
        """
        if windows.shape != (len(places), WINDOW_SAMPLES):
            raise ValueError(f"a window has {WINDOW_SAMPLES} samples, not {windows.shape}")
        where = np.array(places, dtype=np.intp)
        most = len(self._heard)
        for begin in range(0, len(where), most):
            self._judge(where[begin : begin + most], windows[begin : begin + most])
        answers: list[float] = self._tracks["probability"][where].tolist()
        return answers

    def _judge(self, places: NDArray[np.intp], windows: Samples) -> None:
        tracks = self._tracks
        silent = np.einsum("ij,ij->i", windows, windows) < _SILENT_ENERGY
        silent_run = np.where(silent, tracks["silent_run"][places] + 1, 0)
        tracks["silent_run"][places] = silent_run
        judged = silent_run <= _WINDOWS_TO_SETTLE
        judged |= tracks["probability"][places] >= _QUIET_PROBABILITY
        if not judged.all():
            places, windows = places[judged], windows[judged]
        if len(places):
            self._ask_model(places, windows)

    def _ask_model(self, places: NDArray[np.intp], windows: Samples) -> None:
        tracks, count = self._tracks, len(places)
        heard, h, c = self._heard[:count], self._h[:, :count], self._c[:, :count]
        heard[:, :_BEFORE_SAMPLES] = tracks["before"][places]
        heard[:, _BEFORE_SAMPLES:] = windows
        tracks["before"][places] = windows[:, -_BEFORE_SAMPLES:]
        h[0], c[0] = tracks["h"][places], tracks["c"][places]
        with _translated(VoiceActivityFailed, "voice activity could not be computed"):
            speech, h, c = self._session.run(
                ("speech", "hn", "cn"), {"heard": heard, "h": h, "c": c}
            )
        tracks["h"][places], tracks["c"][places] = h[0], c[0]
        tracks["probability"][places] = speech
        quiet_run = np.where(speech < _QUIET_PROBABILITY, tracks["quiet_run"][places] + 1, 0)
        full = quiet_run == _QUIET_WINDOWS
        if full.any():
            quiet_run[full] = 0
            tracks["h"][places[full]] = tracks["c"][places[full]] = 0
        tracks["quiet_run"][places] = quiet_run


class SileroTrack:
    """Voice activity of one track by itself, window after window; see ``SileroTracks``."""

    __slots__ = ("_place", "_tracks")

    def __init__(self, session: _Session) -> None:
        self._tracks = SileroTracks(session, places=1)
        self._place = (self._tracks.open(),)

    def probability(self, samples: Samples) -> float:
        """Return how likely it is, 0..1, that the 512 *samples* hold speech.

        Raises:
            VoiceActivityFailed: the model failed; the next window may work.
            ValueError: there are not 512 samples.
        """
        return self._tracks.probabilities(self._place, samples[np.newaxis])[0]
