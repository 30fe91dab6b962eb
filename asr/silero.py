"""Adapter: voice activity by Silero v6, the model file that faster-whisper brings along.

One session serves every track; a track keeps only its own state (4 kB).
Measured: 60 µs a window, so the 64 tracks of 32 calls cost an eighth of a core.
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
from asr.types import WINDOW_SAMPLES, Samples

_CONTEXT_SAMPLES: Final = 64
"""The model hears the end of the window before."""
_STATE_SHAPE: Final = (1, 1, 128)
_SILENT_ENERGY: Final = WINDOW_SAMPLES * (10 / 32_768) ** 2
"""Below -70 dBFS. A line without sound: zeros, or A-law's idle code, which is 8 of 32768."""
_WINDOWS_TO_SETTLE: Final = 8
_QUIET_PROBABILITY: Final = 0.1
_QUIET_WINDOWS: Final = 128
"""4 s without speech, after which the model's memory is emptied; see ``SileroTrack``."""

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
        self, output_names: None, input_feed: dict[str, NDArray[np.float32]], /
    ) -> Sequence[NDArray[np.float32]]: ...


class SileroModel:
    """The loaded model. Tracks may run in different threads."""

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
        with _translated(ModelCorrupt, f"{where}: not a voice activity model; install it again"):
            session = onnxruntime.InferenceSession(
                str(where), options, providers=["CPUExecutionProvider"]
            )
        if {tensor.name for tensor in session.get_inputs()} != {"input", "h", "c"}:
            raise ModelCorrupt(f"{where}: another model than Silero v6; install it again")
        return cls(session)

    def new_track(self) -> SileroTrack:
        """Return a model that has heard nothing yet, for one track of one call."""
        return SileroTrack(self._session)


class SileroTrack:
    """Voice activity of one track, window after window.

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

    __slots__ = ("_c", "_h", "_heard", "_probability", "_quiet_run", "_session", "_silent_run")

    def __init__(self, session: _Session) -> None:
        self._session = session
        self._heard = np.zeros((1, _CONTEXT_SAMPLES + WINDOW_SAMPLES), dtype=np.float32)
        self._probability = 0.0
        self._silent_run = 0
        self._quiet_run = 0
        self._h = self._c = np.zeros(_STATE_SHAPE, dtype=np.float32)

    def probability(self, samples: Samples) -> float:
        """Return how likely it is, 0..1, that the 512 *samples* hold speech.

        Raises:
            VoiceActivityFailed: the model failed; the next window may work.
            ValueError: there are not 512 samples.
        """
        if samples.shape != (WINDOW_SAMPLES,):
            raise ValueError(f"a window has {WINDOW_SAMPLES} samples, not {samples.shape}")
        silent = float(np.dot(samples, samples)) < _SILENT_ENERGY
        self._silent_run = self._silent_run + 1 if silent else 0
        if self._silent_run > _WINDOWS_TO_SETTLE and self._probability < _QUIET_PROBABILITY:
            return self._probability

        self._heard[0, :_CONTEXT_SAMPLES] = self._heard[0, -_CONTEXT_SAMPLES:]
        self._heard[0, _CONTEXT_SAMPLES:] = samples
        with _translated(VoiceActivityFailed, "voice activity could not be computed"):
            speech, self._h, self._c = self._session.run(
                None, {"input": self._heard, "h": self._h, "c": self._c}
            )
        self._probability = float(speech.item())
        self._quiet_run = self._quiet_run + 1 if self._probability < _QUIET_PROBABILITY else 0
        if self._quiet_run == _QUIET_WINDOWS:
            self._h = self._c = np.zeros(_STATE_SHAPE, dtype=np.float32)
            self._quiet_run = 0
        return self._probability
