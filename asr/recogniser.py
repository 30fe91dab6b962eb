"""Glue: the recogniser process, ``python -m asr.recogniser --model DIR --name NAME``.

Reads requests from standard input, writes answers to standard output (``asr.wire``), one at a
time, and ends when its input does: a server that was killed leaves none of these behind.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from asr.errors import AsrError, TranscriptionFailed
from asr.ports import SpeechModel
from asr.types import MODEL_RATE_HZ, Effort, RawTranscript, Samples
from asr.wire import (
    PREFIX,
    Decoded,
    DecodeRequest,
    GaveUp,
    Message,
    Ready,
    decode,
    encode,
    lengths,
)

EXIT_GAVE_UP: Final = 3
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_MAX: Final = -4


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # Ctrl-C reaches the whole group: the server decides when this process ends.
    # A service manager stops it the same way; what was accepted is still to be judged.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(options.nice)
    requests, answers = take_over_stdio()

    def load() -> SpeechModel:
        # Imported late, so that a broken installation is told to the pool, not only to a log.
        from asr.whisper import WhisperConfig, WhisperModel

        config = WhisperConfig(
            device=options.device,
            compute_type=options.compute_type,
            beam_size=options.beam_size,
        )
        return WhisperModel(options.model, name=options.name, config=config)

    return serve(load, requests, answers)


def serve(load: Callable[[], SpeechModel], requests: BinaryIO, answers: BinaryIO) -> int:
    """Answer *requests* until they end; return the exit status."""

    def answer(message: Message) -> None:
        answers.write(encode(message))
        answers.flush()

    try:
        model = load()
        # The first decode allocates what every later one uses again.
        model.decode([np.zeros(MODEL_RATE_HZ, dtype=np.float32)])
        keep_freed_memory()
    except (AsrError, ImportError) as error:
        answer(GaveUp(str(error)))
        return EXIT_GAVE_UP
    answer(Ready(model.name))
    while (request := read_message(requests)) is not None:
        if not isinstance(request, DecodeRequest):
            return EXIT_GAVE_UP
        transcripts = decode_all(model, request.batch, request.effort)
        answer(Decoded(request.request_id, transcripts, resident_bytes()))
    return 0


def decode_all(
    model: SpeechModel, batch: Sequence[Samples], effort: Effort
) -> tuple[RawTranscript | None, ...]:
    """Decode *batch* at once, or one by one when that fails: one bad segment costs only itself."""
    try:
        return tuple(model.decode(batch, effort))
    except TranscriptionFailed as error:
        # The reason names shapes and files, never words.
        print(f"recogniser: {error}", file=sys.stderr, flush=True)  # noqa: T201
        if len(batch) == 1:
            return (None,)
    return tuple(decode_all(model, [samples], effort)[0] for samples in batch)


def read_message(requests: BinaryIO) -> Message | None:
    """Return the next message, or ``None`` when the server has closed its end."""
    prefix = requests.read(PREFIX.size)
    if len(prefix) < PREFIX.size:
        return None
    header_bytes, body_bytes = lengths(prefix)
    header, body = requests.read(header_bytes), requests.read(body_bytes)
    if len(header) < header_bytes or len(body) < body_bytes:
        return None
    return decode(header, body)


def take_over_stdio() -> tuple[BinaryIO, BinaryIO]:
    """Return the two ends of the conversation; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, answers


def resident_bytes() -> int:
    """Return this process's memory; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def keep_freed_memory() -> None:
    """Let malloc keep the attention matrices' pages from one segment to the next.

    Returning and fetching them costs a batch of eight a third of its encoder's time. Called after
    the model is loaded, because the 145 MB file that is read then must go back.
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.malloc_trim(0)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 512 << 20)
    except (OSError, AttributeError):
        return  # Not glibc: slower, not wrong.


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="asr.recogniser", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="directory of the model")
    parser.add_argument("--name", required=True, help="stored with every transcript")
    parser.add_argument("--nice", type=int, default=5, help="0..19; sockets go before words")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--compute-type", default="int8")
    parser.add_argument("--beam-size", type=int, default=1, help="of a thorough decode")
    return parser


if __name__ == "__main__":
    sys.exit(main())
