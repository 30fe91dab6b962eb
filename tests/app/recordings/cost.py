"""Glue: what recording costs: ``python -m tests.app.recordings.cost [FOLDER]``, 32 calls of two tracks of mu-law."""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from app.recordings.intake import Intake
from app.recordings.sealed_file import KEY_BYTES, ChunkSeal
from app.recordings.tape import Tape
from asr.types import AudioFormat, Encoding

CALLS: Final = 32
SECONDS: Final = 120
ROUNDS_A_SECOND: Final = 2
FRAME: Final = secrets.token_bytes(320)
FRAMES_A_ROUND: Final = 25
MULAW: Final = AudioFormat(Encoding.MULAW, 8_000, 2)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if sys.argv[1:] else None) as folder:
        calls = [_call(Path(folder) / "recordings" / str(number)) for number in range(CALLS)]
        heard_ns, written_ns, walls_ms = 0, 0, []
        for _ in range(SECONDS * ROUNDS_A_SECOND):
            began_ns = time.process_time_ns()
            for intake, _ in calls:
                for _ in range(FRAMES_A_ROUND):
                    intake.hear(FRAME)
            heard_ns += time.process_time_ns() - began_ns
            began_ns, began = time.process_time_ns(), time.perf_counter()
            for intake, tape in calls:
                tape.append(intake.take())
            written_ns += time.process_time_ns() - began_ns
            walls_ms.append((time.perf_counter() - began) * 1_000)
        size_bytes = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    call_seconds = CALLS * SECONDS
    walls_ms.sort()
    sys.stdout.write(
        f"a call second: {heard_ns / 1e6 / call_seconds:.3f} ms of CPU in the call's own loop, "
        f"{written_ns / 1e6 / call_seconds:.3f} ms in the writer, "
        f"{size_bytes / call_seconds:.0f} bytes\n"
    )
    sys.stdout.write(
        f"a round of {CALLS} calls to the disk: median {statistics.median(walls_ms):.0f} ms, "
        f"p99 {walls_ms[int(len(walls_ms) * 0.99)]:.0f} ms, longest {walls_ms[-1]:.0f} ms\n"
    )


def _call(file: Path) -> tuple[Intake, Tape]:
    seal = ChunkSeal(file.name, secrets.token_bytes(KEY_BYTES))
    return Intake(MULAW, 0), Tape.begin(file, seal, MULAW.rate_hz)


if __name__ == "__main__":
    main()
