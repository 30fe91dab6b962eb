"""Adapter: Whisper through CTranslate2, in windows as short as the speech allows.

faster-whisper pads everything to 30 s; one sentence of a call needs a third of that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

import ctranslate2
import numpy as np
from numpy.typing import NDArray

from asr.errors import (
    AsrError,
    DeviceUnusable,
    ModelCorrupt,
    ModelNotFound,
    TranscriptionFailed,
)
from asr.plausibility import letters_of, too_fast
from asr.search import MOST_ALTERNATIVES, Search, search_for
from asr.spectrogram import Spectrograph, Window
from asr.trimmed_model import TRIM_AT_MOST_BYTES, trim_to_japanese
from asr.types import MODEL_RATE_HZ, Effort, RawTranscript, Samples
from asr.vocabulary import Vocabulary
from asr.windowing import (
    FULL_WINDOW_FRAMES,
    FULL_WINDOW_SAMPLES,
    SHORTEST_SAMPLES,
    token_bound,
    windows,
)

PROMPT: Final = ("<|startoftranscript|>", "<|ja|>", "<|transcribe|>", "<|notimestamps|>")
"""The same for everyone: one different prompt makes CTranslate2 refuse the whole batch."""

_MAX_LENGTH: Final = 448
"""Whisper's text context, prompt included."""

_NOTHING_HEARD: Final = RawTranscript(
    text="", avg_logprob=0.0, no_speech_probability=1.0, token_count=0
)


class _Generated(Protocol):
    """What CTranslate2 returns for one of a batch, which it does not type."""

    sequences_ids: list[list[int]]
    scores: list[float]
    no_speech_prob: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WhisperConfig:
    device: str = "cpu"
    compute_type: str = "int8"
    japanese_only: bool = True
    """Leave out the tokens of other languages, if the model is small enough to do it in memory."""
    beam_size: int = 1
    """Of a thorough decode; a quick one follows one reading (``asr.search``)."""

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ValueError("beam_size must be at least 1")


class WhisperModel:
    """One single-threaded model: made for a process of its own.

    Repetition filters stay off: they delete 「死ね死ね死ね」. A decoder that runs away is bounded by
    the length of the sound instead, tried once more, and then believed as far as it got.
    """

    def __init__(self, directory: Path, *, name: str, config: WhisperConfig | None = None) -> None:
        """
        Raises:
            ModelNotFound: *directory* lacks one of a model's files.
            ModelCorrupt: it has them, but they cannot be loaded.
            DeviceUnusable: this machine cannot compute as it is asked to.
        """
        self._name = name
        self._config = config or WhisperConfig()
        tokens: Sequence[str] = _read_tokens(directory)
        with TemporaryDirectory(prefix="mimamori-model-") as scratch:
            source = directory
            if self._config.japanese_only and (
                kept := _trim_into(Path(scratch), directory, tokens)
            ):
                source, tokens = Path(scratch), kept
            self._model = self._load(source, directory)
        self._vocabulary = Vocabulary(tokens)
        self._spectrograph = Spectrograph(self._model.n_mels)

    def _load(self, source: Path, directory: Path) -> ctranslate2.models.Whisper:
        try:
            return ctranslate2.models.Whisper(
                str(source),
                device=self._config.device,
                compute_type=self._config.compute_type,
                inter_threads=1,
                intra_threads=1,
            )
        except (RuntimeError, ValueError) as error:
            raise _why_not_loaded(error, directory, self._config) from error

    @property
    def _on_a_card(self) -> bool:
        return self._config.device != "cpu"

    @property
    def name(self) -> str:
        return self._name

    def decode(
        self, batch: Sequence[Samples], effort: Effort = Effort.THOROUGH
    ) -> list[RawTranscript]:
        return self.look(batch, search_for(effort, self._config.beam_size))

    def look(self, batch: Sequence[Samples], search: Search) -> list[RawTranscript]:
        """Decode as *search* says, for those who compare searches.

        Raises:
            TranscriptionFailed: none of the batch could be decoded.
        """
        with _foreign_errors():
            heard = [
                index for index, samples in enumerate(batch) if samples.size >= SHORTEST_SAMPLES
            ]
            clean = [_clean(batch[index]) for index in heard]
            transcripts = [_NOTHING_HEARD] * len(batch)
            for index, transcript in zip(heard, self._decode_once(clean, search), strict=True):
                transcripts[index] = transcript
            for index, samples in zip(heard, clean, strict=True):
                if _ran_away(transcripts[index], samples):
                    transcripts[index] = self._decode_again(samples, transcripts[index], search)
            return [
                replace(transcript, truncated=True)
                if samples.size > FULL_WINDOW_SAMPLES
                else transcript
                for transcript, samples in zip(transcripts, batch, strict=True)
            ]

    def _decode_again(
        self, samples: Samples, first: RawTranscript, search: Search
    ) -> RawTranscript:
        """Give a sentence that ran away the full window, in which the model was trained."""
        second = self._decode_once([samples], search, frames=FULL_WINDOW_FRAMES)[0]
        if _ran_away(second, samples) and second.avg_logprob < first.avg_logprob:
            return first
        return second

    def _decode_once(
        self, batch: Sequence[Samples], search: Search, *, frames: int | None = None
    ) -> list[RawTranscript]:
        if not batch:
            return []
        limits = search.limits
        counts = [samples.size for samples in batch]
        lengths = windows(counts, limits, together=self._on_a_card)
        encoded = self._encode(
            [
                self._spectrograph.window(samples, frames or length)
                for samples, length in zip(batch, lengths, strict=True)
            ]
        )
        bounds = [token_bound(samples.size, limits) for samples in batch]
        results = self._model.generate(
            encoded,
            [list(PROMPT)] * len(batch),
            beam_size=search.beam_size,
            num_hypotheses=search.hypotheses,
            # With the usual penalty of 1 a beam of 5 finds longer and worse sentences: .232, not .227.
            length_penalty=0.0,
            max_length=min(_MAX_LENGTH, len(PROMPT) + max(bounds)),
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [
            self._transcript(result, bound) for result, bound in zip(results, bounds, strict=True)
        ]

    def _encode(self, heard: Sequence[Window]) -> ctranslate2.StorageView:
        if self._on_a_card:
            return self._model.encode(_view(np.concatenate(heard)))
        # One by one, each as long as it needs: a window for all costs a mixed batch a sixth more, and
        # batches of two or four save nothing.
        return _view(
            in_one_length([np.array(self._model.encode(_view(window))) for window in heard])
        )

    def _transcript(self, result: _Generated, bound: int) -> RawTranscript:
        token_ids = result.sequences_ids[0]
        text, *others = (self._vocabulary.text(ids) for ids in result.sequences_ids)
        # Without a length penalty the score is the sum over the tokens and the end mark.
        logprob = float(result.scores[0]) / (len(token_ids) + 1)
        return RawTranscript(
            text=text,
            avg_logprob=logprob,
            no_speech_probability=float(result.no_speech_prob),
            token_count=len(token_ids),
            truncated=len(token_ids) >= bound,
            hypotheses=other_readings(text, others),
        )


def _why_not_loaded(error: Exception, directory: Path, config: WhisperConfig) -> AsrError:
    """Return what to tell of *error*; the library has one type for all of them."""
    said = str(error)
    if "compute type" in said:
        return DeviceUnusable(
            f"{config.device} does not compute in {config.compute_type} ({said}): set "
            "MIMAMORI_ASR__COMPUTE_TYPE to auto"
        )
    if config.device != "cpu" and re.search("cuda|cublas|cudnn|gpu", said, re.IGNORECASE):
        return DeviceUnusable(
            f"the card cannot be used ({said}): check that nvidia-smi shows it and that CUDA 12 "
            "with libcublas.so.12 is installed, or set MIMAMORI_ASR__DEVICE to cpu"
        )
    return ModelCorrupt(
        f"{directory} cannot be loaded as a CTranslate2 Whisper model ({said}); "
        "delete it and start again, or set MIMAMORI_ASR__MODEL to another"
    )


def other_readings(text: str, others: Sequence[str]) -> tuple[str, ...]:
    """Return those of *others* that differ in a letter from *text* and from each other."""
    by_letters = {letters_of(other): other for other in reversed(others)}
    by_letters.pop(letters_of(text), None)
    by_letters.pop("", None)
    return tuple(reversed(by_letters.values()))[:MOST_ALTERNATIVES]


def _ran_away(transcript: RawTranscript, samples: Samples) -> bool:
    return transcript.truncated or too_fast(transcript.text, samples.size * 1000 // MODEL_RATE_HZ)


def _clean(samples: Samples) -> Samples:
    """Return *samples* as the model can take them: at most 30 s, -1 to 1, one run of memory."""
    cut = np.asarray(samples[:FULL_WINDOW_SAMPLES], dtype=np.float32)
    return np.clip(np.nan_to_num(cut), -1.0, 1.0)


def in_one_length(encoded: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return *encoded*, each [1, rows, width], as one array; the silence that ends the shorter goes on."""
    rows = max(one.shape[1] for one in encoded)
    return np.concatenate(
        [np.pad(one, ((0, 0), (0, rows - one.shape[1]), (0, 0)), mode="edge") for one in encoded]
    )


def _view(array: NDArray[np.float32]) -> ctranslate2.StorageView:
    return ctranslate2.StorageView.from_array(np.ascontiguousarray(array))


def _trim_into(scratch: Path, directory: Path, tokens: Sequence[str]) -> tuple[str, ...] | None:
    """Write the model without other languages to *scratch* and return the tokens it has left.

    ``None`` when it must be used as it is. It goes through files because CTranslate2 keeps a copy
    of what it is given in memory: 66 MB more for each recogniser.
    """
    model = directory / "model.bin"
    try:
        if model.stat().st_size > TRIM_AT_MOST_BYTES:
            return None
        config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        trimmed = trim_to_japanese(model.read_bytes(), config, tokens)
        for name, content in trimmed.files.items():
            (scratch / name).write_bytes(content)
    except (OSError, ValueError):
        # Also UnknownLayout. Loading it untrimmed says better what is wrong with it, if anything.
        return None
    return trimmed.tokens


def _read_tokens(directory: Path) -> list[str]:
    as_json, as_text = directory / "vocabulary.json", directory / "vocabulary.txt"
    try:
        if as_json.is_file():
            return [str(token) for token in json.loads(as_json.read_text(encoding="utf-8"))]
        # Not splitlines(): a token may be one of the characters that Unicode calls a line end.
        return as_text.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except OSError as error:
        raise ModelNotFound(
            f"{directory} holds no vocabulary.json or vocabulary.txt; set MIMAMORI_ASR__MODEL to a "
            "directory with a CTranslate2 Whisper model"
        ) from error
    except ValueError as error:
        raise ModelCorrupt(
            f"the vocabulary in {directory} cannot be read; fetch it again"
        ) from error


@contextmanager
def _foreign_errors() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, ValueError, MemoryError) as error:
        # The library's message names shapes and files, never words.
        raise TranscriptionFailed(f"the model could not decode the sound: {error}") from error
