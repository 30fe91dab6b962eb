"""Glue: a recogniser process without a model, for tests of the pool; it obeys the sound it is given.

The first sample of a segment is an order, the second a number. ``SAY`` answers 「ことば<number>」; ``DIE``
ends the process at once; ``HANG`` never answers; ``FAIL`` cannot be decoded. With ``--once FILE`` an
order to die or hang is obeyed only until FILE exists, and the segment is answered afterwards; where
FILE is a directory, once for each number. With ``--tell FIFO`` the process says through FIFO that it
is about to hang. With ``--gate FILE`` it gives up at the start as long as FILE is not there.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from asr.errors import ModelNotFound, TranscriptionFailed
from asr.recogniser import serve, take_over_stdio
from asr.types import Cut, Effort, RawTranscript, Samples, SpeechSegment

SAY, DIE, HANG, FAIL = 0.5, 0.25, 0.125, 0.0625
_NUMBER_SCALE = 1024.0


def command(*options: str | Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.asr.scripted_recogniser", *map(str, options))


def ordered(order: float, number: int = 0, *, duration_ms: int = 1_000) -> SpeechSegment:
    """Return a segment that orders the process to do *order*."""
    samples = np.full(duration_ms * 16, 0.1, dtype=np.float32)
    samples[:2] = order, number / _NUMBER_SCALE
    return SpeechSegment(0, duration_ms, samples, voice_ratio=1.0, cut=Cut.PAUSE)


def order_of(samples: Samples) -> float:
    return float(samples[0])


def number_of(samples: Samples) -> int:
    return round(float(samples[1]) * _NUMBER_SCALE)


class ScriptedModel:
    def __init__(self, once: Path | None, tell: Path | None) -> None:
        self._once = once
        self._tell = tell

    @property
    def name(self) -> str:
        return "scripted"

    def decode(
        self, batch: Sequence[Samples], effort: Effort = Effort.THOROUGH
    ) -> list[RawTranscript]:
        return [self._obey(samples) for samples in batch]

    def _obey(self, samples: Samples) -> RawTranscript:
        order = order_of(samples)
        if order == FAIL:
            raise TranscriptionFailed("ordered to fail")
        if order in (DIE, HANG) and self._has_yet_to(number_of(samples)):
            if order == DIE:
                os._exit(1)
            if self._tell is not None:
                self._tell.write_text(str(os.getpid()), encoding="ascii")
            while True:
                signal.pause()
        return RawTranscript(f"ことば{number_of(samples)}", -0.1, 0.05, token_count=4)

    def _has_yet_to(self, number: int) -> bool:
        if self._once is None:
            return True
        once = self._once / str(number) if self._once.is_dir() else self._once
        try:
            once.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def main() -> int:
    parser = argparse.ArgumentParser()
    for option in ("--once", "--tell", "--gate"):
        parser.add_argument(option, type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = take_over_stdio()

    def load() -> ScriptedModel:
        if options.gate is not None and not options.gate.exists():
            raise ModelNotFound("the gate is closed; open it")
        return ScriptedModel(options.once, options.tell)

    # Libraries print; the conversation must survive it.
    os.write(1, b"a library prints\n")
    return serve(load, requests, answers)


if __name__ == "__main__":
    sys.exit(main())
